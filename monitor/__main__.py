"""The command line. Exit codes: 0 done or yes, 1 the answer is no, 2 wrong use, 3 it could not be done."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import traceback
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from monitor import __version__

NO, COULD_NOT = 1, 3
ROOMS = {  # command -> the file it stands in
    "rules": "rules",
    "init": "start",
    "check-config": "check",
    "run": "run",
    "up": "up",
    "probe": "probe",
    "status": "look",
    "explain": "explain",
    "drill": "drill",
    "judge": "stored",
    "backtest": "simulate",
    "book": "book",
    "verify": "prove",
    "backup": "erase",
    "restore": "erase",
    "wipe": "erase",
    "export": "export",
    "report": "report",
    "catalogue": "renewal",
    "hub": "fleet",
}


class Commands(TyperGroup):
    """Loads the one command that is asked for, and all of them only to list them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(ROOMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in ROOMS:
            return None
        room: typer.Typer = importlib.import_module(f"monitor.cli.{ROOMS[cmd_name]}").app
        group = typer.main.get_group(room)
        return group.commands.get(cmd_name, group)


app = typer.Typer(
    name="didban",
    cls=Commands,
    help="Watches whether people can reach one another.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"didban {__version__}")
        raise typer.Exit


@app.callback()
def _didban(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


def main() -> None:
    sys.excepthook = _one_line
    _have_streams()
    try:
        code = typer.main.get_command(app)(standalone_mode=False) or 0  # app() would take the excepthook away
    except typer.TyperException as error:
        _say(_plain(error.format_message()) or "give a command")
        sys.exit(error.exit_code)
    except SystemExit:  # whoever read us has left; typer says 1 then, which is our No. Ours come back as numbers
        code = COULD_NOT
    except typer.Abort:
        _say("nothing was done")
        sys.exit(NO)
    except OSError as error:
        if os.environ.get("DIDBAN_DEBUG"):
            raise
        _say(_in_words(error))
        sys.exit(COULD_NOT)
    sys.exit(code)


def _have_streams() -> None:
    """A script may have closed them: what is said then goes nowhere, and whoever is asked has no terminal.

    Left closed, their numbers would be given to the next files that are opened, and words written into a spool.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we live
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Persian is no reason to say nothing


def _plain(said: str) -> str:
    """In one line, and without the words of the library that looked at the option."""
    line = " ".join(said.split()).replace("Value error, ", "").replace("Input should be", "must be")
    return re.sub(", unable to parse string as an? [a-z]+", "", line)


def _say(line: str) -> None:
    sys.stderr.write(f"didban: {line}\n")


def _in_words(error: OSError) -> str:
    words = error.strerror.lower() if error.strerror else str(error)  # ours name files, and those as they are
    return f"{error.filename}: {words}" if error.filename else words


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Whatever flew this far is a bug of ours, and still one clear line; DIDBAN_DEBUG=1 shows where it came from."""
    if os.environ.get("DIDBAN_DEBUG"):
        traceback.print_exception(kind, error, trace)
    _say(f"internal error, please report it: {kind.__name__}: {error}")
    raise SystemExit(COULD_NOT)  # left alone, Python says 1, which is our No, and systemd would not try again


if __name__ == "__main__":
    main()
