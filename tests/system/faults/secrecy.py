"""Secrets where none belongs, and files that show them to everyone."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from exporter.model.clock import SystemClock
from harness.waiting import comes_true
from simulator.server import SimulatedZapi
from tests.system.faults.canaries import canary
from tests.system.faults.ear import Ear
from tests.system.faults.promise import Result, Tell, ended
from tests.system.faults.seen import in_log
from tests.system.faults.stage import STOPPED, Stage, run_command, stage
from tests.system.faults.subjects import CLIENT_TOKEN_VARIABLE, numbered, write_config

_REFUSED: Final = 1
_SUBJECTS: Final = numbered(("vendas",))
_TOKEN: Final = canary("token")
_VARIABLE: Final = f"${{{CLIENT_TOKEN_VARIABLE}}}"

_BAD_FILES: Final = Path(__file__).parents[2] / "unit" / "config" / "bad"

_BAD_WEB: Final[Mapping[str, str]] = {
    "a password in the clear": f"basic_auth_users: {{prometheus: {canary('password')}}}\n",
    "passwords as a list": f"basic_auth_users: [{canary('password')}]\n",
    "a colon too many": f"basic_auth_users: {{prometheus: {canary('password')}: x}}\n",
    "a password in place of a file": f"tls_server_config: {{cert_file: {canary('password')}, key_file: x}}\n",
}
"""What is wrong → a web configuration with a secret at the place where it is."""


def of_secrets(directory: Path, tell: Tell) -> Iterator[Result]:
    """What is said of configurations that cannot be used, or that everyone can read."""
    ear = Ear()
    with SimulatedZapi([subject.simulated() for subject in _SUBJECTS], clock=SystemClock()) as zapi:
        config = _config(directory, zapi)
        checked = run_command(directory, config, ear, "--config.check")
        yield ended("--config.check of a good file", STOPPED, checked.returncode)
        with stage(directory / "running", config, ear) as its:
            for name, text in _bad_files():
                tell(f"reload of a file with {name}")
                yield _refused(its, config, name, text)
            statuses = [
                run_command(directory, config, ear, flag).returncode for flag in ("--config.check", "--once")
            ]
            yield ended("--config.check and --once of a bad file", _REFUSED, *statuses)
        config, web = _config(directory, zapi), directory / "web.yaml"
        for name, text in _BAD_WEB.items():
            tell(f"a web configuration with {name}")
            web.write_text(text)
            run = run_command(directory, config, ear, "--config.check", f"--web.config.file={web}")
            yield ended(f"--config.check of a web configuration with {name}", _REFUSED, run.returncode)
        for name in ("config.yaml", "token", "account"):
            tell(f"{name} is readable by everyone")
            yield _warned(directory, zapi, ear, name)
    yield ear.verdict("bad configurations")


def _bad_files() -> Iterator[tuple[str, str]]:
    """What is wrong, and a configuration with a secret at the place where it is."""
    for file in sorted(_BAD_FILES.glob("*.yaml")):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "SECRET" in text:
            yield file.stem.replace("_", " "), text.replace("SECRET", _TOKEN)


def _refused(its: Stage, config: Path, name: str, text: str) -> Result:
    config.write_text(text)
    lines = len(its.log())
    answer = its.reload()

    def told() -> int:
        return sum(line["level"] == "error" for line in its.log()[lines:])

    comes_true(lambda: told() > 0)  # a thread of its own writes the log
    complaints = [] if f"{config}:" in answer else [f"the reload was answered: {answer}"]
    complaints += [] if told() else ["the log does not tell of it"]
    return Result(f"reload of a file with {name}", "refused", f"{told()} problems", tuple(complaints))


def _warned(directory: Path, zapi: SimulatedZapi, ear: Ear, exposed: str) -> Result:
    """Each file is warned of by its name, and no other is."""
    config = _config(directory, zapi)
    account = directory / "account"
    account.write_text(canary("clienttoken"))
    text = config.read_text().replace(
        f'"client_token": "{_VARIABLE}"', f'"client_token_file": "{account.name}"'
    )
    config.write_text(text)
    for file in (config, account, directory / "token"):
        file.chmod(0o644 if file.name == exposed else 0o600)
    run = run_command(directory, config, ear, "--once")
    warnings = [line for line in in_log(run.stderr.decode()) if "every user of this machine" in line["msg"]]
    named = [Path(line["path"]).name for line in warnings if line["level"] == "warning"]
    complaints = () if named == [exposed] else (f"warnings of {named}",)
    return Result(f"{exposed} is readable by everyone", "one warning", f"{len(named)} warnings", complaints)


def _config(directory: Path, zapi: SimulatedZapi) -> Path:
    return write_config(directory, zapi.base_url, [subject.configured(0) for subject in _SUBJECTS])
