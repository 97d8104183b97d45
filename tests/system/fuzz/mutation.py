"""Bytes like those that a target begins with, but broken, by Hypothesis."""

from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.system.fuzz.targets import Target


@st.composite
def broken(draw: st.DrawFn, target: Target) -> bytes:
    """A seed with some places cut out, repeated or replaced by other bytes or by a word."""
    data = draw(st.sampled_from(target.seeds))
    words = st.sampled_from(target.words).map(str.encode)
    for _ in range(draw(st.integers(0, 5))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 12)))
        instead = draw(st.one_of(st.binary(max_size=8), words, st.just(data[begin:end] * 2)))
        data = data[:begin] + instead + data[end:]
    return data


def any_bytes_like(target: Target, *, examples: int, seed: int) -> bytes | None:
    """The smallest bytes that break the target, of this many tried; ``None`` if none did."""
    smallest: list[bytes] = []

    @seeded(seed)
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate, Phase.shrink])
    @given(st.one_of(st.binary(), broken(target)))
    def check(data: bytes) -> None:
        try:
            target.check(data)
        except Exception:
            smallest[:] = [data]
            raise

    try:
        check()
    except Exception:
        return smallest[0]
    return None
