"""The other ends of Alertmanager's channels on the loopback: a mail server, and an HTTP server for all the others."""

import base64
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final

from harness.loopback import LoopbackServer, QuietHandler

_SLACK: Final = b"ok"
_TELEGRAM: Final = (
    b'{"ok": true, "result": {"message_id": 1, "date": 0, "chat": {"id": -1, "type": "group"}}}'
)
"""What they answer; all others only have their status looked at."""


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
            self.answer(_SLACK, "text/plain")
        else:
            self.answer(_TELEGRAM, "application/json")


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
