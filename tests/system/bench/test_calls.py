"""How many functions a poll calls, which is what it costs on a processor that has run other code since the last one."""

import random

from exporter.fleet.store import Fleet
from exporter.metrics.exposition import InstanceLines
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Status
from exporter.model.settings import Api
from exporter.poller.schedule import Backoff, Plan, PollQueue
from exporter.zapi.client import ZapiClient
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance, some_polling
from tests.counting import calls_of
from tests.system.bench.costs import assert_at_most_half_worse

CALLS_OF_A_POLL = 84
"""Of Python functions, but those of the threads. It was 171 when a poll cost 2.4 of a bare TLS socket."""

POLLS = 64


def test_a_poll_calls_no_more_functions_than_before() -> None:
    instance, clock, telemetry = an_instance("vendas"), SystemClock(), Telemetry()
    queue = PollQueue(Plan([instance], some_polling(60.0, 32), 10.0), Backoff(random.Random(1)), 0.0)
    fleet = Fleet(a_config(instance), clock, [InstanceLines()])
    with SimulatedZapi([a_simulated(name="Loja")], clock=clock) as zapi:
        client = ZapiClient(Api(zapi.base_url, 10.0, None), clock=clock)

        def polls() -> None:
            now = 0.0
            for _ in range(POLLS):
                now = queue.next_due(now) or now
                poll = queue.take(now)
                assert poll is not None
                telemetry.began(poll.lateness)
                reading = client.read(poll.instance)
                assert isinstance(reading, Status)
                telemetry.ended(reading, 0.1)
                fleet.record(poll.instance, reading, 0.1)
                queue.finish(poll, reading, now)

        polls()
        measured = calls_of(polls) / POLLS
        client.close()
    assert_at_most_half_worse(measured, CALLS_OF_A_POLL)
