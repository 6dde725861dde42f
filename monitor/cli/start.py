"""`didban init`: asks where the box stands, shows what probing from there means, writes the configuration."""

from __future__ import annotations

import datetime
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from monitor.begin import consent, enrolment, init
from monitor.begin.check import check
from monitor.begin.enrolment import Enrolment
from monitor.cli.common import NO, WRONG_USE, fail, refuse
from monitor.telling.localtime import country_here
from probes.doors import schema
from probes.doors.clock import SystemClock
from probes.words import Access, Role

T = TypeVar("T")

app = typer.Typer()


def _country(given: str | None) -> str | None:
    return _checked(schema.country, given)


def _network(given: str | None) -> str | None:
    return _checked(schema.network, given) if given else given


def _checked(rule: schema.Rule, given: str | None) -> str | None:
    try:
        return None if given is None else rule(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("init")
def init_command(
    role: Annotated[Role | None, typer.Option(help="Inside the country, or a control outside it.")] = None,
    country: Annotated[str | None, typer.Option(callback=_country, help="ISO 3166-1 alpha-2, such as IR.")] = None,
    network: Annotated[str | None, typer.Option(callback=_network, help="Such as AS197207; may stay empty.")] = None,
    access: Annotated[Access | None, typer.Option(help="Kind of line.")] = None,
    i_understand: Annotated[bool, typer.Option("--i-understand", help="The text was read, and agreed to.")] = False,
    enrol: Annotated[str, typer.Option(help="The line `didban hub add` printed; - asks for it.")] = "",
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("didban.yml"),
    storage: Annotated[str, typer.Option(help="Where measurements are kept.")] = "/var/lib/didban",
) -> None:
    """Write a didban.yml, after its keeper has read what probing from that place means, and agreed."""
    if out.exists():
        fail(f"{out} is there already; move it away first")
    told = _told(enrol) if enrol else None
    if told is not None:
        if any(each is not None for each in (role, country, network, access)):
            fail("the line says where the box stands: give no --role, --country, --network or --access", WRONG_USE)
        role, country, access, network = told.role, told.country, told.access, told.network
    elif sys.stdin.isatty():
        role = role or _ask("Inside the country, or a control outside it (inside, control)", Role, "control")
        country = country or _ask("Country (ISO 3166-1, such as IR)", lambda given: schema.country(given.upper()))
        access = access or _ask("Kind of line (mobile, fixed, datacenter)", Access, "datacenter")
        if network is None:
            network = _ask("Network (such as AS197207; Enter leaves it out)", _network_or_none, "")
    if role is Role.CONTROL:  # a control's own country is no part of what it says
        country, access = country or country_here(), access or Access.DATACENTER
    if role is None or country is None or access is None:
        fail("without a terminal to ask on, give --role, --country and --access", WRONG_USE)
    if role is Role.INSIDE and country == "ZZ":
        fail("a vantage inside says inside of what: give --country", WRONG_USE)
    _agree(role, country, access, i_understand)
    answers = init.Answers(role, country, access, network or "", told)
    today = datetime.datetime.fromtimestamp(SystemClock().now_ms() / 1000, datetime.UTC).date().isoformat()
    vantage = init.write(out, answers, storage=storage, today=today)
    typer.echo(f"{out} and its secret are written; this vantage is {vantage}.")
    news, mistakes = check(out)
    if mistakes:
        refuse(mistakes)
    typer.echo(news)


def _told(given: str) -> Enrolment:
    """What a line says. Asked for, it is not shown, and stands in no list of commands."""
    try:
        return enrolment.read(typer.prompt("The line", hide_input=True) if given == "-" else given)
    except ValueError as error:
        fail(f"the line {error}", WRONG_USE)


def _ask(question: str, answer: Callable[[str], T], default: str | None = None) -> T:
    """Asks until the answer fits."""
    while True:
        given = typer.prompt(question, default=default, show_default=bool(default))
        try:
            return answer(given.strip())
        except ValueError as error:
            typer.echo(f"  {error}", err=True)


def _network_or_none(given: str) -> str:
    return schema.network(given.upper()) if given else ""


def _agree(role: Role, country: str, access: Access, already: bool) -> None:
    """Shows the text; goes on only when it was agreed to."""
    typer.echo(consent.shown(consent.text(role, country, access), shutil.get_terminal_size().columns))
    if already:
        return
    if not sys.stdin.isatty():
        fail("nothing is written without consent: read the text above, then say --i-understand", NO)
    if not typer.confirm("Have you read this, and do you agree?"):
        fail("nothing is written, nothing will be sent", NO)
