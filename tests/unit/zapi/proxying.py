"""A real HTTP proxy on a thread of its own: it forwards and makes tunnels."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.waiting import wait_until


@dataclass
class Proxy:
    """``heads`` are the heads of the requests it was sent; ``open`` is how many connections are open now."""

    scheme: str
    port: int
    heads: list[str] = field(default_factory=list)
    open: int = 0
    hang_up: Callable[[], None] = lambda: None
    """Close all connections that are open."""

    def url(self, login: str = "") -> str:
        """``login`` is a user and a password with a colon between, percent-encoded."""
        return f"{self.scheme}://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    def wait_until_all_closed(self) -> None:
        wait_until(lambda: self.open == 0)


@contextlib.contextmanager
def proxying(tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Run a proxy; with ``tls`` it is an https:// one."""
    loop = asyncio.new_event_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy("https" if tls else "http", listener.getsockname()[1])

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.open += 1
        writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            proxy.heads.append(head)
            await serve(reader, writer, head)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, or the server
        finally:
            proxy.open -= 1
            writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def close_all() -> None:
        for writer in writers:
            writer.transport.abort()  # TLS would wait for the client's goodbye

    def hang_up() -> None:
        loop.call_soon_threadsafe(close_all)
        proxy.wait_until_all_closed()

    async def run() -> None:
        server = await asyncio.start_server(attend, sock=listener, ssl=tls)
        async with server:
            await stopped.wait()
        close_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    writers: set[asyncio.StreamWriter] = set()
    proxy.hang_up = hang_up
    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(60)
        loop.close()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
    """Make the tunnel, or forward this request and all that come after it on the connection."""
    method, target, _ = head.split(" ", 2)
    url = urlsplit(f"//{target}" if method == "CONNECT" else target)
    upstream_reader, upstream = await asyncio.open_connection(url.hostname, url.port)
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server = b""
    else:
        server = f"{url.scheme}://{url.netloc}".encode()
        upstream.write(head.encode("latin-1").replace(server, b""))
    both = [
        asyncio.ensure_future(copy(reader, upstream, server)),
        asyncio.ensure_future(copy(upstream_reader, writer, b"")),
    ]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in both:
            one.cancel()
        upstream.close()
        with contextlib.suppress(OSError):
            await upstream.wait_closed()


async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, left_out: bytes) -> None:
    with contextlib.suppress(OSError):
        while block := await source.read(65536):
            sink.write(block.replace(left_out, b"") if left_out else block)
            await sink.drain()
