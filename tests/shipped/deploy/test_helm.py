"""The chart: linted, rendered in the combinations that matter, valid to the API server, equal to the kustomization."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter import flags
from exporter.config.load import load
from tests.shipped.deploy.kubernetes import CHART, CONFIG, MANIFESTS, ROOT, WANTED, build, helm, render

pytestmark = pytest.mark.installs

ACCOUNTS: Final = {
    "accounts": [
        {
            "name": "matriz",
            "partner_token_file": "/run/secrets/zapi-exporter/partner_token",
            "client_token_file": "/run/secrets/zapi-exporter/client_token",
        }
    ]
}
PEER: Final = {"ipBlock": {"cidr": "192.0.2.0/24"}}
BEYOND_KUBERNETES: Final = ("monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1")

COMBINATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "least": {"config": CONFIG},
    "secrets": WANTED,
    "own configuration": {"existingConfigSecret": "mine"},
    "shards": {**WANTED, "shards": 3, "env": [{"name": "TZ", "value": "America/Sao_Paulo"}]},
    "operator": {
        **WANTED,
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}, "scheme": "https"},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    },
    "instance files": {
        **WANTED,
        "instanceSecrets": [
            {"name": "sales", "keys": ["sales.yaml"]},
            {"name": "support", "keys": ["support.yaml", "more.json"]},
        ],
    },
    "accounts": {"config": ACCOUNTS, "secrets": ["partner"], "accountsCache": {"enabled": True}},
    "accounts in a volume": {
        "config": ACCOUNTS,
        "secrets": ["partner"],
        "accountsCache": {"enabled": True, "storage": "16Mi", "storageClassName": "fast"},
    },
    "guarded": {**WANTED, "webConfigSecret": "web"},
    "arbitrary user": {**WANTED, "arbitraryUid": True},
    "network": {
        **WANTED,
        "networkPolicy": {"scrapers": [PEER], "dns": [], "api": {"peers": [PEER], "ports": [3128, 443]}},
    },
    "page by ingress": {
        **WANTED,
        "ingress": {"enabled": True, "className": "nginx", "host": "zapi.example.com", "tlsSecret": "tls"},
    },
    "page by gateway": {
        **WANTED,
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["zapi.example.com"]},
    },
    "little": {
        **WANTED,
        "podDisruptionBudget": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "serviceAccount": {"create": False},
    },
    "everything": {
        **WANTED,
        "shards": 2,
        "image": {"digest": "sha256:" + "0" * 64, "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "extraArgs": ["--log.level=debug"],
        "envFrom": [{"secretRef": {"name": "proxy"}}],
        "commonLabels": {"team": "platform"},
        "podLabels": {"pod": "yes"},
        "podAnnotations": {"note": "it's"},
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": "high",
    },
}


@cache
def combined(name: str) -> list[dict[str, Any]]:
    return render(COMBINATIONS[name])


@pytest.fixture(params=COMBINATIONS)
def resources(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return combined(request.param)


def test_the_linter_finds_nothing() -> None:
    linted = helm("lint", "--strict", str(CHART), f"--set-json=config={json.dumps(CONFIG)}")
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_kubernetes_knows_every_word(tmp_path: Path) -> None:
    rendered = [one for name in COMBINATIONS for one in combined(name)]
    file = tmp_path / "resources.yaml"
    file.write_text(yaml.safe_dump_all(one for one in rendered if one["apiVersion"] not in BEYOND_KUBERNETES))
    validate = [str(Path(sys.executable).with_name("kubernetes-validate")), "--strict", str(file)]
    checked = subprocess.run(validate, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_everything_chooses_the_exporters_pods(resources: list[dict[str, Any]]) -> None:
    labels = _one(resources, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    chosen = [
        one["spec"].get("podSelector") or one["spec"]["selector"]
        for one in resources
        if one["kind"] in {"StatefulSet", "Service", "NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor"}
    ]
    assert len(chosen) >= 2
    assert all((selector.get("matchLabels") or selector).items() <= labels.items() for selector in chosen)


def test_no_configuration_stands_in_a_config_map(resources: list[dict[str, Any]]) -> None:
    """The URL of a webhook is a secret."""
    assert "ConfigMap" not in {one["kind"] for one in resources}


def test_a_secret_with_the_configuration_is_valid(tmp_path: Path) -> None:
    for name in ("client_token", "vendas_token"):
        (tmp_path / name).write_text("SECRET")
    text = _one(render(WANTED), "Secret")["stringData"]["config.yaml"]
    file = tmp_path / "config.yaml"
    file.write_text(text.replace("/run/secrets/zapi-exporter", str(tmp_path)))
    assert [instance.name for instance in load(file, {}).instances] == ["vendas"]


def test_the_command_line_is_the_exporters(resources: list[dict[str, Any]]) -> None:
    stateful_set = _one(resources, "StatefulSet")
    replicas, container = stateful_set["spec"]["replicas"], _container(resources)
    shards = [
        flags.parse([argument.replace("$(SHARD)", str(pod)) for argument in container["args"]]).shard
        for pod in range(replicas)
    ]
    assert [(shard.index, shard.total) for shard in shards] == [(pod, replicas) for pod in range(replicas)]


@pytest.mark.parametrize("shards", [1, 3])
def test_the_pods_are_those_of_the_kustomization(shards: int) -> None:
    """What differs is said here: how the configuration is kept, the labels, and how a release is named."""
    kustomized = build(MANIFESTS / ("base" if shards == 1 else "overlays/sharded"))
    rendered = render({**WANTED, "shards": shards})
    theirs, ours = _pod(kustomized), _pod(rendered)
    (their_container,), (our_container,) = theirs.pop("containers"), ours.pop("containers")
    theirs.pop("volumes"), ours.pop("volumes")
    assert our_container.pop("imagePullPolicy") == "IfNotPresent"
    assert sorted(our_container.pop("args")) == sorted(their_container.pop("args"))
    assert our_container == their_container
    assert ours == theirs
    for kind in ("Service", "NetworkPolicy", "PodDisruptionBudget"):
        assert _without_selectors(_one(rendered, kind)) == _without_selectors(_one(kustomized, kind))


def test_the_rules_are_those_of_the_rule_files() -> None:
    rule = _one(combined("operator"), "PrometheusRule")
    files = sorted(ROOT.glob("prometheus/rules/*.yaml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    assert rule["spec"] == {"groups": groups}


def test_instance_files_of_several_secrets_stand_in_one_folder() -> None:
    (volume,) = (
        volume for volume in _pod(combined("instance files"))["volumes"] if volume["name"] == "config"
    )
    paths = [item["path"] for source in volume["projected"]["sources"] for item in source["secret"]["items"]]
    assert paths == [
        "config.yaml",
        *(f"instances.d/{name}" for name in ("sales.yaml", "support.yaml", "more.json")),
    ]


@pytest.mark.parametrize("values", ["accounts", "accounts in a volume"])
def test_lists_of_accounts_are_kept_where_the_exporter_may_write(values: str) -> None:
    rendered = combined(values)
    spec, container = _one(rendered, "StatefulSet")["spec"], _container(rendered)
    (mount,) = (mount for mount in container["volumeMounts"] if not mount.get("readOnly"))
    assert flags.parse(container["args"]).accounts_cache == Path(mount["mountPath"])
    claimed = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())]
    of_the_pod = [volume["name"] for volume in _pod(rendered)["volumes"]]
    assert (mount["name"] in claimed) == (values == "accounts in a volume")
    assert (mount["name"] in of_the_pod) == (values == "accounts")


def test_the_configuration_of_an_account_is_valid(tmp_path: Path) -> None:
    for name in ("partner_token", "client_token"):
        (tmp_path / name).write_text("SECRET")
    text = _one(combined("accounts"), "Secret")["stringData"]["config.yaml"]
    file = tmp_path / "config.yaml"
    file.write_text(text.replace("/run/secrets/zapi-exporter", str(tmp_path)))
    assert [account.name for account in load(file, {}).accounts] == ["matriz"]


def test_a_platform_may_choose_the_user() -> None:
    security = _pod(combined("arbitrary user"))["securityContext"]
    assert security == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "the exporter has nothing to poll"),
        ({"config": CONFIG, "existingConfigSecret": "mine"}, "not both"),
        ({**WANTED, "shards": 0}, "minimum: got 0, want 1"),
        ({**WANTED, "shard": 2}, "additional properties 'shard' not allowed"),
        ({**WANTED, "extraArgs": ["log.level=debug"]}, "does not match pattern"),
        ({"config": {**CONFIG, "instance": []}}, "additional properties 'instance' not allowed"),
        ({**WANTED, "resources": {"limit": {}}}, "additional properties 'limit' not allowed"),
        ({**WANTED, "env": [{"name": "TZ", "valu": "UTC"}]}, "additional properties 'valu' not allowed"),
        ({**WANTED, "podAnnotations": {"inject": False}}, "got boolean, want string"),
        ({**WANTED, "nodeSelector": {"gpu": 1}}, "got number, want string"),
        (
            {**WANTED, "ingress": {"enabled": True, "host": "https://zapi.example.com"}},
            "does not match pattern",
        ),
        ({**WANTED, "resources": {"limits": {"memory": "lots"}}}, "does not match pattern"),
        ({**WANTED, "podLabels": {"app.kubernetes.io/name": "mine"}}, "'app.kubernetes.io/name'"),
        ({**WANTED, "commonLabels": {"app.kubernetes.io/instance": "mine"}}, "'app.kubernetes.io/instance'"),
        ({**WANTED, "commonLabels": {"team": "a b"}}, "does not match pattern"),
        ({**WANTED, "podAnnotations": {"a b": "c"}}, "'a b' does not match"),
        ({**WANTED, "nameOverride": "A_b"}, "does not match pattern"),
        ({"config": CONFIG, "secrets": ["A_b"]}, "does not match pattern"),
        ({"config": CONFIG, "secrets": ["a", "a"]}, "are equal"),
        ({**WANTED, "image": {"tag": "a b"}}, "does not match pattern"),
        ({**WANTED, "env": [{"name": "a b", "value": "c"}]}, "does not match pattern"),
        ({**WANTED, "serviceMonitor": {"tlsConfig": {"insecureSkipVerfy": True}}}, "not allowed"),
        ({**WANTED, "serviceMonitor": {"basicAuth": {"username": "me"}}}, "got string, want object"),
        (
            {**WANTED, "httpRoute": {"enabled": True, "parentRefs": [{"nam": "gw"}]}},
            "missing property 'name'",
        ),
        ({**WANTED, "ingress": {"enabled": True}}, "ingress.host"),
        ({**WANTED, "httpRoute": {"enabled": True}}, "httpRoute.parentRefs"),
    ],
)
def test_wrong_values_are_refused_with_what_to_do(
    values: Mapping[str, Any], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values))
    refused = helm("template", "zapi-exporter", str(CHART), f"--values={file}")
    assert refused.returncode != 0
    assert said in refused.stderr


def test_the_schema_describes_every_value() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(values) == set(schema["properties"]) - {"global"}
    for name, value in values.items():
        properties = schema["properties"][name].get("properties")
        if properties is not None and name != "config":
            assert set(value) == set(properties), name


def test_the_schema_knows_the_sections_of_the_configuration() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    known = json.loads((ROOT / "config.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]["config"]["properties"]) == set(known["properties"])


def test_the_chart_holds_the_rule_files() -> None:
    """Run: cp prometheus/rules/*.yaml deploy/helm/zapi-exporter/rules/"""
    kept = {file.name: file.read_bytes() for file in (CHART / "rules").iterdir()}
    assert kept == {file.name: file.read_bytes() for file in ROOT.glob("prometheus/rules/*.yaml")}


def test_a_package_gives_what_the_folder_gives(tmp_path: Path) -> None:
    packed = helm("package", str(CHART), f"--destination={tmp_path}")
    assert packed.returncode == 0, packed.stderr
    (archive,) = tmp_path.glob("*.tgz")
    given = [f"--set-json={name}={json.dumps(value)}" for name, value in COMBINATIONS["operator"].items()]
    printed = helm("template", "zapi-exporter", str(archive), "--namespace=zapi-exporter", *given).stdout
    assert [one for one in yaml.safe_load_all(printed) if one] == combined("operator")


def _one(resources: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    (found,) = (resource for resource in resources if resource["kind"] == kind)
    return found


def _pod(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = _one(resources, "StatefulSet")["spec"]["template"]["spec"]
    return pod


def _container(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any]
    (container,) = _pod(resources)["containers"]
    return container


def _without_selectors(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource["spec"].items() if key not in {"selector", "podSelector"}}
