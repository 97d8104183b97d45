"""The catalogue: every fault the simulated Z-API can produce for one instance, each under its name.

What acts before a request is known (a stalled TLS handshake, silence after accept) is the listener's mode.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exporter.demo.faults import Fault
from simulator import answer_faults as answers
from simulator import framing_faults as framing
from simulator import secret_faults as secrets
from simulator import wire_faults as wire
from simulator import word_faults as words
from simulator.mirror_faults import mirrors

ELSEWHERE: Final = "http://127.0.0.1:9"
"""Where the catalogue's redirect to another host points: nobody serves it."""


def every_fault(*, drip_interval: float = 1.0, elsewhere: str = ELSEWHERE) -> Mapping[str, Fault]:
    """Name → fault, in a fixed order; those that are healthy in a strange form are in it too.

    ``drip_interval`` is the pause between dripped bytes in seconds, ``elsewhere`` the base URL a redirect to
    another host points to.
    """
    faults = (
        wire.silence(),
        wire.silence_after_headers(),
        wire.silence_within_body(),
        wire.reset_before_reply(),
        wire.reset_within_headers(),
        wire.reset_within_body(),
        wire.closed_before_reply(),
        wire.closed_within_headers(),
        wire.short_body(),
        *wire.stale_keep_alive(),
        wire.one_reply_behind(),
        *wire.drips(drip_interval),
        *wire.floods(),
        *wire.malformed_http(),
        *wire.misencoded(),
        *framing.interim_replies(),
        *framing.surplus(),
        *framing.ambiguous(),
        *framing.unrequested_encodings(),
        framing.gzip_of_several_members(),
        *mirrors(),
        *answers.error_rows(),
        *answers.rate_limits(),
        *answers.unavailable(),
        *answers.odd_statuses(),
        *answers.redirects(elsewhere),
        *answers.odd_bodies(),
        *answers.values_of_every_type(),
        *answers.hostile_numbers(),
        *answers.strange_but_right(),
        *words.words(),
        *words.states(),
        *words.fronts(),
        *words.other_statuses(),
        *secrets.repeated_secrets(),
        *secrets.filters_with_secrets(),
        answers.late(5.0),
    )
    by_name = {fault.name: fault for fault in faults}
    if len(by_name) < len(faults):
        raise ValueError("two faults of the catalogue have one name: rename one")
    return MappingProxyType(by_name)
