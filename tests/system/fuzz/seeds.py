"""What fuzzing begins with: for each target good and bad bytes, and words that are worth putting together."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from exporter.model.me_fields import OPTIONAL_FIELDS, SETTING_FIELDS, WEBHOOK_FIELDS

INSTANCE_ID: Final = "3C67AB641C8AA0412F6A2242B4E23AC7"

_ROOT: Final = Path(__file__).parents[3]
_BAD_FILES: Final = _ROOT / "tests" / "unit" / "config" / "bad"


def me_seeds() -> Iterable[bytes]:
    healthy = {
        "id": INSTANCE_ID,
        "token": "c4n4ry",
        "name": "Vendas São Paulo",
        "due": 1648565999675,
        "connected": True,
        "paymentStatus": "PAID",
        "created": "2024-01-15T10:30:00.250-03:00",
        **{field: f"https://app.example.com/{webhook}" for webhook, field in WEBHOOK_FIELDS.items()},
        **dict.fromkeys(SETTING_FIELDS.values(), "true"),
    }
    changes: Iterable[dict[str, object]] = (
        {},
        {"due": "329000002121", "created": 1704110400, "paymentStatus": "", "connected": "false"},
        {"due": None, "created": "2024-01-15", "receivedCallbackUrl": "", "deliveryCallbackUrl": None},
        {"error": "Client-Token c4n4ry not allowed"},
        {"error": "Instance not found"},
        {"name": "\ud800", "receivedCallbackUrl": "\udfff", "more": [[{}, [1.5, -2e3, None]]]},
        {"id": "F00D"},
    )
    for change in changes:
        yield json.dumps(healthy | change).encode()
    yield b"\xef\xbb\xbf" + json.dumps(healthy, ensure_ascii=False, indent=1).encode()
    yield b'{"connected": true, "connected": false, "due": NaN}'


def answer_seeds() -> Iterable[bytes]:
    healthy = next(iter(me_seeds()))
    yield b"200 \n" + healthy
    yield b"200 \n" + gzip.compress(healthy, mtime=0)
    dates = (b"Wed, 21 Oct 2015 07:28:00 GMT", b"Sun, 06 Nov 9999 08:49:37 -0000")
    for retry_after in (b"", b"7", b"86400", b"1.5", *dates):
        yield b"429 " + retry_after + b'\n{"error": "Too Many Requests"}'
    addresses = (b"203.0.113.7 not allowed", b"[2001:db8::7]:1 not allowed")
    for words in (*addresses, b"subscribe to this instance again"):
        yield b'403 \n{"error": "' + words + b'"}'
    for status in (b"301", b"400", b"403", b"404", b"418", b"503"):
        yield status + b' \n{"error": "your client-token is not configured"}'


def list_seeds() -> Iterable[bytes]:
    item = {"id": INSTANCE_ID, "token": "T0", "name": "Vendas", "created": 1704110400, "due": 1648565999675}
    others = [item, {**item, "id": "F00D"}], [{**item, "name": "c4n4ry"}], [None, 1, {"id": ""}]
    for content in ([item], [], *others):
        page = {"total": len(content), "totalPage": 1, "pageSize": 20, "page": 1, "content": content}
        yield json.dumps(page).encode()
    yield b'{"total":"31","totalPage":"2","content":null}'
    yield b'{"error":"Client-Token c4n4ry not allowed"}'


def config_seeds() -> Iterable[bytes]:
    yield (_ROOT / "config.example.yaml").read_bytes().replace(b"ZAPI_CLIENT_TOKEN", b"CANARY")
    for file in sorted(_BAD_FILES.glob("*.yaml")):
        if file.stat().st_size < 4096:
            yield file.read_bytes()


def web_config_seeds() -> Iterable[bytes]:
    for file in sorted((_ROOT / "examples" / "web-config").glob("*.yaml")):
        yield file.read_bytes()
    yield b"http_server_config:\n  http2: false\n  headers: {X-Frame-Options: deny}\nrate_limit: {}\n"


def request_seeds() -> Iterable[bytes]:
    probes = ("/probe?name=vendas", "/probe?name=%C3%A9&x")
    for target in ("/", "/metrics", *probes, "/sd", "/?q=team%3Dsales&show=all&page=2"):
        yield f"GET {target} HTTP/1.1\r\nHost: localhost:10917\r\nAccept-Encoding: gzip;q=0.5\r\n\r\n".encode()
    yield b"HEAD http://a/metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text;q=0.9,*/*;q=0\r\n\r\n"
    yield b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"
    yield b"PUT /-/reload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    yield b"GET / HTTP/1.0\r\nAccept-Language: pt-BR,pt;q=0.9,en;q=0\r\nAuthorization: Basic YTpi\r\n\r\n"
    yield b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
    yield b"POST /-/reload HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nSec-Fetch-Site: same-site\r\n\r\n"
    yield b"GET /probe?name=vendas HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 1e999\r\n\r\n"


ME_WORDS: Final = (
    *(f'"{field}":' for field in ("id", "token", "connected", "error", *OPTIONAL_FIELDS)),
    *str.split(r'true false null "true" "" NaN 1e999 \ud800 \u0000 \u202e [ { ]}'),
    *str.split('"2024-01-15T10:30:00Z" 1704110400 1648565999675 "329000002121" T24:00 +23:59'),
    INSTANCE_ID,
)
ANSWER_WORDS: Final = (*ME_WORDS, *str.split("GMT +0000 -2400 9999"), "Wed, ", " Oct ", "\x1f\x8b\x08")
LIST_WORDS: Final = (*ME_WORDS, *str.split('"total": "totalPage": "content": c4n4ry F00D'))
_YAML_WORDS: Final = ("<<: ", "*a", "&a ", "!!str ", "'", '"', "{", "}", "[")
CONFIG_WORDS: Final = (
    *str.split(
        "api: polling: payment: defaults: instances: ${CANARY} ${EMPTY:-x} $$ % 10s 1m30s https://[::1]:8/"
    ),
    *(f"{key}: " for key in str.split("token_file client_token expected_webhooks received base_url ca_file")),
    *(f"{key}: " for key in str.split("timeout interval concurrency stale_after paid_statuses")),
    *("  - name: ", "    id: ", "    token: ", "labels: {", *_YAML_WORDS, "|\n", ">-\n", "? ", "---\n"),
)
WEB_CONFIG_WORDS: Final = (
    *str.split("tls_server_config: basic_auth_users: http_server_config: $2b$04$ TLS12 NoClientCert"),
    *("cert_file: ", "client_auth_type: ", "  prom: ", "headers: {", *_YAML_WORDS),
)
REQUEST_WORDS: Final = (
    *(f"{method} " for method in str.split("GET HEAD POST PUT OPTIONS")),
    *(
        f"{header}: "
        for header in str.split("Host Accept Accept-Encoding Accept-Language Content-Length Origin")
    ),
    *("Sec-Fetch-Site: ", "X-Prometheus-Scrape-Timeout-Seconds: ", "Transfer-Encoding: chunked"),
    *(" HTTP/1.1\r\n", "HTTP/2.0", "\r\n\r\n"),
    *str.split("application/openmetrics-text gzip ;q= pt-BR http://"),
    *str.split("/probe?name= /-/reload ?q= &page= %00 %ff % & <script>"),
)
