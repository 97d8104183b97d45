"""The hourly recordings give the figures of a made-up history, with outages at every boundary."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.shipped.availability.history import HOUR, MINUTE, Number, Span, account, minutes, total
from tests.shipped.availability.recorded import SERIES
from tests.shipped.prometheus.tools import RULES, promtool

HALF: Final = 12 * HOUR
END: Final = 22 * HOUR
LAST: Final = END + HOUR + 2 * MINUTE
ALWAYS: Final = Span(0, LAST)

NUMBERS: Final = (
    Number("always", {}, ALWAYS),
    Number("across-the-middle", {}, ALWAYS, [Span(11 * HOUR, 13 * HOUR)]),
    Number("down-at-the-start", {}, ALWAYS, [Span(5 * MINUTE, HOUR + 10 * MINUTE)]),
    Number("down-at-the-end", {}, ALWAYS, [Span(END - 90 * MINUTE, END + HOUR)]),
    Number("on-the-hour", {}, ALWAYS, [Span(2 * HOUR, 3 * HOUR), Span(4 * HOUR + MINUTE, 5 * HOUR + MINUTE)]),
    Number("one-minute", {}, ALWAYS, [Span(2 * HOUR + 7 * MINUTE, 2 * HOUR + 8 * MINUTE)]),
    Number("often", {}, ALWAYS, [Span(5 * HOUR + n * 600, 5 * HOUR + n * 600 + 120) for n in range(9)]),
    Number("never-connected", {}, ALWAYS, ever_connected=False),
    Number("removed", {}, Span(0, 15 * HOUR + 20 * MINUTE), [Span(15 * HOUR, END)]),
    Number("added", {}, Span(15 * HOUR + 20 * MINUTE, END + HOUR)),
    Number("blind", {}, ALWAYS, gaps=[Span(6 * HOUR + 30 * MINUTE, 18 * HOUR)]),
    Number("dropped-while-blind", {}, ALWAYS, [Span(8 * HOUR, 20 * HOUR)], [Span(7 * HOUR, 19 * HOUR)]),
    Number("back-while-blind", {}, ALWAYS, [Span(6 * HOUR, 8 * HOUR)], [Span(7 * HOUR, 10 * HOUR)]),
    Number("flapped-while-blind", {}, ALWAYS, [Span(8 * HOUR, 9 * HOUR)], [Span(7 * HOUR, 10 * HOUR)]),
)


@pytest.mark.needs("promtool")
@pytest.mark.timeout(2700)
def test_hours_and_longer_times_give_what_was_put_in(tmp_path: Path) -> None:
    document = {
        "rule_files": [str(RULES / "availability.yaml")],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": _input(), "promql_expr_test": list(_expected())}],
    }
    file = tmp_path / "availability.yaml"
    file.write_text(yaml.safe_dump(document, width=10**9), encoding="utf-8")

    tested = promtool("test", "rules", file)

    assert tested.succeeded, tested.output


def _input() -> list[dict[str, str]]:
    series = []
    for number in NUMBERS:
        history = minutes(number, LAST)
        for metric, values in {
            "listed": [minute.listed for minute in history],
            "last_success": [minute.last_success for minute in history],
            "last_connected": [minute.last_connected for minute in history],
            "unseen": [minute.last_success if minute.last_connected is None else None for minute in history],
            "outage": [
                minute.last_connected if minute.last_connected != minute.last_success else None
                for minute in history
            ],
        }.items():
            kind = "since" if metric == "outage" else "timestamp"
            selector = f'name:zapi_instance_{metric}:{kind}{{job="zapi", name="{number.name}"}}'
            # A series that ends is marked so by Prometheus, at the next scrape or evaluation.
            text = " ".join("_" if value is None else str(value) for value in values)
            text = re.sub(r"(?<=\d) _", " stale", text)
            series.append({"series": selector, "values": text})
    return series


def _expected() -> list[dict[str, Any]]:
    """Two long times whole, and the hours around every edge."""
    tests: list[dict[str, Any]] = []
    hours = ((hour * HOUR, (hour + 1) * HOUR) for hour in (0, 2, 4, 5, 6, 11, 12, 15, 21))
    periods = [(0, HALF), (HALF, END), *hours]
    for start, end in periods:
        for figure, series in SERIES.items():
            over = "max" if figure == "longest" else "sum"
            samples: list[dict[str, Any]] = []
            for number in NUMBERS:
                made = account(minutes(number, LAST))
                if any(start < ends <= end for ends in made):
                    value = getattr(total(made, start, end), figure)
                    samples.append({"labels": f'{{job="zapi", name="{number.name}"}}', "value": value})
            tests.append(
                {
                    "expr": f"{over}_over_time({series}[{end - start}s]) > 0",
                    "eval_time": f"{end + HOUR + MINUTE}s",
                    "exp_samples": [sample for sample in samples if sample["value"] > 0],
                }
            )
    return tests
