"""A whole exposition: the instances, then the exporter itself.

However many clients scrape at once, the instances are rendered and compressed once for each change and each second. The
exporter's own metrics are few, and are rendered for each scrape.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client import exposition as text_format
from prometheus_client.openmetrics import exposition as openmetrics_format
from prometheus_client.registry import Collector

from exporter.fleet.store import Fleet, InstanceView
from exporter.metrics.compression import Exposition, SharedText
from exporter.metrics.instance_cache import InstanceLines, render_one
from exporter.metrics.text_format import Format
from exporter.model.clock import Clock


class Scrapes:
    """Answers scrapes. Safe to use from many threads."""

    def __init__(self, fleet: Fleet, lines: InstanceLines, registry: CollectorRegistry, clock: Clock) -> None:
        self._fleet = fleet
        self._lines = lines
        self._own = _WithoutCreated(registry)
        self._clock = clock
        self._locks = {fmt: threading.Lock() for fmt in Format}
        self._rendered: dict[Format, tuple[tuple[int, int], SharedText]] = {}

    def render(self, fmt: Format, *, gzip: bool) -> Exposition:
        """Return the whole exposition."""
        own = _GENERATE[fmt](self._own)
        with self._locks[fmt]:
            instances = self._instances(fmt)
            return instances.gzipped_followed_by(own) if gzip else instances.followed_by(own)

    def render_one(self, view: InstanceView, fmt: Format) -> bytes:
        """Return the text of one instance."""
        text = render_one(view, fmt, self._clock.time())
        return text + b"# EOF\n" if fmt is Format.OPENMETRICS else text

    def _instances(self, fmt: Format) -> SharedText:
        self._fleet.expire()
        now = self._clock.time()
        version = (self._lines.version, int(now))
        rendered = self._rendered.get(fmt)
        if rendered is None or rendered[0] != version:
            rendered = self._rendered[fmt] = version, self._lines.render(fmt, now)
        return rendered[1]


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
