"""Every file of deploy/scale is taken by the program it is for, as far as that program is here; and they agree with each other.

Not run here, since no registry has them: vminsert, vmselect, vmstorage, Mimir, a real S3. Of those, words are compared
with lists that say where they were read.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitor.beside import stack
from monitor.hub import settings
from monitor.hub.settings import HubConfig
from monitor.promql import reading
from tests.deploy.scale.shipped import DOC, SCALE, flags, yaml
from tests.deploy.test_deploy import DEPLOY, read
from tests.rules.world import RULES

SIZES = ("victoria", "cluster", "mimir")
FRONTS = ("victoria/front.conf", "cluster/front.conf")
EVALUATORS = ("victoria/prometheus.yml", "cluster/prometheus-a.yml")
_DAY_S = 86_400
# docs.victoriametrics.com/victoriametrics/cluster-victoriametrics, "List of command-line flags" (read 2026-11-23)
CLUSTER = {
    "vmstorage": {"storageDataPath", "httpListenAddr", "vminsertAddr", "vmselectAddr", "retentionPeriod",
                  "dedup.minScrapeInterval"},
    "vminsert": {"httpListenAddr", "storageNode", "replicationFactor"},
    "vmselect": {"httpListenAddr", "storageNode", "replicationFactor", "dedup.minScrapeInterval",
                 "search.latencyOffset", "cacheDataPath"},
}  # fmt: skip
# Grafana Mimir configuration parameters, and the limits it begins with (pkg/util/validation/limits.go; read 2026-11-23)
MIMIR_LIMITS = {
    "out_of_order_time_window": "0s", "query_ingesters_within": "13h", "compactor_blocks_retention_period": "0s",
    "ruler_evaluation_delay_duration": "1m", "ruler_max_rules_per_rule_group": 20,
    "ruler_max_rule_groups_per_tenant": 70, "ingestion_rate": 10_000, "ingestion_burst_size": 200_000,
    "max_global_series_per_user": 150_000,
}  # fmt: skip


def run(*command: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- taken by their programs


@pytest.mark.parametrize("name", EVALUATORS)
def test_promtool_takes_who_evaluates(name: str) -> None:
    done = run("promtool", "check", "config", "--syntax-only", SCALE / name)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FRONTS)
def test_nginx_takes_the_front(name: str, tmp_path: Path) -> None:
    done = run("nginx", "-t", "-c", nginx(SCALE / name, tmp_path))
    assert done.returncode == 0, done.stderr


def nginx(front: Path, folder: Path, **otherwise: str) -> Path:
    """A whole configuration round it. `otherwise`: words to put for others, addresses of a test."""
    text = front.read_text()
    for was, now in otherwise.items():
        assert was in text
        text = text.replace(was, now)
    paths = "".join(f"{each}_temp_path {folder};\n" for each in ("proxy", "client_body", "fastcgi", "uwsgi", "scgi"))
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
    )
    return whole


def test_victoria_metrics_knows_every_flag() -> None:
    known = run("victoria-metrics", "-help")
    asked = flags("victoria/victoria-metrics.default")
    assert asked
    assert all(f"\n  -{flag} " in known.stdout + known.stderr for flag in asked)


@pytest.mark.parametrize("shard", ["a", "b"])
def test_vmagent_takes_what_a_shard_gets(shard: str, tmp_path: Path) -> None:
    given = ("-remoteWrite.url=http://127.0.0.1:1", f"-remoteWrite.urlRelabelConfig={SCALE}/cluster/shard-{shard}.yml")
    (tmp_path / "nothing.yml").write_text("{}")  # 1.79 wants something to scrape, or it checks nothing
    done = run("vmagent", "-dryRun", f"-promscrape.config={tmp_path}/nothing.yml", *given, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", CLUSTER)
def test_the_cluster_is_told_words_it_knows(role: str) -> None:
    assert set(flags(f"cluster/{role}.default")) <= CLUSTER[role]


@pytest.mark.parametrize("size", SIZES)
def test_a_hub_takes_where_it_forwards_to(size: str, tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "registry.yml").write_text("")
    (tmp_path / "hub.yml").write_text("listen: 127.0.0.1:8443\n" + (SCALE / size / "hub.yml").read_text())
    found, mistakes = settings.load(tmp_path / "hub.yml")
    assert found is not None, mistakes
    assert found.config.forward.query


@pytest.mark.parametrize("script", sorted(SCALE.rglob("*.sh")), ids=lambda path: path.name)
def test_the_scripts_are_plain_shell(script: Path) -> None:
    done = run("shellcheck", script)
    assert done.returncode == 0, done.stdout


# ---------------------------------------------------------------- and of one mind


def seconds(duration: str) -> float:
    return reading.duration_ms(duration) / 1000


def windows() -> dict[str, float]:
    found = {name: seconds(yaml(name)["storage"]["tsdb"]["out_of_order_time_window"]) for name in EVALUATORS}
    return found | {"mimir/mimir.yml": seconds(yaml("mimir/mimir.yml")["limits"]["out_of_order_time_window"])}


def test_whoever_a_hub_writes_to_takes_a_day_more_than_the_hub_does() -> None:
    """Prometheus 2.42 answers 500 to what is too old, and so does it to all that came beside it."""
    accepts_s = HubConfig.model_fields["accepts_age_s"].default
    assert set(windows().values()) == {accepts_s + _DAY_S}
    assert "`8d`" in DOC.read_text()


def test_memory_is_as_long_everywhere() -> None:
    kept = [flags("victoria/victoria-metrics.default"), flags("cluster/vmstorage.default")]
    found = {each["retentionPeriod"] for each in kept} | {
        yaml("mimir/mimir.yml")["limits"]["compactor_blocks_retention_period"]
    }
    assert (
        found
        == {stack._RETENTION}
        == {f"{json.loads((SCALE / 's3/lock.json').read_text())['Rule']['DefaultRetention']['Days']}d"}
    )


def test_a_sample_that_came_twice_is_one_sample() -> None:
    files = ("victoria/victoria-metrics.default", "cluster/vmstorage.default", "cluster/vmselect.default")
    assert {flags(name)["dedup.minScrapeInterval"] for name in files} == {"1ms"}
    assert "-dedup.minScrapeInterval=1ms" in DOC.read_text()
    replicas = {flags(f"cluster/{role}.default")["replicationFactor"] for role in ("vminsert", "vmselect")}
    assert replicas == {"2"}


@pytest.mark.parametrize("size", ["victoria", "cluster"])
def test_what_a_hub_writes_finds_its_way(size: str) -> None:
    front = (SCALE / size / "front.conf").read_text()
    forward = yaml(f"{size}/hub.yml")["forward"]
    path = re.search(r"location = (\S+) \{\s+mirror", front)
    listens = re.search(r"listen (\S+);", front)
    assert path
    assert listens
    assert forward["remote_write"] == f"http://{listens[1]}{path[1]}"
    first, copy = re.findall(r"proxy_pass http://([^/;]+)", front)
    if size == "victoria":
        assert first == flags("victoria/victoria-metrics.default")["httpListenAddr"]
        assert forward["query"] == f"http://{first}"
        assert copy in (DEPLOY / "prometheus/prometheus.default").read_text()
    else:
        assert f"server {flags('cluster/vminsert.default')['httpListenAddr']};" in front
        assert forward["query"].startswith(f"http://{flags('cluster/vmselect.default')['httpListenAddr']}/select/0/")
        assert copy == flags("cluster/vmagent.default")["httpListenAddr"]


def test_mimir_is_where_the_hub_looks_for_it() -> None:
    forward, port = yaml("mimir/hub.yml")["forward"], yaml("mimir/mimir.yml")["server"]["http_listen_port"]
    assert forward == {
        "remote_write": f"http://127.0.0.1:{port}/api/v1/push",
        "query": f"http://127.0.0.1:{port}/prometheus",
    }


def test_storage_nodes_listen_where_the_others_call() -> None:
    storage = flags("cluster/vmstorage.default")
    for role, port in (("vminsert", storage["vminsertAddr"]), ("vmselect", storage["vmselectAddr"])):
        assert {each[2:] for each in flags(f"cluster/{role}.default")["storageNode"].split(",")} == {port}


def test_whoever_evaluates_sends_on_what_rules_find_and_nothing_that_a_box_said() -> None:
    """A raw sample older than Prometheus's last start would not arrive: test_passed_on.py."""
    for name in EVALUATORS:
        (rule,) = yaml(name)["remote_write"][0]["write_relabel_configs"]
        assert rule["action"] == "keep"
        assert re.fullmatch(rule["regex"], "didban:network_reach:ratio")
        assert re.fullmatch(rule["regex"], "ALERTS")
        assert not re.fullmatch(rule["regex"], "didban_target_up")


def test_two_evaluators_tell_people_once() -> None:
    config = yaml("cluster/prometheus-a.yml")
    (label,) = config["global"]["external_labels"]
    assert {"action": "labeldrop", "regex": label} in config["alerting"]["alert_relabel_configs"]
    assert f"{label}, replica)" in (RULES / "didban.yml").read_text(), "rules leave it out of what they count"


def test_the_evaluator_beside_victoria_metrics_is_the_one_beside_a_hub() -> None:
    ours, tried = yaml("victoria/prometheus.yml"), read(DEPLOY / "prometheus/prometheus.yml")
    for key in ("global", "rule_files", "alerting", "scrape_configs"):
        assert ours[key] == tried[key]


def test_mimir_lets_our_rules_be_as_many_as_they_are_and_asks_them_without_delay() -> None:
    limits, groups = yaml("mimir/mimir.yml")["limits"], reading.shipped(RULES)
    assert set(limits) == set(MIMIR_LIMITS)
    assert max(len(group.rules) for group in groups) > int(str(MIMIR_LIMITS["ruler_max_rules_per_rule_group"]))
    assert limits["ruler_max_rules_per_rule_group"] == limits["ruler_max_rule_groups_per_tenant"] == 0
    assert seconds(limits["ruler_evaluation_delay_duration"]) == 0
    assert f"ours has {max(len(group.rules) for group in groups)}" in (SCALE / "mimir/mimir.yml").read_text()


# ---------------------------------------------------------------- the store of evidence


def allowed(action: str, resource: str, *, by: str = "user/v7f3a", tls: bool = True) -> bool:
    """As IAM reads a bucket's policy: what is denied anywhere is denied, what is allowed nowhere as well."""
    said = set()
    for each in json.loads((SCALE / "s3/policy.json").read_text())["Statement"]:
        principal = each["Principal"]
        mine = principal == "*" or principal["AWS"].endswith(by)
        listed = action in _many(each.get("Action", [])) or "s3:*" in _many(each.get("Action", []))
        asked = listed if "Action" in each else action not in _many(each["NotAction"])
        place = any(re.fullmatch(one.replace("*", ".*"), resource) for one in _many(each["Resource"]))
        condition = not tls if "Condition" in each else True
        said |= {each["Effect"]} if mine and asked and place and condition else set()
    return said == {"Allow"}


def _many(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def test_a_box_adds_to_its_own_folder_and_can_do_nothing_else() -> None:
    bucket, own = "arn:aws:s3:::evidence", "arn:aws:s3:::evidence/IR/AS197207/v7f3a/2026-11-21T05.jsonl.gz"
    assert allowed("s3:PutObject", own)
    assert not allowed("s3:PutObject", own, tls=False)
    assert not allowed("s3:PutObject", own.replace("v7f3a", "v9d01"))
    for action in (
        "s3:GetObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutObjectRetention",
        "s3:PutObjectAcl",
    ):
        assert not allowed(action, own), action
    for action in ("s3:ListBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"):
        assert not allowed(action, bucket), action


def test_nothing_ends_before_its_lock_does() -> None:
    (rule,) = json.loads((SCALE / "s3/lifecycle.json").read_text())["Rules"]
    days = json.loads((SCALE / "s3/lock.json").read_text())["Rule"]["DefaultRetention"]["Days"]
    assert rule["Expiration"]["Days"] >= days
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] >= days
