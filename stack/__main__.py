"""``make stack``: from the demo's metrics to messages in the terminal, with real Prometheus and Alertmanager."""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from harness.real_parts import missing, packages
from stack import shipped
from stack.page import LANGUAGES, Message
from stack.programs import CannotRun, Program, free_address, started
from stack.receiver import Receiver

NEEDED: Final = ("prometheus", "prometheus-alertmanager")
DEMO_SPEED: Final = 6.0
"""The demo is polled every 10 seconds, six times as often as by default."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; 1 if a program is missing or ends by itself."""
    options = _parser().parse_args(arguments)
    lacking = missing(NEEDED)
    if lacking:
        install = f"sudo apt-get install --no-install-recommends {' '.join(packages(lacking))}"
        print(f"{' and '.join(lacking)} not found on the PATH; on Debian: {install}", file=sys.stderr)
        return 1
    # SIGINT too: a shell starts what it puts into the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="zapi-stack-") as place, contextlib.ExitStack() as ending:
            programs = _start(Path(place), options, ending)
            while True:
                for program in programs:
                    program.check()
                time.sleep(0.5)
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nAll ended.")
        return 0


def _start(place: Path, options: argparse.Namespace, ending: contextlib.ExitStack) -> list[Program]:
    exporter, prometheus, alertmanager = map(
        free_address, (options.exporter_port, options.prometheus_port, options.alertmanager_port)
    )
    receiver = ending.enter_context(Receiver(_show, language=options.language))
    shipped.write_rules(place / "rules", options.speed)
    scrape = [{"job_name": "zapi", "static_configs": [{"targets": [exporter]}]}]
    prometheus_file, alertmanager_file = place / "prometheus.yaml", place / "alertmanager.yaml"
    prometheus_file.write_text(shipped.prometheus_config(scrape, Path("rules"), alertmanager, options.speed))
    alertmanager_file.write_text(
        shipped.alertmanager_config(place, receiver.url, options.speed, options.language)
    )
    commands = {
        "exporter": (_exporter(exporter, options.instances), exporter),
        "alertmanager": (_alertmanager(alertmanager, alertmanager_file), alertmanager),
        "prometheus": (_prometheus(prometheus, prometheus_file, options.speed), prometheus),
    }
    programs = [
        ending.enter_context(started(name, command, place, f"http://{address}/-/ready"))
        for name, (command, address) in commands.items()
    ]
    _announce(exporter, prometheus, alertmanager, receiver.url, options.speed)
    return programs


def _exporter(address: str, instances: int) -> list[str]:
    return [sys.executable, "-m", "exporter", f"--demo={instances}", f"--web.listen-address={address}"]


def _prometheus(address: str, config: Path, speed: float) -> list[str]:
    return [
        "prometheus",
        f"--config.file={config.name}",  # relative, so that its pages name the rule files shortly
        f"--storage.tsdb.path={config.parent / 'prometheus'}",
        f"--rules.alert.resend-delay={shipped.resend_delay(speed)}",
        f"--web.listen-address={address}",
    ]


def _alertmanager(address: str, config: Path) -> list[str]:
    return [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={config.parent / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]


def _announce(exporter: str, prometheus: str, alertmanager: str, messages: str, speed: float) -> None:
    print(f"The exporter's status page   http://{exporter}/")
    print(f"Every alert, in Prometheus   {_alerts_page(prometheus)}")
    print(f"Alertmanager                 http://{alertmanager}/ (Debian's has no page, but amtool alert)")
    print(f"Messages, as people get them {messages}")
    if speed != 1:
        print(
            f"Every wait is {speed:g} times shorter than shipped, as the demo is quick; SPEED=1 keeps them."
        )
    print("Messages appear below too. Ctrl+C ends it all.", flush=True)


def _alerts_page(prometheus: str) -> str:
    """Debian's Prometheus has only the pages that were the first ones."""
    for path in ("alerts", "classic/alerts"):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://{prometheus}/{path}", timeout=5).close()
            return f"http://{prometheus}/{path}"
    return f"http://{prometheus}/"


def _show(message: Message) -> None:
    print(f"\n{time.strftime('%H:%M:%S')} to {message.receiver}: {message.title}\n{message.text}", flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("--instances", type=int, default=12, metavar="N", help="of the demo (default 12)")
    parser.add_argument(
        "--speed", type=_speed, default=DEMO_SPEED, help=f"default {DEMO_SPEED:g}; 1 is as shipped"
    )
    parser.add_argument(
        "--language", choices=sorted(LANGUAGES), default="en", help="of the messages (default en)"
    )
    for name, port in (("exporter", 10917), ("prometheus", 9090), ("alertmanager", 9093)):
        parser.add_argument(
            f"--{name}-port", type=int, default=port, metavar="PORT", help=f"default {port}, or any if taken"
        )
    return parser


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 (as shipped) to 60")
    return speed


if __name__ == "__main__":
    sys.exit(main())
