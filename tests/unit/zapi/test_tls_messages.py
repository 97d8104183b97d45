"""What TLS may say between the bytes of replies: new keys, or the wish to negotiate anew. OpenSSL's server says it.

It may come while nobody polls, before a reply or within one: each poll then reads its own reply, over that connection
or a new one.
"""

import contextlib
import fcntl
import os
import re
import subprocess
import termios
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from exporter.model.poll_result import Status
from exporter.zapi.client import ZapiClient
from harness.waiting import wait_until
from tests.builders import an_instance
from tests.unit.zapi.playing import PATIENCE, a_client


@dataclass
class OpenSslServer:
    """``openssl s_server``: it sends what it is told, and does what a line of one letter asks for."""

    process: "subprocess.Popen[bytes]"
    printed: bytearray = field(default_factory=bytearray)
    seen: int = 0

    def keep_output(self) -> None:
        assert self.process.stdout is not None
        while block := os.read(self.process.stdout.fileno(), 65_536):
            self.printed += block

    def wait_for(self, text: bytes) -> None:
        """Wait until it prints this once more."""
        wait_until(lambda: text in self.printed[self.seen :], PATIENCE, 0.001)
        self.seen = len(self.printed)

    def say(self, line: bytes) -> None:
        """Give it a line, and wait until it has taken it: it obeys one before it takes the next one."""
        pipe = self.process.stdin
        assert pipe is not None
        pipe.write(line)
        pipe.flush()
        wait_until(lambda: fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) == bytes(4), PATIENCE)


@contextlib.contextmanager
def serving(version: str, authority: trustme.CA, folder: Path) -> Iterator[tuple[OpenSslServer, ZapiClient]]:
    certificate = authority.issue_cert("127.0.0.1")
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)
    command = f"openssl s_server -accept 127.0.0.1:0 -{version} -key".split()
    with subprocess.Popen(
        [*command, key, "-cert", chain],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        server = OpenSslServer(process)
        reader = threading.Thread(target=server.keep_output, daemon=True)
        reader.start()
        try:
            wait_until(lambda: re.search(rb"ACCEPT 127.0.0.1:\d+\n", server.printed) is not None, PATIENCE)
            port = int(server.printed.rpartition(b":")[2])
            yield server, a_client(f"https://127.0.0.1:{port}", ca_pem=authority.cert_pem.bytes().decode())
        finally:
            process.kill()
            reader.join(PATIENCE)


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("letter", "version"),
    [(b"k", "tls1_3"), (b"K", "tls1_3"), (b"r", "tls1_2")],
    ids=["new keys", "new keys on both sides", "renegotiation"],
)
def test_a_message_of_tls_is_no_part_of_a_reply(
    letter: bytes, version: str, authority: trustme.CA, tmp_path: Path
) -> None:
    # No "idle" follows "within" at once: the server may wait for the rest of a handshake then, and take no line.
    moments = ("", "idle", "before", "", "within", "", "idle", "")
    with serving(version, authority, tmp_path) as (server, client), ThreadPoolExecutor(1) as at_once:
        names = []
        for number, moment in enumerate(moments):
            body = b'{"connected":true,"name":"reply %d"}\n' % number
            if moment == "idle":
                server.say(letter + b"\n")
            polling = at_once.submit(client.read, an_instance("vendas"))
            server.wait_for(b"/me HTTP/1.1\r\n")
            if moment == "before":
                server.say(letter + b"\n")
            server.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            if moment == "within":
                server.say(letter + b"\n")
            server.say(body)
            reading = polling.result(PATIENCE)
            names.append(reading.display_name if isinstance(reading, Status) else reading.detail)
    assert names == [f"reply {number}" for number in range(len(moments))]
