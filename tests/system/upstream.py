"""A simulated Z-API and the configuration with which the installed command polls it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import trustme
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.scenario import ScenarioInstance, demo_config
from exporter.model.clock import SystemClock
from exporter.model.settings import Config, Polling
from simulator.config_file import write_config
from simulator.server import SimulatedZapi
from tests.builders import server_tls


@dataclass(frozen=True, slots=True)
class Upstream:
    """A simulated Z-API that serves, with the configuration to poll it and the file that holds it."""

    zapi: SimulatedZapi
    config: Config
    file: Path

    def write(self, config: Config) -> None:
        """Replace the configuration file; the command takes it with a reload."""
        write_config(config, self.file, ca_file=self.file.with_name("ca.pem"))


@contextmanager
def upstream(
    directory: Path,
    members: Sequence[ScenarioInstance],
    polling: Polling,
    *,
    timeout: float,
    scheme: str = "https",
) -> Iterator[Upstream]:
    """Serve the members."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    simulated = (member.simulated for member in members)
    tls = server_tls(authority) if scheme == "https" else None
    with SimulatedZapi(simulated, clock=SystemClock(), tls=tls) as zapi:
        config = demo_config(members, zapi.base_url)
        config = replace(config, polling=polling, api=replace(config.api, timeout=timeout))
        served = Upstream(zapi, config, directory / "config.yaml")
        served.write(config)
        yield served


def families(exposition: str) -> dict[str, Metric]:
    """The families of a text exposition by name, a counter's without ``_total``."""
    return {family.name: family for family in text_string_to_metric_families(exposition)}
