"""Which proxy the environment names, and for which hosts none; what is told of a wrong URL, but not its text."""

import pytest

from exporter.zapi.proxy import Proxy, UnusableProxy, environment_proxy, parse_proxy

HOST, PORT = "https://api.z-api.io", "https://h:8443"
ADDRESS, IPV6 = "https://10.1.2.3:8443", "https://[fd00::1]"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def proxy_of(base_url: str, excepted: str, monkeypatch: pytest.MonkeyPatch) -> Proxy | None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("NO_PROXY", excepted)
    return environment_proxy(base_url)


@pytest.mark.parametrize(
    ("base_url", "excepted"),
    [
        (HOST, ("*", "localhost, *", "z-api.io", ".z-api.io", "*.z-api.io", "*z-api.io", "z-api.io.")),
        (HOST, ("a, API.Z-API.IO ,b", "api.z-api.io:443")),
        ("https://api.z-api.io.", ("z-api.io",)),
        (PORT, ("h:8443",)),
        (ADDRESS, ("10.1.2.3", "10.1.2.3:8443", "10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/8")),
        (IPV6, ("fd00::1", "[fd00::1]", "[fd00::1]:443", "fd00::/8")),
    ],
)
def test_a_host_that_no_proxy_names_is_reached_directly(
    base_url: str, excepted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for entries in excepted:
        assert proxy_of(base_url, entries, monkeypatch) is None, entries


@pytest.mark.parametrize(
    ("base_url", "excepted"),
    [
        (HOST, ("", ",", "pi.z-api.io", "api.z-api.io:8443", "10.0.0.0/8", "api.z-api.io:0")),
        ("https://z-api.io", ("api.io", "api.z-api.io")),
        (PORT, ("h:443",)),
        (ADDRESS, ("1.2.3", ".2.3:8443", "*.3", "10.1.2.3:443", "192.168.0.0/16", "10.1.2.3/99", "10.1.2.4")),
        (IPV6, ("fe80::/10", "fd00::2", "[fd00::1]:8443")),
    ],
)
def test_another_host_is_reached_through_the_proxy(
    base_url: str, excepted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for entries in excepted:
        assert proxy_of(base_url, entries, monkeypatch) == Proxy("http", "proxy", 80, {}), entries


def test_names_in_lower_case_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://upper")
    monkeypatch.setenv("https_proxy", "http://lower")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "other.example")
    assert environment_proxy(HOST) == Proxy("http", "lower", 80, {})


def test_a_proxy_of_the_scheme_goes_before_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://https")
    assert environment_proxy("http://h") is None
    monkeypatch.setenv("ALL_PROXY", "http://all")
    assert environment_proxy(HOST) == Proxy("http", "https", 80, {})
    assert environment_proxy("http://h") == Proxy("http", "all", 80, {})
    monkeypatch.setenv("HTTPS_PROXY", "")
    assert environment_proxy(HOST) == Proxy("http", "all", 80, {})


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_wrong_proxy_is_named_by_its_variable(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "socks5://proxy")
    with pytest.raises(UnusableProxy, match=variable):
        environment_proxy(HOST)
    monkeypatch.setenv("NO_PROXY", "*")
    assert environment_proxy(HOST) is None


GOOD_ENTRIES = (
    "*,localhost,.z-api.io,*z-api.io,*.z-api.io,z-api.io.,h:1,h:65535,10.1.2.3,10.1.2.3:80,10.0.0.0/8,fd00::1,[fd00::1]:443,"
    "fd00::/8,under_score.example,xn--bcher-kva.example,b\u00fccher.example,0x1, ,"
)


def warnings_of(
    excepted: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> list[str]:
    proxy_of(HOST, excepted, monkeypatch)
    assert all("canary" not in str(vars(record)) for record in caplog.records)
    assert all("NO_PROXY match no host" in record.getMessage() for record in caplog.records)
    return [str(vars(record)["entries"]) for record in caplog.records]


def test_entries_that_can_match_a_host_are_no_reason_to_warn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings_of(GOOD_ENTRIES, monkeypatch, caplog) == []


@pytest.mark.parametrize(
    "entry",
    [
        *("http://z-api.io", "https://user:canary@z-api.io", "user:canary@z-api.io", "z-api.io/path"),
        *("10.0.0.0/99", "fd00::/200", "api.z-api.io localhost", "api.z-api.io;localhost", "'api.z-api.io'"),
        *("api.*.io", "10.0.*", "10.0.", "999.1.1.1", "h:port", "h:0", "h:65536", "~"),
    ],
)
def test_entries_that_can_match_no_host_are_one_warning(
    entry: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings_of(f"localhost,{entry},.example,{entry}", monkeypatch, caplog) == ["2,4"]


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy:3128", Proxy("http", "proxy", 3128, {})),
        ("proxy:3128", Proxy("http", "proxy", 3128, {})),
        ("HTTP://proxy/", Proxy("http", "proxy", 80, {})),
        ("https://[fd00::1]", Proxy("https", "fd00::1", 443, {})),
        (
            "http://u:p%40s%2Fs@proxy",
            Proxy("http", "proxy", 80, {"proxy-authorization": "Basic dTpwQHMvcw=="}),
        ),
        ("http://u@proxy", Proxy("http", "proxy", 80, {"proxy-authorization": "Basic dTo="})),
    ],
)
def test_a_proxy_is_what_its_url_says(url: str, proxy: Proxy) -> None:
    assert parse_proxy(url, "HTTPS_PROXY") == proxy


WRONG = {
    "socks5://user:canary@proxy:1080": "SOCKS",
    "socks5h://proxy": "SOCKS",
    "SOCKS4://proxy": "SOCKS",
    "ftp://user:canary@proxy": "another scheme",
    "'http://user:canary@proxy:3128'": "in quotes",
    '"http://user:canary@proxy:3128"': "in quotes",
    "http://user:canary@proxy:3128'": "in quotes",
    "\u201chttp://user:canary@proxy:3128": "in quotes",
    " http://user:canary@proxy:3128": "blank",
    "http://user:canary@proxy:3128\n": "blank",
    "http://user:can ary@proxy:3128": "blank",
    "http://user:can\u00a0ary@proxy:3128": "blank",
    "http://user:can@ary@proxy:3128": "%40",
    "http://user:ca/nary@proxy": "%2F",
    "http://user:ca?nary@proxy": "%3F",
    "http://user:ca#nary@proxy": "%23",
    "user:ca/nary@proxy:3128": "%2F",
    "http://": "host",
    "http://:3128": "host",
    "http://user:canary@proxy:port": "port",
    "http://user:canary@proxy:0": "port",
    "http://user:canary@proxy:65536": "port",
    "http://user:canary@[::1": "host",
    "http://user:canary\u2100@proxy": "host",
}


def test_a_wrong_proxy_is_named_by_its_fault_and_without_its_password() -> None:
    texts: dict[str, set[str]] = {}
    for url, words in WRONG.items():
        with pytest.raises(
            UnusableProxy, match=r"HTTPS_PROXY.* not a usable http:// or https:// URL"
        ) as caught:
            parse_proxy(url, "HTTPS_PROXY")
        said = str(caught.value)
        texts.setdefault(words, set()).add(said)
        assert words in said, url
        assert "nary" not in said
        assert "3128" not in said
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    assert all(len(same) == 1 for same in texts.values())
