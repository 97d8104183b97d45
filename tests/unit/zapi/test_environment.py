"""Which proxy the variables of the environment name, and for which hosts they name none."""

import pytest

from exporter.model.clock import SystemClock
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from exporter.zapi.environment import environment_proxies
from exporter.zapi.transport import UnusableProxy

HOST, PORT, ADDRESS, IPV6 = (
    "https://api.z-api.io",
    "https://h:8443",
    "https://10.1.2.3:8443",
    "https://[fd00::1]",
)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def proxies_of(base_url: str, excepted: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("NO_PROXY", excepted)
    return environment_proxies(base_url)


@pytest.mark.parametrize(
    ("excepted", "base_url"),
    [
        ("*", HOST),
        ("localhost, *", HOST),
        ("z-api.io", HOST),
        (".z-api.io", HOST),
        ("*.z-api.io", HOST),
        ("a, API.Z-API.IO ,b", HOST),
        ("api.z-api.io:443", HOST),
        ("h:8443", PORT),
        ("10.1.2.3", ADDRESS),
        ("10.1.2.3:8443", ADDRESS),
        ("10.0.0.0/8", ADDRESS),
        ("0.0.0.0/0", ADDRESS),
        ("fd00::1", IPV6),
        ("[fd00::1]", IPV6),
        ("[fd00::1]:443", IPV6),
        ("fd00::/8", IPV6),
    ],
)
def test_a_host_that_no_proxy_names_is_reached_directly(
    excepted: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proxies_of(base_url, excepted, monkeypatch) == {}


@pytest.mark.parametrize(
    ("excepted", "base_url"),
    [
        ("", HOST),
        (",", HOST),
        ("pi.z-api.io", HOST),
        ("api.io", "https://z-api.io"),
        ("api.z-api.io:8443", HOST),
        ("h:443", PORT),
        ("10.1.2.3:443", ADDRESS),
        ("192.168.0.0/16", ADDRESS),
        ("10.1.2.3/99", ADDRESS),
        ("10.0.0.0/8", HOST),
        ("fe80::/10", IPV6),
    ],
)
def test_another_host_is_reached_through_the_proxy(
    excepted: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proxies_of(base_url, excepted, monkeypatch) == {"https": "http://proxy"}


def test_names_in_lower_case_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://upper")
    monkeypatch.setenv("https_proxy", "http://lower")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "other.example")
    assert environment_proxies(HOST) == {"https": "http://lower"}


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:canary@proxy:1080",
        "socks5h://proxy",
        "ftp://user:canary@proxy",
        "http://",
        "http://user:canary@proxy:port",
        "http://user:canary@[::1",
        "http://user:canary\u2100@proxy",
        "http://user:ca/nary@proxy",
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(proxy: str) -> None:
    with pytest.raises(UnusableProxy, match=r"HTTPS_PROXY.* not a usable http:// or https:// URL") as caught:
        ZapiClient(Api(HOST, 1.0, None), concurrency=1, clock=SystemClock(), proxies={"https": proxy})
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
