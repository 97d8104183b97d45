"""Secrets where none belongs, and files that show them to everyone."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from exporter.model.clock import SystemClock
from harness.waiting import comes_true
from simulator.server import SimulatedZapi
from tests.system.faults.canaries import canary, canary_url
from tests.system.faults.ear import Ear
from tests.system.faults.promise import Result, Tell, ended
from tests.system.faults.seen import in_log
from tests.system.faults.stage import FORMATS, STOPPED, Stage, run_command, stage
from tests.system.faults.subjects import CLIENT_TOKEN_VARIABLE, numbered, write_config

_REFUSED: Final = 1
_SUBJECTS: Final = numbered(("vendas",))
_TOKEN: Final = canary("token")
_VARIABLE: Final = f"${{{CLIENT_TOKEN_VARIABLE}}}"

_BAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "not YAML: a quote that is not closed": f'instances:\n- {{name: a, id: A, token: "{_TOKEN}}}\n',
        "not YAML: a colon too many": f"instances:\n- name: a\n  id: A\n  token: {_TOKEN}: x\n",
        "not YAML: a tab": f"instances:\n- name: a\n\ttoken: {_TOKEN}\n",
        "an unknown tag": f"instances:\n- {{name: a, id: A, token: !secret {_TOKEN}}}\n",
        "an alias without an anchor": f"instances:\n- {{name: a, id: *A, token: {_TOKEN}}}\n",
        "only a secret": f"{_TOKEN}\n",
        "a list of secrets": f"- {_TOKEN}\n",
        "a secret that is a list": f"instances:\n- {{name: a, id: A, token: [{_TOKEN}]}}\n",
        "a secret that is a mapping": f"instances:\n- {{name: a, id: A, token: {{value: {_TOKEN}}}}}\n",
        "a secret with a space": f'instances:\n- {{name: a, id: A, token: "{_TOKEN} x"}}\n',
        "a secret with a line break": f'instances:\n- {{name: a, id: A, token: "{_TOKEN}\\nx"}}\n',
        "a secret no header can carry": f'instances:\n- {{name: a, id: A, token: x, client_token: "{_TOKEN}€"}}\n',
        "a secret twice": f"instances:\n- {{name: a, id: A, token: {_TOKEN}, token: {_TOKEN}}}\n",
        "a secret given both ways": f"instances:\n- {{name: a, id: A, token: {_TOKEN}, token_file: token}}\n",
        "a misspelt key": f"instances:\n- {{name: a, id: A, tokne: {_TOKEN}}}\n",
        "a misspelt section": f"apis: {{client_token: {_TOKEN}}}\ninstances: []\n",
        "a secret in place of an instance": f"instances: [{_TOKEN}]\n",
        "a secret in place of a URL": f"api: {{base_url: {_VARIABLE}}}\ninstances: []\n",
        "a secret in a URL": f'api: {{base_url: "https://user:{_TOKEN}@api.z-api.io"}}\ninstances: []\n',
        "a secret in place of a duration": f"api: {{timeout: {_VARIABLE}}}\ninstances: []\n",
        "a secret in place of a number": f"polling: {{concurrency: {_VARIABLE}}}\ninstances: []\n",
        "a secret in a fallback": f"instances:\n- {{name: a, id: A, token: '${{NAME:-{_TOKEN}'}}\n",
        "a webhook URL that is none": f"instances:\n- {{name: a, id: A, token: x, expected_webhooks: "
        f"{{received: {_TOKEN}}}}}\n",
        "a webhook URL in place of a name": f"instances:\n- {{name: a, id: A, token: x, expected_webhooks: "
        f'["{canary_url("webhook")}"]}}\n',
        "a webhook URL in place of a list": f"instances:\n- {{name: a, id: A, token: x, expected_webhooks: "
        f'"{canary_url("webhook")}"}}\n',
    }
)
"""What is wrong → a configuration with a secret at the place where it is."""

_BAD_WEB: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a password in the clear": f"basic_auth_users: {{prometheus: {canary('password')}}}\n",
        "passwords as a list": f"basic_auth_users: [{canary('password')}]\n",
        "a colon too many": f"basic_auth_users: {{prometheus: {canary('password')}: x}}\n",
        "a password in place of a file": f"tls_server_config: {{cert_file: {canary('password')}, key_file: x}}\n",
    }
)
"""The same for web configurations."""


def of_secrets(directory: Path, tell: Tell) -> Iterator[Result]:
    """What is said of configurations that cannot be used, or that everyone can read."""
    ear = Ear()
    with SimulatedZapi([subject.simulated() for subject in _SUBJECTS], clock=SystemClock()) as zapi:
        config = _config(directory, zapi)
        checked = [
            run_command(directory, config, ear, "--config.check", f"--log.format={fmt}") for fmt in FORMATS
        ]
        yield ended("--config.check of a good file", STOPPED, [run.returncode for run in checked])
        with stage(directory / "running", config, ear) as its:
            for name, text in _BAD.items():
                tell(f"reload of a file with {name}")
                yield _refused(its, config, name, text)
            checked = [run_command(directory, config, ear, flag) for flag in ("--config.check", "--once")]
            yield ended(
                "--config.check and --once of a bad file", _REFUSED, [run.returncode for run in checked]
            )
        for name, text in _BAD_WEB.items():
            tell(f"a web configuration with {name}")
            yield _web_refused(directory, zapi, ear, name, text)
        for name in ("config.yaml", "token", "account"):
            tell(f"{name} is readable by everyone")
            yield _warned(directory, zapi, ear, name)
    yield ear.verdict("bad configurations")


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


def _web_refused(directory: Path, zapi: SimulatedZapi, ear: Ear, name: str, text: str) -> Result:
    web = directory / "web.yaml"
    web.write_text(text)
    run = run_command(directory, _config(directory, zapi), ear, "--config.check", f"--web.config.file={web}")
    return ended(f"--config.check of a web configuration with {name}", _REFUSED, [run.returncode])


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
    warnings = [
        line for line in in_log(run.stderr.decode(), "logfmt") if "every user of this machine" in line["msg"]
    ]
    named = [Path(line["path"]).name for line in warnings if line["level"] == "warning"]
    complaints = () if named == [exposed] else (f"warnings of {named}",)
    return Result(f"{exposed} is readable by everyone", "one warning", f"{len(named)} warnings", complaints)


def _config(directory: Path, zapi: SimulatedZapi) -> Path:
    return write_config(directory, zapi.base_url, [subject.configured(0) for subject in _SUBJECTS])
