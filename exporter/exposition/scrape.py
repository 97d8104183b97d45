"""A whole exposition: the instances, then the exporter itself.

However many ask at once, the instances are rendered and compressed once for each change and each second; what the
exporter says of itself is small, and new each time.
"""

import struct
import threading
import zlib
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client import exposition as text_format
from prometheus_client.openmetrics import exposition as openmetrics_format
from prometheus_client.registry import Collector

from exporter.clock import Clock
from exporter.exposition.instances import InstanceLines, render_one
from exporter.exposition.lines import Format
from exporter.fleet import Fleet, InstanceView

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL: Final = 1


class _Rendered:
    """The instances at one version and second, as text and, once asked for, compressed."""

    def __init__(self, key: tuple[int, int], text: bytes) -> None:
        self.key = key
        self.text = text
        self._deflated: bytes | None = None
        self._checksum = 0

    def followed_by(self, rest: bytes) -> bytes:
        """One gzip stream of the text and ``rest``; the text is compressed only the first time."""
        if self._deflated is None:
            deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._deflated = deflate.compress(self.text) + deflate.flush(zlib.Z_FULL_FLUSH)
            self._checksum = zlib.crc32(self.text)
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        tail = deflate.compress(rest) + deflate.flush()
        size = (len(self.text) + len(rest)) & 0xFFFFFFFF
        return b"".join(
            (_GZIP_HEADER, self._deflated, tail, struct.pack("<II", zlib.crc32(rest, self._checksum), size))
        )


class Scrapes:
    """Answers scrapes. Safe to use from many threads."""

    def __init__(self, fleet: Fleet, lines: InstanceLines, registry: CollectorRegistry, clock: Clock) -> None:
        self._fleet = fleet
        self._lines = lines
        self._own = _WithoutCreated(registry)
        self._clock = clock
        self._locks = {fmt: threading.Lock() for fmt in Format}
        self._rendered: dict[Format, _Rendered] = {}

    def render(self, fmt: Format, *, gzip: bool) -> bytes:
        """Everything."""
        own = _GENERATE[fmt](self._own)
        with self._locks[fmt]:
            rendered = self._instances(fmt)
            return rendered.followed_by(own) if gzip else rendered.text + own

    def render_one(self, view: InstanceView, fmt: Format) -> bytes:
        """One instance alone."""
        text = render_one(view, fmt, self._clock.time())
        return text + b"# EOF\n" if fmt is Format.OPENMETRICS else text

    def _instances(self, fmt: Format) -> _Rendered:
        self._fleet.expire()
        now = self._clock.time()
        key = (self._lines.version, int(now))
        rendered = self._rendered.get(fmt)
        if rendered is None or rendered.key != key:
            rendered = self._rendered[fmt] = _Rendered(key, self._lines.render(fmt, now))
        return rendered


class _WithoutCreated(Collector):
    """A registry without the ``_created`` series, which say of a counter only when this process started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


_GENERATE: Final[dict[Format, Callable[[Collector], bytes]]] = {
    Format.TEXT: text_format.generate_latest,
    Format.OPENMETRICS: openmetrics_format.generate_latest,
}
