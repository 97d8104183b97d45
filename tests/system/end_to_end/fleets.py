"""Fleets of simulated instances, each with an installed exporter that polls it, at the chain's speed."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from exporter.demo.fault import Fault
from exporter.demo.instances import SimulatedInstance
from exporter.demo.server import SimulatedZapi
from exporter.demo.setup import write_config
from exporter.model.clock import SystemClock
from exporter.model.secret import Secret
from exporter.model.settings import Config, Instance, Polling
from harness.processes import Exporter, exporter, free_port
from tests.builders import a_config, an_instance

DAY: Final = 86400.0
WEBHOOK: Final = "https://hooks.example.com/zapi"


@dataclass(slots=True)
class Fleet:
    """The instances of one job, and their exporter.

    ``teams`` gives some names the label ``team``. ``interval`` and ``concurrency`` are the polling's, the interval in
    minutes of the chain.
    """

    job: str
    names: Sequence[str]
    teams: Mapping[str, str] = field(default_factory=dict)
    interval: float = 1.0
    concurrency: int = 32
    speed: float = field(init=False)
    zapi: SimulatedZapi = field(init=False)
    directory: Path = field(init=False)
    running: Exporter = field(init=False)
    address: str = field(init=False)
    _processes: ExitStack = field(init=False, default_factory=ExitStack)

    @property
    def config_file(self) -> Path:
        return self.directory / "config.yaml"

    def config(self, tokens: Mapping[str, str] | None = None) -> Config:
        """What the exporter is configured with; ``tokens`` are instance tokens other than the first ones."""
        instances = (self._configured(name) for name in self.names)
        changed = (
            replace(one, token=Secret((tokens or {}).get(one.name, one.token.reveal()))) for one in instances
        )
        minute = 60 / self.speed
        polling = Polling(self.interval * minute, self.concurrency, stale_after=5 * minute)
        return a_config(*changed, base_url=self.zapi.base_url, timeout=1.0, polling=polling)

    def set(self, name: str, **changes: Any) -> None:
        """Change an instance at Z-API."""
        self.zapi.update(f"ID-{name}", **changes)

    def spoil(self, name: str, fault: Fault | None) -> None:
        """Make Z-API answer wrongly for an instance, or rightly again."""
        self.zapi.set_fault(f"ID-{name}", fault)

    def start(self) -> None:
        """Run the exporter, at the same address each time, and wait for its first polls."""
        run = exporter(self.directory, f"--config.file={self.config_file}", address=self.address)
        self.running = self._processes.enter_context(run)

    def kill(self) -> None:
        """End the exporter as the kernel ends a process that takes too much memory."""
        self.running.process.kill()
        self.running.process.wait()

    def prepare(self, zapi: SimulatedZapi, directory: Path, speed: float) -> None:
        self.zapi, self.directory, self.speed = zapi, directory, speed
        # On a loopback address of its own, so that nobody takes the port while the exporter is down.
        port = free_port()
        self.address = f"127.10.{port >> 8}.{port & 255}:{port}"
        directory.mkdir()
        write_config(self.config(), self.config_file)

    def close(self) -> None:
        self._processes.close()

    def simulated(self) -> Iterator[SimulatedInstance]:
        now = SystemClock().time()
        for name in self.names:
            configured = self._configured(name)
            yield SimulatedInstance(
                id=configured.id,
                token=configured.token.reveal(),
                due=now + 300 * DAY,
                created=now - 300 * DAY,
                webhooks={"received": WEBHOOK},
            )

    def _configured(self, name: str) -> Instance:
        labels = {"team": self.teams[name]} if name in self.teams else {}
        return an_instance(name, labels=labels, expected_webhooks={"received": Secret(WEBHOOK)})


@contextmanager
def polled(directory: Path, fleets: Sequence[Fleet], *, speed: float) -> Iterator[SimulatedZapi]:
    """Serve all the fleets' instances from one simulated Z-API, and run an exporter for each fleet.

    They poll ``speed`` times as often as they would by default.
    """
    simulated = [instance for fleet in fleets for instance in fleet.simulated()]
    with ExitStack() as ending, SimulatedZapi(simulated, clock=SystemClock()) as zapi:
        for fleet in fleets:
            fleet.prepare(zapi, directory / fleet.job, speed)
            ending.callback(fleet.close)
        with ThreadPoolExecutor(len(fleets)) as starting:
            list(starting.map(Fleet.start, fleets))
        yield zapi
