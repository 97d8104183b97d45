"""A change of the configuration's files is loaded once it has settled, with a clock that is told to move."""

from pathlib import Path

import pytest

from exporter.config.files import Fingerprint
from exporter.reloader import SETTLING, AutoReload
from tests.clocks import ManualClock

FILE = Path("config.yaml")


class Files:
    """One file, and ``others``. ``written`` is its content; each reload takes it, whether it is good or bad."""

    def __init__(self) -> None:
        self.written: bytes | None = b"first"
        self.others: dict[Path, bytes | None] = {}
        self.held: Fingerprint = self.holds()
        self.reloads: list[bytes | None] = []

    def holds(self) -> Fingerprint:
        return {FILE: self.written, **self.others}

    def reload(self) -> None:
        self.held = self.holds()
        self.reloads.append(self.written)


class Rig:
    def __init__(self, interval: float = 30.0) -> None:
        self.clock = ManualClock()
        self.files = Files()
        self.duty = AutoReload(self.files, self.files.reload, interval, self.clock)

    def look(self) -> float:
        """Move to when it is due, and give how long that took."""
        wait = self.duty.due - self.clock.monotonic()
        self.clock.advance(wait)
        self.duty.run()
        return wait

    def look_after(self, written: bytes | None) -> float:
        self.files.written = written
        return self.look()


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("written", "waits", "reloads"),
    [
        ([b"first", b"second", b"second", b"second"], [30.0, 30.0, SETTLING, 30.0], [b"second"]),
        # a file that is being written is left alone until it is whole
        ([b"half", None, b"thr", b"whole", b"whole"], [30.0, *[SETTLING] * 4], [b"whole"]),
        # a change that is taken back is none, and what comes again must settle again
        ([None, b"first", b"first", None], [30.0, SETTLING, 30.0, 30.0], []),
        # a file that stays away is told of once
        ([None] * 5, [30.0, SETTLING, 30.0, 30.0, 30.0], [None]),
    ],
)
def test_a_change_is_taken_once_it_has_settled(
    rig: Rig, written: list[bytes | None], waits: list[float], reloads: list[bytes | None]
) -> None:
    assert [rig.look_after(content) for content in written] == waits
    assert rig.files.reloads == reloads


@pytest.mark.parametrize(("changed", "more"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_five_changes_are_named(rig: Rig, caplog: pytest.LogCaptureFixture, changed: int, more: str) -> None:
    caplog.set_level("INFO")
    rig.files.others = {Path(f"{number}.yaml"): b"" for number in range(changed)}
    rig.look()
    rig.look()
    assert vars(caplog.records[0])["path"] == "0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml" + more


def test_a_short_interval_is_never_made_longer() -> None:
    rig = Rig(interval=0.1)
    rig.files.written = b"second"
    rig.look()
    assert rig.look() == pytest.approx(0.1)


def test_an_unexpected_error_is_told_once_and_the_next_look_is_taken(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Fingerprint:
        raise MemoryError("c4n4ry")

    with monkeypatch.context() as patched:
        patched.setattr(rig.files, "holds", fail)
        assert rig.look() == 30.0
    assert [record.getMessage() for record in caplog.records] == ["unexpected error, please report it"]
    assert "c4n4ry" not in str([vars(record) for record in caplog.records])
    rig.files.written = b"second"
    assert [rig.look(), rig.look()] == [30.0, SETTLING]
    assert rig.files.reloads == [b"second"]
