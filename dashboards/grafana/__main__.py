"""`python -m dashboards.grafana`: writes the dashboards' JSON. The same program gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana import overview

HERE = Path(__file__).parent
MADE = {overview.UID: overview.build}


def rendered(uid: str) -> str:
    return str(JSONEncoder(sort_keys=True, indent=2).encode(MADE[uid]())) + "\n"


def main() -> None:
    for uid in MADE:
        (HERE / f"{uid}.json").write_text(rendered(uid), encoding="utf-8")


if __name__ == "__main__":
    main()
