"""The lines of docs/install.md, each way as far as a machine without Docker, a cluster and systemd can go."""

import base64
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter import flags
from harness.processes import exporter
from tests.shipped.deploy.kubernetes import CHART, MANIFESTS, build, helm, kubectl, render
from tests.shipped.docs.documents import INSTALL, ROOT, lines, snippets

pytestmark = pytest.mark.installs

TEXT: Final = INSTALL.read_text(encoding="utf-8")
PORT: Final = 10917
SECTIONS: Final = ("pip", "Docker", "Compose", "Kubernetes", "Helm", "Debian package", "systemd")


@pytest.mark.parametrize("section", SECTIONS)
def test_five_lines_at_most_lead_to_a_scrape(section: str) -> None:
    assert len(lines(section)) <= 5
    assert lines(section)[-1].startswith("curl --retry 9 --retry-all-errors ")


def test_both_languages_give_the_same_lines() -> None:
    def given(file: Path) -> set[str]:
        return {each.text for each in snippets("sh") if each.file == file}

    portuguese = given(INSTALL.parent / "pt-BR" / "install.md")
    assert len(portuguese) >= 5
    assert portuguese <= given(INSTALL)


def test_no_line_has_a_pattern_that_zsh_would_look_for() -> None:
    """zsh refuses a word with an unquoted ``?`` or ``*`` that matches no file."""
    commands = [(each.file.name, line) for each in snippets("sh") for line in each.text.splitlines()]
    assert [line for line in commands if re.search(r"(?<![\"'])\bhttps?://[^\s\"']*[?*]", line[1])] == []


def test_pip_installs_what_is_locked_and_it_runs(tmp_path: Path) -> None:
    *install, start, scrape = (line.replace("/opt/zapi-exporter", str(tmp_path)) for line in lines("pip"))
    for line in install:
        done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    program, config = shlex.split(start.removesuffix(" &"))
    assert config == "--config.file=config.yaml"
    assert scrape.endswith(f":{PORT}/metrics")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with exporter(tmp_path, "--demo=1", program=[program], environ=environ) as running:
        assert "zapi_instance_up{" in running.metrics()


def test_docker_runs_it_as_the_image_expects() -> None:
    _, run, _ = (shlex.split(line) for line in lines("Docker"))
    assert {"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", f"{PORT}:{PORT}"} <= set(run)
    (command,) = re.findall(
        r'^CMD \["--config\.file=(.*)"\]$', (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    assert any(word.endswith(f":{command}:ro") for word in run)
    given = {word for word, before in zip(run[1:], run, strict=False) if before == "-e"}
    (wanted,) = (
        each.text for each in snippets("yaml") if each.file == ROOT / "README.md" and "token:" in each.text
    )
    assert given == set(re.findall(r"\$\{(\w+)\}", wanted))


def test_kubernetes_gets_every_secret_that_the_configuration_names() -> None:
    apply, create, *_ = (shlex.split(line) for line in lines("Kubernetes"))
    assert ROOT / apply[apply.index("-k") + 1] == MANIFESTS / "base"
    arguments = [re.sub(r"^(--from-file)=(.*)$", r"--from-literal=\2=x", word) for word in create[1:]]
    secret: Any = json.loads(kubectl(*arguments, "--dry-run=client", "-o", "json"))
    (config,) = (
        base64.b64decode(one["data"]["config.yaml"]).decode()
        for one in build(MANIFESTS / "base")
        if one["kind"] == "Secret"
    )
    named = re.findall(r"_file: /run/secrets/zapi-exporter/(\w+)", config)
    assert sorted(secret["data"]) == sorted(named)
    assert secret["metadata"] == {"name": "zapi-exporter", "namespace": "zapi-exporter"}


def test_helm_gets_every_secret_that_the_values_name(tmp_path: Path) -> None:
    (values,) = (each.text for each in snippets("yaml") if each.file == CHART / "README.md")
    install, create, *_ = (shlex.split(line) for line in lines("Helm"))
    (tmp_path / "values.yaml").write_text(values)
    install[install.index("--values") + 1] = str(tmp_path / "values.yaml")
    arguments = ["template" if word == "install" else word for word in install[1:]]
    rendered = helm(*(str(ROOT / word) if word.startswith("deploy/") else word for word in arguments))
    assert rendered.returncode == 0, rendered.stderr
    resources = [one for one in yaml.safe_load_all(rendered.stdout) if one]
    assert _waited_for("Helm") in {(one["kind"].lower(), one["metadata"]["name"]) for one in resources}
    given = {word.partition("=")[2] for word in create if word.startswith("--from-file=")}
    assert given == set(re.findall(r"_file: /run/secrets/zapi-exporter/(\w+)", values))
    assert create[create.index("generic") + 1] in rendered.stdout


def _waited_for(section: str) -> tuple[str, ...]:
    """The kind and the name of what ``kubectl rollout status`` is asked for."""
    (word,) = re.findall(r"rollout status (\S+)", "\n".join(lines(section)))
    return tuple(word.split("/"))


def test_the_image_to_build_is_the_one_that_is_deployed() -> None:
    named = set(re.findall(r"ghcr\.io/[\w/-]+:[\d.]+", TEXT))
    assert len(named) == 1
    rendered = [build(MANIFESTS / "base"), render({"config": {"instances": []}})]
    assert {_image(resources) for resources in rendered} == named


def _image(resources: list[dict[str, Any]]) -> str:
    (pod,) = (one["spec"]["template"]["spec"] for one in resources if one["kind"] == "StatefulSet")
    (image,) = (container["image"] for container in pod["containers"])
    return str(image)


def test_systemd_finds_everything_at_its_place(tmp_path: Path) -> None:
    work, root = tmp_path / "work", tmp_path / "root"
    root.joinpath("etc/systemd/system").mkdir(parents=True)
    work.mkdir()
    for name in ("config.yaml", "client_token", "vendas_token"):
        (work / name).write_text("x")
    (work / "deploy").symlink_to(ROOT / "deploy")
    commands = [command for line in lines("systemd") for command in line.split(" && ")]
    assert commands[:3] == lines("pip")[:3]
    assert commands[-2] == "systemctl enable --now zapi-exporter"
    for command in commands[3:-2]:
        subprocess.run(["sh", "-c", command.replace("/etc/", f"{root}/etc/")], cwd=work, check=True)
    unit = (root / "etc/systemd/system/zapi-exporter.service").read_text()
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    program, *arguments = shlex.split(start)
    assert program == shlex.split(lines("pip")[-2])[0]
    config = flags.parse(arguments).config_file
    secrets = root / "etc/zapi-exporter/secrets"
    assert (root / config.relative_to("/")).stat().st_mode & 0o777 == 0o644
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in secrets.iterdir())
    assert {file.name for file in secrets.iterdir()} == {"client_token", "vendas_token"}
    assert "${CREDENTIALS_DIRECTORY}/secrets_vendas_token" in TEXT


def test_compose_serves_prometheus_where_it_is_asked() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    (port,) = re.findall(r"http://localhost:(\d+)/", lines("Compose")[-1])
    assert services["prometheus"]["ports"] == [f"127.0.0.1:{port}:9090"]
