"""The shipped receivers deliver: real Alertmanager, the shipped file, and only addresses and secrets of our own."""

import base64
import email
import email.policy
import json
import re
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest

from harness.loopback import LoopbackServer, QuietHandler
from harness.processes import alertmanager, get, post
from harness.waiting import wait_until
from stack.shipped import ALERTMANAGER
from stack.speed import hurry

NAME: Final = "pós & <!here>"
TEXT: Final = "pós & \u2039!here> is disconnected from WhatsApp"
"""Slack would take ``<!here>`` for a mention."""
MARKUP: Final = "pós &amp; \u2039!here&gt; is disconnected from WhatsApp"
RUNBOOK: Final = "https://example.com/runbooks/ZapiInstanceDisconnected.md"

pytestmark = pytest.mark.needs("prometheus-alertmanager")


@dataclass(frozen=True, slots=True)
class Post:
    """One POST; ``body`` is its JSON."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, and the user and password it was handed in with."""

    credentials: tuple[str, str]
    message: EmailMessage


@dataclass(frozen=True, slots=True)
class Channels:
    """Where to send to, and what arrived."""

    http: str
    smtp: str
    posts: list[Post]
    mails: list[Mail]


@contextmanager
def listening() -> Iterator[Channels]:
    posts: list[Post] = []
    mails: list[Mail] = []
    with (
        LoopbackServer(type("Web", (_Web,), {"arrived": posts})) as web,
        socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), type("MailServer", (_MailServer,), {"arrived": mails})
        ) as mail,
    ):
        threading.Thread(target=mail.serve_forever, args=(0.1,), daemon=True).start()
        yield Channels(f"http://{web.address}", f"127.0.0.1:{mail.server_address[1]}", posts, mails)
        mail.shutdown()


class _Web(QuietHandler):
    arrived: list[Post]

    def do_POST(self) -> None:
        self.arrived.append(Post(self.path, dict(self.headers), self.read_json()))
        if self.path == "/slack":
            self.answer(b"ok", "text/plain")
        else:  # only Telegram's answer is read
            chat = {"id": -1, "type": "group"}
            sent = {"ok": True, "result": {"message_id": 1, "date": 0, "chat": chat}}
            self.answer(json.dumps(sent).encode(), "application/json")


class _MailServer(socketserver.StreamRequestHandler):
    arrived: list[Mail]

    def handle(self) -> None:
        credentials = ("", "")
        self._say("220 localhost")
        while line := self.rfile.readline().decode().strip():
            command = line.split()[0].upper()
            if command == "EHLO":
                self._say("250-localhost", "250 AUTH PLAIN")
            elif command == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                credentials = (user, password)
                self._say("235 accepted")
            elif command == "DATA":
                self._say("354 go on")
                self.arrived.append(Mail(credentials, self._message()))
                self._say("250 queued")
            elif command == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _message(self) -> EmailMessage:
        lines = iter(self.rfile.readline, b".\r\n")
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@pytest.fixture
def channels() -> Iterator[Channels]:
    with listening() as arrived:
        yield arrived


@pytest.fixture
def url(channels: Channels, tmp_path: Path) -> Iterator[str]:
    """Alertmanager with the shipped file, its messages on their way to ``channels``."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "smtp_password").write_text("the mail's password")
    (secrets / "on_call_token").write_text("the token on call")
    (secrets / "slack_url").write_text(f"{channels.http}/slack")
    text = hurry((ALERTMANAGER / "alertmanager.yaml").read_text(), 60, least=1.0)
    for shipped, here in (
        ("smtp.example.com:587", f"{channels.smtp}\n  smtp_require_tls: false"),
        ("/etc/alertmanager/secrets", str(secrets)),
        ("https://on-call.example.com/alertmanager", f"{channels.http}/on-call"),
        ("PUT-THE-BOT-TOKEN-HERE", f"BOT\n        api_url: {channels.http}"),
        ("templates/en.tmpl\n\n", f"{ALERTMANAGER / 'templates' / 'en.tmpl'}\n\n"),
    ):
        assert text.count(shipped) >= 1, shipped
        text = text.replace(shipped, here)
    with alertmanager(tmp_path, text) as running:
        yield running


def raise_alert(url: str, **labels: str) -> None:
    labels = {"alertname": "ZapiInstanceDisconnected", "job": "zapi", "name": NAME, **labels}
    annotations = {"summary": f"{NAME} is disconnected from WhatsApp", "runbook_url": RUNBOOK}
    post(f"{url}/api/v2/alerts", [{"labels": labels, "annotations": annotations}])


def test_e_mail_has_the_title_as_its_subject_and_the_text_twice(url: str, channels: Channels) -> None:
    raise_alert(url, severity="warning")
    wait_until(lambda: len(channels.mails) == 1)
    [mail] = channels.mails
    assert mail.credentials == ("alertmanager@example.com", "the mail's password")
    assert mail.message["To"] == "whatsapp-team@example.com"
    assert mail.message["Subject"] == f"[WARNING] {TEXT}"
    plain, html = (
        body.get_content() for body in map(mail.message.get_body, (("plain",), ("html",))) if body is not None
    )
    assert TEXT in plain
    assert plain.rstrip().endswith(f"What to do: {RUNBOOK}")
    assert MARKUP in html


def test_slack_has_the_title_and_the_text(url: str, channels: Channels) -> None:
    raise_alert(url, severity="warning", team="sales")
    wait_until(lambda: len(channels.posts) == 1)
    [post] = channels.posts
    [attachment] = post.body["attachments"]
    assert post.path == "/slack"
    # Alertmanager 0.33 leaves the channel out: the webhook's own channel counts.
    assert post.body.get("channel", "#sales-whatsapp") == "#sales-whatsapp"
    assert attachment["title"] == attachment["fallback"] == f"[WARNING] {TEXT}"
    assert TEXT in attachment["text"]
    assert channels.mails == []


def test_telegram_has_both_in_one_message_whose_markup_is_escaped(url: str, channels: Channels) -> None:
    raise_alert(url, severity="warning", team="support")
    wait_until(lambda: len(channels.posts) == 1)
    [post] = channels.posts
    assert (post.path, int(post.body["chat_id"])) == ("/botBOT/sendMessage", -1001234567890)
    assert post.body["parse_mode"] == "HTML"
    assert post.body["text"].startswith(f"[WARNING] {MARKUP}\n\n")
    assert RUNBOOK in post.body["text"]


def test_on_call_has_the_alert_as_data_with_a_token(url: str, channels: Channels) -> None:
    raise_alert(url, severity="critical")
    wait_until(lambda: len(channels.posts) == 1 and len(channels.mails) == 1)
    [post] = channels.posts
    assert post.path == "/on-call"
    assert post.headers["Authorization"] == "Bearer the token on call"
    assert post.body["status"] == "firing"
    assert post.body["alerts"][0]["labels"]["name"] == NAME
    assert post.body["commonAnnotations"]["runbook_url"] == RUNBOOK
    assert re.match(r"\[CRITICAL\] ", channels.mails[0].message["Subject"])


def test_alertmanager_starts_before_there_is_any_secret(tmp_path: Path) -> None:
    text = (ALERTMANAGER / "alertmanager.yaml").read_text()
    text = text.replace("templates/en.tmpl\n\n", f"{ALERTMANAGER}/templates/en.tmpl\n\n")
    with alertmanager(tmp_path, text) as url:
        assert "templates/en.tmpl" in json.loads(get(f"{url}/api/v2/status"))["config"]["original"]
