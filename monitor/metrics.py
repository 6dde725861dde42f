"""The only list of metric names, labels and help texts. A label is a closed word or a configured id: no address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from probes.facts import Vantage

IDENTITY = ("vantage", "country", "network", "access", "role")  # on every series; set by the hub from the credential


class Shape(Enum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, eq=False)  # each is one of a kind: compared and hashed as such, by the interpreter
class Family:
    """`home`: part of the home set, shipped by default. A histogram's name carries no suffix here."""

    name: str
    shape: Shape
    labels: tuple[str, ...]
    help: str
    home: bool = False


class Series(NamedTuple):
    """One line of /metrics without its value: the family, the suffix a histogram adds, and the label values.

    A tuple, because each is made, hashed and compared at every tick: no line of Python runs for that.
    """

    family: Family
    values: tuple[str, ...]
    suffix: str = ""
    le: str = ""

    @property
    def name(self) -> str:
        return self.family.name + self.suffix

    def labels(self, identity: Mapping[str, str]) -> dict[str, str]:
        """All labels, empty ones left out, as Prometheus does."""
        own = dict(zip(self.family.labels, self.values, strict=True))
        everything = {**identity, **own, "le": self.le}
        return {key: value for key, value in everything.items() if value}


def identity(vantage: Vantage) -> dict[str, str]:
    """The five labels of this vantage."""
    return {
        "vantage": vantage.id,
        "country": vantage.country,
        "network": vantage.network,
        "access": vantage.access.value,
        "role": vantage.role.value,
    }


def read(name: str, labels: Mapping[str, str]) -> Series | None:
    """The series a name and its labels stand for; None for a name of another version."""
    for family in FAMILIES:
        suffix = name.removeprefix(family.name)
        if name.startswith(family.name) and suffix in ("", "_bucket", "_sum", "_count"):
            return Series(family, tuple(labels.get(each, "") for each in family.labels), suffix, labels.get("le", ""))
    return None


def spelt(name: str) -> frozenset[str]:
    """The names of the series somebody means by that of a family, or of one of its series; empty for neither."""
    for family in FAMILIES:
        histogram = family.shape is Shape.HISTOGRAM
        every = {family.name + suffix for suffix in (("_bucket", "_sum", "_count") if histogram else ("",))}
        if name == family.name or name in every:
            return frozenset(every if name == family.name else {name})
    return frozenset()


_TARGET = ("service", "target")


def _gauge(name: str, labels: tuple[str, ...], text: str, *, home: bool = False) -> Family:
    return Family(name, Shape.GAUGE, labels, text, home)


def _counter(name: str, labels: tuple[str, ...], text: str, *, home: bool = False) -> Family:
    return Family(name, Shape.COUNTER, labels, text, home)


TARGET_UP = _gauge("didban_target_up", _TARGET, "1 if the last finished round reached the target, else 0.", home=True)
TARGET_STATE = _gauge(
    "didban_target_state", (*_TARGET, "state"), "1 for the state this vantage gives the target now, 0 for the others."
)
SERVICE_STATE = _gauge(
    "didban_service_state",
    ("service", "state"),
    "1 for the state of the service's worst essential target, 0 for the others.",
    home=True,
)
TARGET_ENDPOINTS = _gauge(
    "didban_target_endpoints_ratio", _TARGET, "Share of the target's endpoints reached over the last full turn."
)
TARGET_FAILURE = _gauge(
    "didban_target_failure",
    (*_TARGET, "step", "failure"),
    "1 with the most frequent failure now, ties to the deeper step. Absent when the target is up.",
    home=True,
)
TARGET_FINDING = _gauge(
    "didban_target_finding", (*_TARGET, "finding"), "1 for each proof in hand now. Absent without one.", home=True
)
TARGET_ANSWER = _gauge(
    "didban_target_answer", (*_TARGET, "answer"), "1 with the class of the last authenticated answer.", home=True
)
TARGET_CUSUM = _gauge("didban_target_cusum", _TARGET, "OONI's cumulative sum over rounds, 0 to 3.5 (alarm).")
PROTOCOL_UP = _gauge(
    "didban_protocol_up",
    ("protocol", "peer"),
    "1 if it passes to a host that is no watched service, 0 if only plain TLS does; absent where it never passed.",
    home=True,
)
STEP_DURATION = _gauge(
    "didban_step_duration_seconds",
    (*_TARGET, "step"),
    "How long the step took when it last succeeded. Absent when the target is down.",
    home=True,
)
STEP_BASELINE = _gauge(
    "didban_step_baseline_seconds",
    (*_TARGET, "step"),
    "Median of the step in the same hour (UTC) of the last seven days, frozen while not ok.",
)
WALK_STEP = Family(
    "didban_walk_step_seconds",
    Shape.HISTOGRAM,
    ("service", "step"),
    "How long steps that succeeded took. Off unless histograms: true.",
)
WALKS = _counter("didban_walks_total", (*_TARGET, "result"), "Walks by result: ok, or the failure.")
TRANSFER_SPEED = _gauge(
    "didban_transfer_bytes_per_second", _TARGET, "Goodput of the last transfer, request to last byte."
)
TRANSFER_RATIO = _gauge(
    "didban_transfer_ratio",
    _TARGET,
    "Paired goodput of the last hour, neutral name / tested name: 3 is three times slower.",
    home=True,
)
CERTIFICATE_EXPIRY = _gauge(
    "didban_tls_certificate_expiry_timestamp_seconds", _TARGET, "When the certificate last seen ends."
)
CONNECTIVITY = _gauge(
    "didban_connectivity_ratio",
    ("scope",),
    "Share of the scope's usable canaries that answered when last walked.",
    home=True,
)
CANARIES_ASIDE = _gauge(
    "didban_canaries_set_aside", ("scope", "reason"), "Canaries that say nothing of the line now.", home=True
)
LANDMARKS = _gauge(
    "didban_landmarks_ratio",
    ("about_country", "about_network", "kind"),
    "Landmarks of a network that answer this control, against each one's own level of the last seven days.",
    home=True,
)
HEARTBEAT = _gauge(
    "didban_heartbeat_timestamp_seconds", (), "The last tick in which at least one walk had finished.", home=True
)
STOPPING = _gauge("didban_vantage_stopping", (), "1 as the last word of a clean stop.", home=True)
DRILL = _gauge(
    "didban_drill_timestamp_seconds", (), "When an exercise began that is under way here; no measurement.", home=True
)
CLOCK_OFFSET = _gauge("didban_clock_offset_seconds", (), "Own clock minus true time. Absent if unknown.", home=True)
LATENESS = Family("didban_schedule_lateness_seconds", Shape.HISTOGRAM, (), "Start of a round after it was due.")
MISSED = _counter(
    "didban_schedule_missed_total", ("reason",), "Rounds that were due and not walked: overlap, late, limit.", home=True
)
SPOOL_OBSERVATIONS = _gauge("didban_spool_observations", (), "Walks kept on disk.", home=True)
SPOOL_BYTES = _gauge("didban_spool_bytes", (), "Size of the spool on disk.", home=True)
SPOOL_OLDEST = _gauge("didban_spool_oldest_timestamp_seconds", (), "When the oldest walk kept was made.", home=True)
SPOOL_LIMIT = _gauge("didban_spool_limit_bytes", (), "To what the spool may grow, as the disk stands now.", home=True)
SPOOL_WAITING = _gauge(
    "didban_spool_waiting_writes", (), "Writes that wait in memory until the disk takes them.", home=True
)
SPOOL_LOST = _counter(
    "didban_spool_lost_total", ("what",), "Given up for want of room: thinned, unsent, unstamped, forgotten.", home=True
)
SHIP_PENDING = _gauge("didban_ship_pending_samples", ("destination",), "Samples not yet acknowledged.", home=True)
SHIP_SUCCESS = _gauge(
    "didban_ship_last_success_timestamp_seconds", ("destination",), "When the destination last accepted.", home=True
)
SHIP_SAMPLES = _counter("didban_ship_samples_total", ("destination", "result"), "Samples sent, by result.", home=True)
SHIP_QUARANTINED = _counter(
    "didban_ship_quarantined_total", ("destination", "reason"), "Samples the receiver will not take.", home=True
)
BYTES = _counter("didban_bytes_total", ("direction", "purpose"), "Bytes on the line, headers estimated.", home=True)
METHOD = _gauge(
    "didban_method_info", ("catalogue", "judge", "build", "contract"), "1; what this judgement rests on.", home=True
)
RELOAD_OK = _gauge("didban_config_last_reload_successful", (), "1 if the last reload was taken, 0 if refused.")
RELOAD_TIME = _gauge("didban_config_last_reload_success_timestamp_seconds", (), "When a configuration was last taken.")
BUILD = _gauge("didban_build_info", ("version",), "1; the version that runs.")

# from a hub, or from the daemon of a machine that is its own hub (`didban up`)
SERVICE_INFO = _gauge("didban_service_info", ("service", "page"), "1; page: a block of it wakes people.")
EXPECTED = _gauge("didban_vantage_expected", (), "1 for a vantage the registry expects to hear.")
COHORT = _gauge(
    "didban_vantage_cohort", ("cohort",), "1; boxes of one cohort share a home or a power line: one witness."
)
REGION = _gauge("didban_vantage_region", ("region",), "1; where in the country a box stands, if its keeper said so.")
PAUSED = _gauge("didban_vantage_paused", (), "1 for a vantage whose silence is agreed.")
WATCH = _gauge("didban_country_watch", ("country",), "1 while thresholds for single boxes are lowered.")
WEIGHT = _gauge(
    "didban_network_weight_ratio", ("country", "network", "operator"), "Share of the country's users on a network."
)
OPERATOR = _gauge(
    "didban_network_operator", ("country", "network", "operator"), "1; whose network it is: those of one count once."
)
STANDING = _gauge(
    "didban_service_standing", ("country", "service"), "1; blocked for long by our dated list: shown, and no news."
)
INCIDENT = _gauge(
    "didban_incident",
    ("alert", "country", "network", "service", "extent"),
    "1 from onset to end of what the rules never said live: evidence that came late shows it.",
)
UTC_OFFSET = _gauge("didban_country_utc_offset_seconds", ("country",), "Local time minus UTC, now.")

# of the hub itself
# `hub`: its name in hub.yml, where two of them write to one database
HUB_BATCHES = _counter(
    "didban_hub_batches_total", ("hub", "vantage", "result"), "Batches from a vantage: taken, or why not."
)
HUB_QUEUE = _gauge("didban_hub_queue_samples", ("hub",), "Samples the hub took and the database does not have yet.")
HUB_QUEUE_OLDEST = _gauge(
    "didban_hub_queue_oldest_timestamp_seconds",
    ("hub",),
    "When the batch that waits longest was received. Absent where none waits.",
)
HUB_QUARANTINED = _counter(
    "didban_hub_quarantined_total", ("hub", "reason"), "Samples the database will not take, set aside."
)
HUB_FORWARDED = _gauge(
    "didban_hub_forward_last_success_timestamp_seconds",
    ("hub",),
    "When the database last took what a vantage wrote.",
)
HUB_RELAY = _gauge(
    "didban_hub_relay_messages",
    ("hub", "way", "state"),
    "Messages to people by way and state: waiting, delivered, elsewhere (told by another relay), refused, given_up.",
)

_OF_THE_HUB = frozenset({HUB_BATCHES, HUB_QUEUE, HUB_QUEUE_OLDEST, HUB_QUARANTINED, HUB_FORWARDED, HUB_RELAY})
_STATED_ABROAD = frozenset(
    {EXPECTED, PAUSED, COHORT, REGION, SERVICE_INFO, WATCH, WEIGHT, OPERATOR, STANDING, UTC_OFFSET, INCIDENT}
)
FROM_THE_HUB = _OF_THE_HUB | _STATED_ABROAD

FAMILIES: tuple[Family, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Family))
OF_OUR_CLOCK = frozenset({DRILL, HEARTBEAT, RELOAD_TIME, SHIP_SUCCESS})  # values that are times by it
NAMES_HOME = frozenset(family.name for family in FAMILIES if family.home)
