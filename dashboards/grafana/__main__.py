"""`python -m dashboards.grafana`: writes the dashboards' JSON. The same program gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana import country, incident, itself, overview, service, vantage

HERE = Path(__file__).parent
MADE = {board.uid: board for board in (each.BOARD for each in (overview, country, service, vantage, incident, itself))}


def rendered(uid: str) -> str:
    return str(JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(MADE[uid].built())) + "\n"


def main() -> None:
    for uid in MADE:
        (HERE / f"{uid}.json").write_text(rendered(uid), encoding="utf-8")


if __name__ == "__main__":
    main()
