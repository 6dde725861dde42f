"""`didban rules`: writes what ships for Prometheus, Alertmanager and Grafana."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from dashboards import grafana
from monitor.beside import rulefiles
from monitor.cli import fleet
from monitor.cli.options import TimeScale, checked
from monitor.home.addresses import home
from monitor.notify.settings import Pages

app = typer.Typer()


@app.command("rules")
def rules(
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    time_scale: TimeScale = 1,
    url: Annotated[
        str | None,
        typer.Option(callback=checked(home), help="Where people find the hub: its /runbook/ is in the links."),
    ] = None,
    dashboard_url: Annotated[
        str | None, typer.Option(callback=checked(home), help="Where Grafana's dashboards are.")
    ] = None,
    config_file: Annotated[Path | None, typer.Option("--config.file", help="hub.yml: both from notify.pages.")] = None,
) -> None:
    """Write the shipped rules, the Alertmanager template, the runbook and the dashboards."""
    pages = fleet.pages_of(config_file) if config_file is not None else Pages()
    pages = Pages(url=url or pages.url, dashboard=dashboard_url or pages.dashboard)
    rulefiles.write_rules(out / "rules", times=time_scale, pages=pages)
    rulefiles.write_runbook(out / "runbook")
    template = rulefiles.scaled((rulefiles.NOTIFY / "alertmanager.yml").read_text(encoding="utf-8"), time_scale)
    (out / "alertmanager.yml").write_text(template, encoding="utf-8")
    shutil.copy(rulefiles.NOTIFY / "messages.tmpl", out)
    (out / "dashboards").mkdir(exist_ok=True)
    for path in grafana.files():
        shutil.copy(path, out / "dashboards")
    typer.echo(f"{out}: rules, runbook, dashboards, alertmanager.yml (its receivers are yours to fill in)")
