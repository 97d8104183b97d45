"""Fleets of simulated instances, each polled by installed exporters at the chain's speed."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from exporter.demo.faults import Fault
from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import Config, Instance, Polling
from harness.ports import own_address
from harness.processes import post
from simulator.config_file import write_config
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance
from tests.system.chain.gate import Gate
from tests.system.chain.service import Service

DAY: Final = 86400.0
WEBHOOK: Final = "https://hooks.example.com/zapi"
PATIENT: Final = 20.0
"""Seconds that a poll may take: no answer of the simulated Z-API is ever late by itself, however busy the machine."""


@dataclass(slots=True)
class Pod:
    """One exporter process, and the gate through which Prometheus scrapes it."""

    service: Service
    gate: Gate


@dataclass(slots=True)
class Fleet:
    """The instances of one job, and their exporters.

    ``names`` are those that are configured now, ``later`` those that Z-API knows too. ``teams`` gives some names
    the label ``team``. ``interval`` and ``concurrency`` are the polling's, the interval in minutes of the chain;
    ``timeout`` is in real seconds. ``replicas`` exporters poll all the instances each. ``collect`` is asked of all.
    """

    job: str
    names: Sequence[str]
    later: Sequence[str] = ()
    teams: Mapping[str, str] = field(default_factory=dict)
    interval: float = 1.0
    concurrency: int = 32
    timeout: float = PATIENT
    replicas: int = 1
    collect: frozenset[Collector] = frozenset()
    speed: float = field(init=False)
    zapi: SimulatedZapi = field(init=False)
    directory: Path = field(init=False)
    pods: list[Pod] = field(init=False, default_factory=list)
    _tokens: dict[str, str] = field(init=False, default_factory=dict)

    @property
    def config_file(self) -> Path:
        return self.directory / "config.yaml"

    @property
    def addresses(self) -> list[str]:
        """What Prometheus scrapes."""
        return [pod.gate.address for pod in self.pods]

    @property
    def minute(self) -> float:
        """Real seconds of a minute of the chain."""
        return 60 / self.speed

    def set(self, name: str, **changes: Any) -> None:
        """Change an instance at Z-API."""
        self.zapi.update(f"ID-{name}", **changes)

    def set_all(self, names: Sequence[str] | None = None, **changes: Any) -> None:
        """Change some instances at Z-API, or all that are configured."""
        for name in self.names if names is None else names:
            self.set(name, **changes)

    def spoil(self, name: str, fault: Fault | None, resource: str = "me") -> None:
        """Make Z-API answer wrongly for an instance, or rightly again."""
        self.zapi.set_fault(f"ID-{name}", fault, resource)

    def spoil_all(self, fault: Fault | None, names: Sequence[str] | None = None) -> None:
        """Make Z-API answer wrongly for some instances, or all that are configured, or rightly again."""
        for name in self.names if names is None else names:
            self.spoil(name, fault)

    def configure(
        self,
        *,
        names: Sequence[str] | None = None,
        teams: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        """Change the configuration, and have every exporter read it again."""
        self.names = self.names if names is None else names
        self.teams = self.teams if teams is None else teams
        self._tokens.update(tokens or {})
        write_config(self._config(), self.config_file)
        self.reload()

    def spoil_configuration(self) -> None:
        """Have every exporter read a configuration that is not valid."""
        self.config_file.write_text("instances: []\n")
        self.reload()

    def reload(self) -> None:
        """Have every exporter read its configuration again, whether it takes it or not."""
        for pod in self.pods:
            with suppress(HTTPError):
                post(f"{pod.service.url}/-/reload")

    def restart(self) -> None:
        """Kill every exporter as the kernel does one that takes too much memory, and start it again."""
        for pod in self.pods:
            pod.service.process.kill()
            pod.service.stop()
            pod.service.start()

    def add_pod(self) -> Pod:
        """Run one more exporter, at an address of its own, and return once its first polls are done."""
        place = self.directory / f"pod-{len(list(self.directory.glob('pod-*')))}"
        place.mkdir()
        address = own_address()
        command = [
            *(sys.executable, "-m", "tests.system.chain.scaled_exporter", str(self.speed)),
            f"--config.file={self.config_file}",
            f"--web.listen-address={address}",
        ]
        service = Service(command, address, place / "log")
        pod = Pod(service, Gate(lambda: service.url))
        self.pods.append(pod)
        service.start()
        return pod

    def remove_pod(self, pod: Pod) -> None:
        """End an exporter, and never scrape it again."""
        self.pods.remove(pod)
        pod.service.stop()
        pod.gate.close()

    def prepare(self, zapi: SimulatedZapi, directory: Path, speed: float) -> None:
        """Write the configuration."""
        self.zapi, self.directory, self.speed = zapi, directory, speed
        directory.mkdir()
        write_config(self._config(), self.config_file)

    def start(self) -> None:
        for _ in range(self.replicas):
            self.add_pod()

    def close(self) -> None:
        for pod in list(self.pods):
            self.remove_pod(pod)

    def simulated(self) -> Iterator[SimulatedInstance]:
        """The instances as Z-API knows them at first: connected, paid, and due in 300 days."""
        now = SystemClock().time()
        for name in (*self.names, *self.later):
            webhooks = {"received": WEBHOOK}
            yield a_simulated(name, due=now + 300 * DAY, created=now - 300 * DAY, webhooks=webhooks)

    def _config(self) -> Config:
        instances = (self._configured(name) for name in self.names)
        changed = (
            replace(one, token=Secret(self._tokens.get(one.name, one.token.reveal()))) for one in instances
        )
        polling = Polling(self.interval * self.minute, self.concurrency, stale_after=5 * self.minute)
        return a_config(*changed, base_url=self.zapi.base_url, timeout=self.timeout, polling=polling)

    def _configured(self, name: str) -> Instance:
        labels = {"team": self.teams[name]} if name in self.teams else {}
        return an_instance(
            name, labels=labels, expected_webhooks={"received": Secret(WEBHOOK)}, collect=self.collect
        )


@contextmanager
def polled(directory: Path, fleets: Sequence[Fleet], *, speed: float) -> Iterator[SimulatedZapi]:
    """Serve all the fleets' instances from one simulated Z-API, and run the exporters of each fleet.

    They poll ``speed`` times as often as they would by default.
    """
    simulated = [instance for fleet in fleets for instance in fleet.simulated()]
    with ExitStack() as ending, SimulatedZapi(simulated, clock=SystemClock()) as zapi:
        for fleet in fleets:
            fleet.prepare(zapi, directory / fleet.job, speed)
            ending.callback(fleet.close)
        with ThreadPoolExecutor(4) as starting:
            list(starting.map(Fleet.start, fleets))
        yield zapi


def numbered(job: str, count: int) -> list[str]:
    return [f"{job}-{number}" for number in range(count)]
