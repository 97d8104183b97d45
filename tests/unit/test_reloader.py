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


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_change_is_taken_once_it_has_settled(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert [rig.look(), rig.look()] == [30.0, 30.0]
    assert rig.files.reloads == []
    rig.files.written = b"second"
    assert rig.look() == 30.0
    assert rig.files.reloads == []
    assert [rig.look(), rig.look(), rig.look()] == [SETTLING, 30.0, 30.0]
    assert rig.files.reloads == [b"second"]
    assert [vars(record)["path"] for record in caplog.records] == [str(FILE)]


@pytest.mark.parametrize(("changed", "more"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_five_of_the_changed_files_are_named(
    rig: Rig, caplog: pytest.LogCaptureFixture, changed: int, more: str
) -> None:
    caplog.set_level("INFO")
    rig.files.others = {Path(f"{number}.yaml"): b"" for number in range(changed)}
    rig.look()
    rig.look()
    assert vars(caplog.records[0])["path"] == "0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml" + more


def test_a_file_that_is_being_written_is_left_alone_until_it_is_whole(rig: Rig) -> None:
    waits = []
    for written in (b"half", None, b"thr", b"three qu"):
        rig.files.written = written
        waits.append(rig.look())
    assert waits == [30.0, SETTLING, SETTLING, SETTLING]
    assert rig.files.reloads == []
    rig.files.written = b"whole"
    rig.look()
    rig.look()
    assert rig.files.reloads == [b"whole"]


def test_a_change_that_is_taken_back_is_none(rig: Rig) -> None:
    rig.files.written = None
    rig.look()
    rig.files.written = b"first"
    rig.look()
    assert rig.look() == 30.0
    rig.files.written = None
    rig.look()
    assert rig.files.reloads == [], "what comes again must settle again"


def test_a_file_that_stays_away_is_told_of_once(rig: Rig) -> None:
    rig.files.written = None
    for _ in range(5):
        rig.look()
    assert rig.files.reloads == [None]


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
