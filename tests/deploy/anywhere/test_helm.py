"""The chart: linted, rendered, each object strictly validated, nobody in it stronger than it must be, its rules the shipped."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from monitor.beside.rulefiles import RULES
from monitor.hub import settings
from tests.deploy.anywhere.carriers import DEPLOY, read_all, run, tool

CHART = DEPLOY / "helm/didban"
TAKEN = CHART / "files/rules"
EVERYTHING: dict[str, Any] = {
    "control": {
        "enabled": True,
        "secret": "box",
        "scrape": {"enabled": True, "webSecret": "web", "clientSecret": "asks"},
    },
    "hub": {"secret": "people"},
}
SHIPPING = {"control": {"enabled": True, "secret": "box"}}
# helm-python-sdk stands in the virtual environment of the tools, not in that of the tests
_LINT = "import json, sys; from helm_python import chart; print(json.dumps(chart.lint(sys.argv[1], strict=True)))"
_RENDER = """
import json, sys
from helm_python.chart import Chart
print(json.dumps(Chart.load(sys.argv[1]).render(values=json.loads(sys.argv[2]), name="didban", namespace="watch")))
"""


def helm(code: str, *words: str | Path) -> Any:
    done = run(Path(tool("ansible")).parent / "python", "-c", code, *words)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def rendered(values: dict[str, Any], chart: Path = CHART) -> Iterator[Any]:
    for name, text in helm(_RENDER, chart, json.dumps(values)).items():
        if name.endswith(".yaml"):
            yield from read_all(text)


def of_kind(kind: str, objects: list[Any]) -> list[Any]:
    return [each for each in objects if each["kind"] == kind]


# ---------------------------------------------------------------- the rules are the shipped ones


def test_the_charts_rules_are_the_shipped_ones() -> None:
    shipped = {path.name: path.read_bytes() for path in RULES.glob("*.yml")}
    assert {path.name: path.read_bytes() for path in TAKEN.iterdir()} == shipped, "run deploy/helm/rules.sh"


@pytest.mark.deployed
def test_prometheus_takes_what_is_rendered_of_them_and_they_say_the_same(tmp_path: Path) -> None:
    found = of_kind("PrometheusRule", list(rendered({})))
    assert len(found) == len(list(RULES.glob("*.yml")))
    for each in found:
        name = each["metadata"]["name"].removeprefix("didban-")
        assert [each["spec"]] == read_all((RULES / f"{name}.yml").read_text())
        assert not beyond_the_resource(each["spec"])
        path = tmp_path / f"{name}.yml"
        path.write_text(json.dumps(each["spec"]))  # JSON is YAML
        done = run("promtool", "check", "rules", path)
        assert done.returncode == 0, done.stderr


def beyond_the_resource(spec: Any) -> set[str]:
    """Words the operator's resource (monitoring.coreos.com/v1 PrometheusRule, v0.85) has no place for."""
    group = {"name", "interval", "labels", "limit", "partial_response_strategy", "query_offset", "rules"}
    rule = {"alert", "annotations", "expr", "for", "keep_firing_for", "labels", "record"}
    found = set(spec) - {"groups"}
    for each in spec["groups"]:
        found |= set(each) - group
        for row in each["rules"]:
            found |= set(row) - rule
    return found


def test_a_word_the_resource_does_not_know_is_seen() -> None:
    assert beyond_the_resource({"groups": [{"name": "a", "rules": [{"alert": "b", "when": "c"}]}]}) == {"when"}


@pytest.mark.deployed
def test_links_lead_where_people_can_go() -> None:
    there = {
        "prometheusRule": {
            "runbookUrl": "https://hub.example.org:8443/runbook",
            "dashboardUrl": "https://g.example.org/d",
        }
    }
    text = json.dumps(of_kind("PrometheusRule", list(rendered(there))))
    assert "127.0.0.1" not in text
    assert "https://hub.example.org:8443/runbook/" in text


# ---------------------------------------------------------------- by its tools


def complaints(values: dict[str, Any], folder: Path, chart: Path = CHART) -> list[str]:
    """kubernetes-validate, strict; it has no schema of the operator's two kinds, and says so."""
    path = folder / "all.json"
    found = []
    for each in rendered(values, chart):
        path.write_text(json.dumps(each))
        done = run(tool("kubernetes-validate"), "--strict", "--quiet", "--no-warn", path)
        if done.returncode and each["kind"] not in ("ServiceMonitor", "PrometheusRule"):
            found.append(f"{each['kind']}: {done.stdout}{done.stderr}")
    return found


@pytest.mark.deployed
def test_helm_finds_nothing_to_say_and_sees_what_is_wrong(tmp_path: Path) -> None:
    said = helm(_LINT, CHART)
    assert not said["errors"]
    assert not [each for each in said["messages"] if "INFO" not in str(each)]
    shutil.copytree(CHART, tmp_path / "didban")
    values = tmp_path / "didban/values.yaml"
    values.write_text(values.read_text().replace("  enabled: true", "  enabled: perhaps", 1))
    assert helm(_LINT, tmp_path / "didban")["errors"]


@pytest.mark.deployed
@pytest.mark.parametrize("values", [{}, SHIPPING, EVERYTHING], ids=["hub", "ships", "everything"])
def test_kubernetes_takes_every_object(values: dict[str, Any], tmp_path: Path) -> None:
    assert not complaints(values, tmp_path)


@pytest.mark.deployed
def test_kubernetes_refuses_a_word_it_does_not_know(tmp_path: Path) -> None:
    shutil.copytree(CHART, tmp_path / "didban")
    path = tmp_path / "didban/templates/hub.yaml"
    path.write_text(path.read_text().replace("serviceAccountName:", "serviceAccountNaem:"))
    assert len(complaints({}, tmp_path, tmp_path / "didban")) == 1


@pytest.mark.deployed
def test_what_must_be_given_is_asked_for() -> None:
    with pytest.raises(AssertionError, match=r"control\.secret"):
        list(rendered({"control": {"enabled": True}}))
    with pytest.raises(AssertionError, match="webSecret"):
        list(rendered({"control": {"enabled": True, "secret": "s", "scrape": {"enabled": True, "clientSecret": "c"}}}))
    with pytest.raises(AssertionError, match="tlsSecret"):
        list(rendered({"hub": {"tlsSecret": ""}}))


# ---------------------------------------------------------------- nobody is stronger than it must be


def weaknesses(objects: list[Any]) -> list[str]:
    found = []
    for each in of_kind("StatefulSet", objects):
        pod = each["spec"]["template"]["spec"]
        if pod["automountServiceAccountToken"] or not pod["securityContext"]["runAsNonRoot"] or pod.get("hostNetwork"):
            found.append("a pod may speak for itself to the cluster, or is root, or is not apart")
        if pod["securityContext"]["seccompProfile"] != {"type": "RuntimeDefault"}:
            found.append("any system call is open")
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            has = container["securityContext"]
            if (
                has["allowPrivilegeEscalation"]
                or not has["readOnlyRootFilesystem"]
                or has["capabilities"] != {"drop": ["ALL"]}
            ):
                found.append(f"{container['name']}: may become more")
            if "memory" not in container["resources"].get("limits", {}):
                found.append(f"{container['name']}: has no limit")
            if "env" in container or "envFrom" in container:
                found.append(f"{container['name']}: has variables, where a secret ends up sooner or later")
    for each in of_kind("ServiceMonitor", objects):
        for endpoint in each["spec"]["endpoints"]:
            if (
                endpoint["scheme"] != "https"
                or "basicAuth" not in endpoint
                or endpoint["tlsConfig"].get("insecureSkipVerify")
            ):
                found.append("scraped in clear, or by anybody")
            if not endpoint["honorLabels"]:
                found.append("a vantage's own labels are lost")
    return found


@pytest.mark.deployed
def test_nobody_in_it_is_stronger_than_it_must_be() -> None:
    objects = list(rendered(EVERYTHING))
    assert not weaknesses(objects)
    assert len(of_kind("StatefulSet", objects)) == len(of_kind("NetworkPolicy", objects)) == 2
    assert len(of_kind("ServiceMonitor", objects)) == 1
    assert not of_kind("Secret", objects), "a chart that holds a secret keeps it in every release's history"


@pytest.mark.deployed
def test_every_weakness_would_be_seen() -> None:
    objects = list(rendered(EVERYTHING))
    (hub,) = (each for each in of_kind("StatefulSet", objects) if each["metadata"]["name"] == "didban-hub")
    pod = hub["spec"]["template"]["spec"]
    plants: list[tuple[dict[str, Any], str, Any]] = [
        (pod["securityContext"], "runAsNonRoot", False),
        (pod["securityContext"], "seccompProfile", {"type": "Unconfined"}),
        (pod, "automountServiceAccountToken", True),
        (pod["containers"][0], "env", [{"name": "PASSWORD", "value": "x"}]),
        (pod["containers"][0], "resources", {}),
        (pod["containers"][0]["securityContext"], "capabilities", {"add": ["NET_RAW"]}),
        (of_kind("ServiceMonitor", objects)[0]["spec"]["endpoints"][0], "honorLabels", False),
        (of_kind("ServiceMonitor", objects)[0]["spec"]["endpoints"][0], "scheme", "http"),
    ]
    for where, key, value in plants:
        before = copy.deepcopy(where.get(key))
        where[key] = value
        assert len(weaknesses(objects)) == 1, key
        where[key] = before
        if before is None:
            del where[key]


@pytest.mark.deployed
def test_a_control_that_ships_is_asked_by_nobody() -> None:
    objects = list(rendered(SHIPPING))
    assert not of_kind("ServiceMonitor", objects)
    (policy,) = (each for each in of_kind("NetworkPolicy", objects) if each["metadata"]["name"] == "didban-control")
    assert policy["spec"]["ingress"] == []
    (control,) = (each for each in of_kind("StatefulSet", objects) if each["metadata"]["name"] == "didban-control")
    assert not any("listen" in word for word in control["spec"]["template"]["spec"]["containers"][0]["args"])


@pytest.mark.deployed
def test_the_hub_takes_the_configuration_the_chart_gives_it(tmp_path: Path) -> None:
    (given,) = of_kind("ConfigMap", list(rendered({})))
    for name in ("credentials", "tls"):
        (tmp_path / name).mkdir()
    (tmp_path / "registry.yml").write_text("# there\n")
    issued = trustme.CA().issue_cert("hub.example.org")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "tls/tls.crt")
    issued.private_key_pem.write_to_path(tmp_path / "tls/tls.key")
    (tmp_path / "hub.yml").write_text(given["data"]["hub.yml"].replace("/var/lib/didban", str(tmp_path)))
    loaded, mistakes = settings.load(tmp_path / "hub.yml")
    assert not mistakes
    assert loaded is not None
