"""The manifests: built by kubectl, valid to the API server, and wired to each other and to the exporter."""

import base64
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter import flags
from exporter.config.labels import DROPPED_BY_RULES
from exporter.config.load import load
from tests.shipped.deploy.kubernetes import MANIFESTS, ROOT, build

pytestmark = pytest.mark.installs

OVERLAYS: Final = ("base", "overlays/monitoring", "overlays/sharded")
OPERATOR: Final = "monitoring.coreos.com/v1"

Resource = Mapping[str, Any]


@pytest.fixture(params=OVERLAYS)
def resources(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return build(MANIFESTS / request.param)


def test_kubernetes_knows_every_word(tmp_path: Path) -> None:
    resources = [one for overlay in OVERLAYS for one in build(MANIFESTS / overlay)]
    file = tmp_path / "resources.yaml"
    file.write_text(yaml.safe_dump_all(one for one in resources if one["apiVersion"] != OPERATOR))
    validate = [str(Path(sys.executable).with_name("kubernetes-validate")), "--strict", str(file)]
    checked = subprocess.run(validate, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_everything_chooses_the_exporters_pods(resources: list[dict[str, Any]]) -> None:
    labels = _one(resources, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert _one(resources, "StatefulSet")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert _one(resources, "Service")["spec"]["selector"].items() <= labels.items()
    assert _one(resources, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    disruption = _one(resources, "PodDisruptionBudget")["spec"]["selector"]
    assert disruption["matchLabels"].items() <= labels.items()


def test_the_pod_meets_the_restricted_standard_and_writes_nothing(resources: list[dict[str, Any]]) -> None:
    labels = _one(resources, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod, container = _pod(resources), _container(resources)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} == {"secret"}


def test_its_probes_ports_and_arguments_are_the_exporters(resources: list[dict[str, Any]]) -> None:
    container = _container(resources)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    options = flags.parse([_expanded(argument, {"SHARD": "0"}) for argument in container["args"]])
    assert options.listen_addresses == (f":{ports['http']}",)
    assert container["readinessProbe"]["httpGet"] == {"path": "/-/ready", "port": "http"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": "http"}
    assert str(options.config_file.parent) in {mount["mountPath"] for mount in container["volumeMounts"]}
    (port,) = _one(resources, "Service")["spec"]["ports"]
    assert (port["name"], port["port"], port["targetPort"]) == ("http", ports["http"], "http")


def test_the_configuration_reads_the_mounted_secret(resources: list[dict[str, Any]], tmp_path: Path) -> None:
    mounts = {mount["name"]: mount["mountPath"] for mount in _container(resources)["volumeMounts"]}
    assert "ConfigMap" not in {resource["kind"] for resource in resources}, "a webhook's URL is a secret"
    text = base64.b64decode(_one(resources, "Secret")["data"]["config.yaml"]).decode()
    for secret in ("client_token", "vendas_token"):
        tmp_path.joinpath(secret).write_text(f"made-up-{secret}\n")
    file = tmp_path / "config.yaml"
    file.write_text(text.replace(mounts["secrets"], str(tmp_path)))
    config = load(file, {})
    assert config.instances[0].token.reveal() == "made-up-vendas_token"
    assert len(config.files) == 3


def test_every_shard_is_polled_by_one_pod() -> None:
    resources = build(MANIFESTS / "overlays/sharded")
    container, replicas = _container(resources), _one(resources, "StatefulSet")["spec"]["replicas"]
    (variable,) = container["env"]
    index = "metadata.labels['apps.kubernetes.io/pod-index']"
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == index
    shards = [
        flags.parse(
            [_expanded(argument, {variable["name"]: str(pod)}) for argument in container["args"]]
        ).shard
        for pod in range(replicas)
    ]
    assert [(shard.index, shard.total) for shard in shards] == [(pod, replicas) for pod in range(replicas)]


def test_shards_and_monitoring_go_together(tmp_path: Path) -> None:
    kustomization = {
        "resources": [os.path.relpath(MANIFESTS / "overlays/sharded", tmp_path)],
        "components": [os.path.relpath(MANIFESTS / "components/monitoring", tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    assert {"StatefulSet", "ServiceMonitor", "PrometheusRule"} <= {one["kind"] for one in build(tmp_path)}


def test_the_operator_scrapes_the_service() -> None:
    resources = build(MANIFESTS / "overlays/monitoring")
    monitor, service = _one(resources, "ServiceMonitor"), _one(resources, "Service")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_only_instance_tells_one_pod_from_another() -> None:
    monitor = _one(build(MANIFESTS / "overlays/monitoring"), "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    name, dropped = endpoint["relabelings"]
    assert name == {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"}
    assert dropped["action"] == "labeldrop"
    assert set(dropped["regex"].split("|")) == DROPPED_BY_RULES


def test_the_operator_evaluates_the_rules_of_the_rule_files_and_no_others() -> None:
    generated = subprocess.run(
        [sys.executable, "deploy/kubernetes/generate_rules.py"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    assert (MANIFESTS / "components/monitoring/prometheus-rule.yaml").read_bytes() == generated
    assert yaml.safe_load(generated)["spec"]["groups"], "it has each anchor once"
    rule = _one(build(MANIFESTS / "overlays/monitoring"), "PrometheusRule")
    files = sorted(ROOT.glob("prometheus/rules/*.yaml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    assert rule["spec"] == {"groups": groups}


def _one(resources: Sequence[Resource], kind: str) -> Resource:
    (found,) = (resource for resource in resources if resource["kind"] == kind)
    return found


def _pod(resources: Sequence[Resource]) -> Resource:
    pod: Resource = _one(resources, "StatefulSet")["spec"]["template"]["spec"]
    return pod


def _container(resources: Sequence[Resource]) -> Resource:
    container: Resource
    (container,) = _pod(resources)["containers"]
    return container


def _expanded(argument: str, variables: Mapping[str, str]) -> str:
    """As the kubelet does it."""
    for name, value in variables.items():
        argument = argument.replace(f"$({name})", value)
    return argument
