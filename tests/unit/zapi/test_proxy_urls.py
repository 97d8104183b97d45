"""What the URL of a proxy says, and how a wrong one is told without repeating it."""

import pytest

from exporter.zapi.proxy import Proxy, UnusableProxy, parse_proxy


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
