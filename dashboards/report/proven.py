"""Where and how each service broke, the proof of it, and what else it could have been."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.report.charts import where
from dashboards.report.markup import code, paragraph, section, table, text
from dashboards.report.model import Dossier, Form
from dashboards.report.proof import Exhibit, Line, Proof
from dashboards.report.summary import service_name
from dashboards.report.tongue import Tongue

_LOCAL = frozenset(
    {"address", "name", "answers", "isp", "trusted", "second", "certificate", "body", "issuer", "fingerprint"}
)


def part(dossier: Dossier, say: Tongue) -> str:
    if not dossier.proofs:
        return ""
    return section(
        "proof", say("h_proof"), paragraph(say("proof_means")), *(_proof(dossier, each, say) for each in dossier.proofs)
    )


def _proof(dossier: Dossier, proof: Proof, say: Tongue) -> str:
    name = say("comma").join((service_name(dossier, proof.service, say), say.put(where(dossier, proof.network, say))))
    share = say.share(proof.reached, tenths=dossier.form is Form.PUBLIC)
    many = (
        say("attempts_public", share=share)
        if proof.attempts is None
        else say("attempts", n=proof.attempts, share=share)
    )
    return (
        f"<article><h3>{text(name)}</h3>{paragraph(many) if proof.reached is not None else ''}"
        f"{_broke(dossier, proof, say)}{_found(dossier, proof, say)}"
        f"{''.join(_exhibit(each, say) for each in proof.exhibits)}</article>"
    )


def _broke(dossier: Dossier, proof: Proof, say: Tongue) -> str:
    if not proof.broke:
        return ""
    counted = dossier.form is Form.SEALED
    header = [say("t_step"), say("t_how"), say("t_share"), *([say("t_count")] if counted else [])]
    rows = []
    for each in proof.broke:
        row = [text(say(f"step_{each.step}")), text(say(f"failure_{each.failure}")), _bar(each.share, say)]
        rows.append([*row, *([text(say.put(each.walks or 0))] if counted else [])])
    return table(header, rows, caption=say("broke_at"), style="broke")


def _bar(share: float, say: Tongue) -> str:
    said = say.share(share) if share >= 0.01 else say.put("< 1%")
    return f'<span class="bar" style="--of:{share:.3f}"></span> {text(said)}'


def _found(dossier: Dossier, proof: Proof, say: Tongue) -> str:
    least = dossier.form is Form.PUBLIC
    items = []
    for each in proof.found:
        parts = []
        if each.lines is not None:
            parts.append(say("found_on", lines=say("lines_n", n=say.count(each.lines, least=least))))
        if each.share is None:
            parts.append(say("found_compared"))
        elif each.share >= (0.1 if least else 0.0005):
            parts.append(say("found_share", share=say.share(each.share) if each.share >= 0.01 else say.put("< 1%")))
        items.append(
            f"<li>{text(say(f'finding_{each.finding}'))} <small>({text(say('comma').join(parts))})</small></li>"
        )
    return f"<h4>{text(say('found'))}</h4><ul>{''.join(items)}</ul>" if items else paragraph(say("nothing_found"))


# ---------------------------------------------------------------- exhibits


def _exhibit(each: Exhibit, say: Tongue) -> str:
    of = say("ex_of", target=each.target, endpoint=each.endpoint, time=say.moment(each.at_ms))
    means = paragraph(say("ex_compared_means"), "soft") if each.kind == "compared" else ""
    shows = (
        paragraph(say("ex_shows", what=say.names([say(f"finding_{word}") for word in each.shows])))
        if each.shows
        else ""
    )
    told = _told(each, say) if each.said else ""
    header = [say("t_step"), say("t_how"), say("t_facts")]
    rows = [_line(each.kind, line, say) for line in each.lines]
    return (
        f'<div class="exhibit"><h4>{text(say(f"ex_{each.kind}"))}</h4>{paragraph(of, "soft")}{means}'
        f"{table(header, rows, caption=say(f'ex_{each.kind}'), style='steps')}{shows}{told}"
        f"{''.join(_records(each, say))}</div>"
    )


def _told(each: Exhibit, say: Tongue) -> str:
    """What both ends saw; where a language has no words for it, in English and marked as that."""
    found = say.witnessed(each.said)
    lost = say(f"lost_{each.lost}") if each.lost else ""
    what = text(found) if found is not None else f'<span lang="en" dir="ltr">{text(each.said)}</span>'
    return f"<p>{text(say('both_ends'))} {what} {text(lost)}</p>"


def _line(kind: str, line: Line, say: Tongue) -> list[str]:
    what = say(f"cell_{line.what}") if kind == "compared" else say(f"step_{line.what}")
    came = say(f"failure_{line.failure}") if line.failure else say("done")
    facts = "<br>".join(
        f"<span>{text(say(f'fact_{key}'))}:</span> {_fact(key, value, say)}" for key, value in line.facts
    )
    return [text(what), f"{text(came)} <small>{text(say('seconds', n=f'{line.took_s:.2f}'))}</small>", facts]


def _fact(key: str, value: str, say: Tongue) -> str:
    if key == "step":
        return text(say(f"step_{value}"))
    if key == "findings":
        return text(say.names([say(f"finding_{word}") for word in value.split()]))
    return code(value)


def _records(each: Exhibit, say: Tongue) -> Iterator[str]:
    box, id, commitment = each.records[0]
    ids = ", ".join(str(record[1]) for record in each.records)
    words = say("ex_record", id=str(id), box=box) if len(each.records) == 1 else say("ex_records", ids=ids, box=box)
    yield f'<p class="soft">{text(words)} {code(commitment)}</p>' if commitment else paragraph(words, "soft")
    if each.head:
        yield f'<p class="soft">{text(say("ex_head"))} {code(each.head)}</p>'


# ---------------------------------------------------------------- what else


def others(dossier: Dossier, say: Tongue) -> str:
    if not dossier.others:
        return ""
    rows = [
        [
            text(say(f"other_{each.key}")),
            f'<strong class="holds-{each.holds}">{text(say(f"holds_{each.holds}"))}</strong>',
            text(say(f"other_{each.key}_{each.holds}")),
        ]
        for each in dossier.others
    ]
    header = [say("t_other"), say("t_holds"), say("t_against")]
    return section(
        "others", say("h_others"), paragraph(say("others_means")), table(header, rows, caption=say("h_others"))
    )
