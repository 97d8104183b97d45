"""The text of one instance, for who asks for it alone."""

import pytest

from exporter.fleet.store import Fleet
from exporter.metrics.instance_cache import InstanceLines
from exporter.metrics.scrape import Scrapes
from exporter.metrics.self_metrics import Telemetry
from exporter.metrics.text_format import Format
from tests.builders import a_config, a_failure, a_status, an_instance
from tests.clocks import ManualClock


@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("is_up", [True, False])
def test_one_instance_is_told_as_in_the_whole_scrape(fmt: Format, is_up: bool) -> None:
    """The whole scrape of a fleet of one is that, and what the exporter tells of itself."""
    clock, lines = ManualClock(), InstanceLines()
    instance = an_instance("vendas", labels={"team": "sales"})
    fleet = Fleet(a_config(instance), clock, [lines])
    scrapes = Scrapes(fleet, lines, Telemetry().registry, clock)
    fleet.record(instance, a_status(due=clock.time() + 1000) if is_up else a_failure(), 0.5)
    clock.advance(10)
    view = fleet.view("vendas")
    assert view is not None

    alone = scrapes.render_one(view, fmt)
    end = b"# EOF\n" if fmt is Format.OPENMETRICS else b""
    assert alone.endswith(end)
    assert alone.count(b"# EOF") == bool(end)
    assert scrapes.render(fmt, gzip=False).whole().startswith(alone.removesuffix(end))
    assert alone.count(b'name="vendas"') > 5
