import time
import urllib.parse
from dataclasses import replace

import pytest

from exporter.demo.instances import SimulatedInstance
from simulator.server import SimulatedZapi
from simulator.wire_faults import silence
from tests.clocks import ManualClock
from tests.unit.demo.raw_client import RawClient, get

MIB = 1 << 20


def test_a_healthy_instance_is_described(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    status, answer = get(zapi, instance)
    assert status == 200
    assert (answer["id"], answer["token"], answer["connected"]) == ("FACADE01", "FACADE02", True)


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ({"path": "/instances/FACADE01/token/WRONG/me"}, 404, "Instance not found"),
        ({"path": "/instances/WRONG/token/FACADE02/me"}, 404, "Instance not found"),
        ({"path": "/somewhere/else"}, 404, "NOT_FOUND"),
        ({"client_token": "WRONG"}, 403, "Client-Token WRONG not allowed"),
        ({"client_token": ""}, 403, "null not allowed"),
        ({"method": "POST"}, 405, "Method Not Allowed"),
        ({"method": "POST", "headers": "Content-Length: 0\r\n"}, 405, "Method Not Allowed"),
    ],
)
def test_a_wrong_request_gets_the_real_refusal(
    zapi: SimulatedZapi, instance: SimulatedInstance, how: dict[str, str], status: int, error: str
) -> None:
    assert get(zapi, instance, **how) == (status, {"error": error})


def test_a_missing_client_token_is_refused_where_required(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance
) -> None:
    """A missing client token is refused only where the account requires one."""
    nameless = replace(instance, client_token=None)
    assert get(zapi, nameless) == (400, {"error": "your client-token is not configured"})
    assert get(zapi, other)[0] == 200


def test_id_and_token_are_percent_decoded(clock: ManualClock, instance: SimulatedInstance) -> None:
    odd = replace(instance, id="a/b ç", token="t?#%")
    quoted = (
        f"/instances/{urllib.parse.quote(odd.id, safe='')}/token/{urllib.parse.quote(odd.token, safe='')}/me"
    )
    with SimulatedZapi([odd], clock=clock) as zapi:
        assert get(zapi, odd, path=quoted)[0] == 200
        assert get(zapi, odd, path=f"{quoted}?again=1")[0] == 200


def test_strays_are_counted_apart(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    get(zapi, instance, path="/login")
    get(zapi, instance)
    assert zapi.strays == 1
    assert zapi.requests == {instance.id: 1}
    assert zapi.requests["FACADE0A"] == 0


def test_an_answer_takes_at_least_the_latency_and_the_instances_delay(
    clock: ManualClock, instance: SimulatedInstance
) -> None:
    with SimulatedZapi([replace(instance, delay=0.05)], clock=clock, latency=0.05) as zapi:
        began = time.monotonic()
        assert get(zapi, instance)[0] == 200
        # The loop's clock may be a tick ahead of ours.
        assert time.monotonic() - began > 0.099


def test_requests_without_a_complete_reply_are_in_flight(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance
) -> None:
    zapi.set_fault(instance.id, silence())
    with RawClient(zapi) as one, RawClient(zapi) as two:
        one.ask(instance)
        two.ask(instance)
        zapi.wait_for("two requests", lambda z: z.in_flight == 2)
        get(zapi, other)
        assert zapi.max_in_flight == 3
    zapi.wait_for("both clients to be gone", lambda z: z.in_flight == 0)
    assert zapi.max_in_flight == 3
