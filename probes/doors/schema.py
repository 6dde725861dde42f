"""Fits a strictly read document into a pydantic model; what does not fit comes back as mistakes, all at once."""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from probes.countries import COUNTRIES
from probes.doors.yamlfile import Document, Location, Mistake

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 100 * 365 * 86400
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_LAST_AS = 2**32 - 1  # RFC 6793
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.I)

_KINDS = {  # the first word of pydantic's name of a mistake -> what a person calls that in YAML
    **dict.fromkeys(("tuple", "list"), "a list"),
    **dict.fromkeys(("model", "dict", "mapping"), "a mapping of keys"),
    "string": "text (a number or true needs quotes)",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date such as 2026-11-21",
}

Rule = Callable[[str], str]  # gives back what it was given, or raises ValueError in plain words


class Strict(BaseModel):
    """A model that takes nothing it does not know, changes nothing it was given, and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def seconds(given: object) -> float:
    """`500ms 10s 5m 2h 7d` in seconds."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", given) if isinstance(given, str) else None
    if not found or not 0 < float(found[1]) * _SECONDS[found[2]] <= _LONGEST_S:
        raise ValueError(f"must be a duration such as 500ms, 10s, 5m, 2h or 7d, not {shown(given)}")
    return float(found[1]) * _SECONDS[found[2]]


def size(given: object) -> int:
    """`KB MB GB` (powers of ten) in bytes."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(B|KB|MB|GB)", given) if isinstance(given, str) else None
    if not found or float(found[1]) == 0:
        raise ValueError(f"must be a size such as 500KB, 120MB or 1GB, not {shown(given)}")
    return int(float(found[1]) * _BYTES[found[2]])


def country(given: str) -> str:
    if given not in COUNTRIES:
        raise ValueError(f"must be a country of ISO 3166-1 such as IR, not {shown(given)}")
    return given


def network(given: str) -> str:
    if not re.fullmatch(r"AS[1-9][0-9]{0,9}", given) or int(given[2:]) > _LAST_AS:
        raise ValueError(f"must be an autonomous system such as AS197207, not {shown(given)}")
    return given


def host(given: str) -> str:
    if not _HOST.fullmatch(given):
        raise ValueError(f"must be a host name, not {shown(given)}")
    return given


def address(given: str) -> str:
    if not is_address(given):
        raise ValueError(f"must be an IP address, not {shown(given)}")
    return str(ipaddress.ip_address(given))


def is_address(given: str) -> bool:
    try:
        ipaddress.ip_address(given)
    except ValueError:
        return False
    return True


def matching(pattern: str, what: str) -> Rule:
    """A rule for text of one form, with the words that say which."""

    def rule(given: str) -> str:
        if not re.fullmatch(pattern, given):
            raise ValueError(f"must be {what}, not {shown(given)}")
        return given

    return rule


def host_and_port(given: str) -> str:
    found = re.fullmatch(r"(\[[0-9a-f:]+\]|[^:/ ]+):([0-9]{1,5})", given)
    if not found or not 0 < int(found[2]) < 65536:
        raise ValueError(f"must be HOST:PORT, not {shown(given)}")
    return given


def word(given: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", given):
        raise ValueError(f"must be a word of a-z, 0-9, - and _, not {shown(given)}")
    return given


Seconds = Annotated[float, BeforeValidator(seconds)]
Bytes = Annotated[int, BeforeValidator(size)]
Country = Annotated[str, AfterValidator(country)]
NetworkId = Annotated[str, AfterValidator(network)]
Host = Annotated[str, AfterValidator(host)]
Address = Annotated[str, AfterValidator(address)]
HostPort = Annotated[str, AfterValidator(host_and_port)]
Word = Annotated[str, AfterValidator(word)]
Port = Annotated[int, Field(ge=1, le=65535)]

Model = TypeVar("Model", bound=Strict)


def as_json(value: object) -> str:
    """Plain values as a strict model takes them: in JSON a word may be an enum, and a number is never a text."""
    return json.dumps(value)


def fit(document: Document, model: type[Model]) -> tuple[Model | None, tuple[Mistake, ...]]:
    """The model, or every mistake sorted by line. Strict: `"5"` is no number, `NO` is Norway and never false.

    A section with nothing under it (`ship:`, its rows commented out) is the same as none.
    """
    mistakes = list(document.mistakes)
    fitted: Model | None = None
    if not (document.value is None and mistakes):
        try:
            given = document.value if document.value is not None else {}
            fitted = model.model_validate_json(json.dumps(_without_empty(given, model)))
        except ValidationError as error:
            mistakes += (_mistake(detail, document, model) for detail in _causes(error.errors(include_url=False)))
    return (fitted if not mistakes else None), tuple(sorted(set(mistakes)))


def _without_empty(given: Any, model: object) -> Any:
    """Without sections that hold nothing. What is no section, and what has rows by default, is left to the model."""
    if isinstance(given, list):
        return [_without_empty(each, model) for each in given]
    if not isinstance(given, dict) or not (isinstance(model, type) and issubclass(model, BaseModel)):
        return given
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return {
        key: _without_empty(each, _inner_model(fields[key].annotation)) if key in fields else each
        for key, each in given.items()
        if each is not None or key not in fields or not _is_section(fields[key])
    }


def _is_section(field: FieldInfo) -> bool:
    default = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    return isinstance(default, Strict) or default in ((), {})


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the echoes: a list is not too short because its only row is wrong."""
    places = [detail["loc"] for detail in details]

    def is_echo(detail: ErrorDetails) -> bool:
        here = detail["loc"]
        return detail["type"] == "too_short" and any(p != here and p[: len(here)] == here for p in places)

    return [detail for detail in details if not is_echo(detail)]


def _mistake(detail: ErrorDetails, document: Document, model: type[BaseModel]) -> Mistake:
    location: Location = detail["loc"]
    return document.mistake(location, _in_words(detail, location, model))


def _in_words(detail: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    given, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            near = difflib.get_close_matches(str(location[-1]), _known_keys(model, location), n=1)
            return "unknown key" + (f"; did you mean {near[0]}?" if near else "")
        case "value_error":
            return str(context["error"])
        case "enum" | "literal_error":
            return f"must be one of {context['expected'].replace(' or ', ', ')}, not {shown(given)}"
        case "too_short" | "string_too_short":
            return "must not be empty" if context["min_length"] == 1 else f"must hold {context['min_length']} or more"
        case "string_too_long":
            return f"must have {context['max_length']} characters or fewer, not {shown(given)}"
        case kind if (what := _KINDS.get(kind.partition("_")[0])) and kind.endswith(("_type", "_parsing", "_float")):
            return f"must be {what}, not {shown(given)}"
        case kind if kind.startswith(("greater_than", "less_than")) or kind.endswith(("_type", "_parsing")):
            return _must(detail)
        case _:
            return f"{detail['msg'][0].lower()}{detail['msg'][1:]}"


def _must(detail: ErrorDetails) -> str:
    return f"{detail['msg'].replace('Input should', 'must', 1)}, not {shown(detail['input'])}"


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that the mapping holding `location` may have."""
    current: Any = model
    for part in location[:-1]:
        if isinstance(part, str) and isinstance(current, type) and issubclass(current, BaseModel):
            field = next((f for name, f in current.model_fields.items() if part in (name, f.alias)), None)
            current = _inner_model(field.annotation) if field else None
    if not (isinstance(current, type) and issubclass(current, BaseModel)):
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _inner_model(argument))), None)


def shown(given: object) -> str:
    """What was given, short enough for one line, and never a whole mapping that may hold a secret."""
    if isinstance(given, Mapping):
        return "a mapping"
    if isinstance(given, list):
        return "a list"
    text = json.dumps(given, ensure_ascii=False) if not isinstance(given, str) else repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
