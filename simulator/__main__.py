"""``python -m simulator``: the simulated Z-API as a process of its own, for tests and benchmarks."""

import argparse
import contextlib
import signal
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from exporter.demo.instances import SimulatedAccount
from exporter.demo.scenario import ScenarioInstance, build_scenario, demo_config
from exporter.model.clock import SystemClock
from simulator.config_file import write_config
from simulator.faults import every_fault
from simulator.fleet import healthy_fleet
from simulator.list_faults import list_faults, tolerable_lists
from simulator.server import SimulatedZapi


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the first line on stdout is the base URL."""
    options = _parser().parse_args(arguments)
    stopping = {signal.SIGTERM, signal.SIGINT}
    # Blocked before the first thread starts, so that no thread but this one is told to stop.
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    scenario = (healthy_fleet if options.healthy else build_scenario)(
        options.instances, time.time(), options.seed
    )
    host, port = options.listen
    zapi = SimulatedZapi(
        (each.simulated for each in scenario),
        clock=SystemClock(),
        tls=_tls(options.tls_cert, options.tls_key),
        latency=options.latency,
        host=host,
        port=port,
    )
    _spoil(zapi, scenario, options)
    ids = [each.simulated.id for each in scenario]
    if options.partner_token is not None:
        spoilt = {**list_faults(), **tolerable_lists()}.get(options.list_fault)
        zapi.set_account((spoilt or SimulatedAccount)(options.partner_token, ids))
    try:
        zapi.start()
    except OSError as error:
        print(f"cannot listen on {host}:{port}: {error.strerror}; choose another --listen", file=sys.stderr)
        return 1
    with contextlib.closing(zapi):
        if options.write_config is not None:
            ca_file = options.tls_ca or options.tls_cert
            write_config(demo_config(scenario, zapi.base_url), options.write_config, ca_file=ca_file)
        print(zapi.base_url, flush=True)
        signal.sigwait(stopping)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--instances", type=int, default=12, metavar="N")
    parser.add_argument(
        "--seed", type=int, default=0, help="makes the credentials and the scenario (default 0)"
    )
    parser.add_argument("--healthy", action="store_true", help="nothing ever happens to any instance")
    parser.add_argument("--latency", type=_seconds, default=0.0, help="of every answer, as 100ms or 2s")
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("--tls-cert", type=Path, help="certificate chain; its key with --tls-key")
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument(
        "--tls-ca", type=Path, help="ca_file of the written configuration (default: --tls-cert)"
    )
    parser.add_argument(
        "--write-config", type=Path, metavar="FILE", help="a configuration to poll this server"
    )
    parser.add_argument(
        "--partner-token", metavar="TOKEN", help="list all instances to whom sends this token"
    )
    parser.add_argument(
        "--list-fault", choices=(*list_faults(), *tolerable_lists()), metavar="NAME", help="of that list"
    )
    parser.add_argument(
        "--fault", choices=tuple(every_fault()), metavar="NAME", help="by the catalogue's name"
    )
    parser.add_argument(
        "--faulty", type=float, default=1.0, help="the share of instances that have the fault"
    )
    return parser


def _spoil(zapi: SimulatedZapi, scenario: Sequence[ScenarioInstance], options: argparse.Namespace) -> None:
    if options.fault is None:
        return
    fault = every_fault()[options.fault]
    for number, each in enumerate(scenario):
        # Spread evenly: the n-th is faulty where the running share passes a whole number.
        if int((number + 1) * options.faulty) > int(number * options.faulty):
            zapi.set_fault(each.simulated.id, fault)


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _seconds(text: str) -> float:
    if text.endswith("ms"):
        return float(text[:-2]) / 1000
    return float(text.removesuffix("s"))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


if __name__ == "__main__":
    sys.exit(main())
