"""The command line. Exit codes: 0 done or yes, 1 the answer is no, 2 wrong use, 3 it could not be done."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from dashboards import grafana
from monitor import __version__
from monitor.beside import rulefiles
from monitor.cli import (
    book,
    box,
    drill,
    erase,
    explain,
    export,
    fleet,
    look,
    prove,
    renewal,
    report,
    simulate,
    start,
    stored,
)
from monitor.cli.box import TimeScale
from monitor.cli.common import COULD_NOT, NO
from monitor.notify.settings import Pages

app = typer.Typer(
    name="didban",
    help="Watches whether people can reach one another.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(start.app)
app.add_typer(box.app)
app.add_typer(look.app)
app.add_typer(explain.app)
app.add_typer(drill.app)
app.add_typer(stored.app)
app.add_typer(simulate.app)
app.add_typer(book.app)
app.add_typer(prove.app)
app.add_typer(erase.app)
app.add_typer(export.app)
app.add_typer(report.app)
app.add_typer(renewal.app, name="catalogue")
app.add_typer(fleet.app, name="hub")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"didban {__version__}")
        raise typer.Exit


@app.callback()
def _didban(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


@app.command("rules")
def rules(
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    time_scale: TimeScale = 1,
    url: Annotated[str, typer.Option(help="Where people find the hub: its /runbook/ is in the links.")] = "",
    dashboard_url: Annotated[str, typer.Option(help="Where Grafana's dashboards are.")] = "",
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


def main() -> None:
    sys.excepthook = _one_line
    try:
        sys.exit(typer.main.get_command(app)(standalone_mode=False) or 0)  # app() would take the excepthook away
    except typer.TyperException as error:
        _say(" ".join(error.format_message().split()) or "give a command")
        sys.exit(error.exit_code)
    except typer.Abort:
        _say("nothing was done")
        sys.exit(NO)
    except OSError as error:
        if os.environ.get("DIDBAN_DEBUG"):
            raise
        _say(_in_words(error))
        sys.exit(COULD_NOT)


def _say(line: str) -> None:
    sys.stderr.write(f"didban: {line}\n")


def _in_words(error: OSError) -> str:
    words = (error.strerror or str(error)).lower()
    return f"{error.filename}: {words}" if error.filename else words


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Whatever flew this far is a bug of ours, and still one clear line; DIDBAN_DEBUG=1 shows where it came from."""
    if os.environ.get("DIDBAN_DEBUG"):
        traceback.print_exception(kind, error, trace)
    _say(f"internal error, please report it: {kind.__name__}: {error}")
    raise SystemExit(COULD_NOT)  # left alone, Python says 1, which is our No, and systemd would not try again


if __name__ == "__main__":
    main()
