"""Some seconds of hostile servers: nothing grows; and a door that forgets to close what it opens is found."""

from __future__ import annotations

from tests.soak.day import walks_a_day
from tests.soak.picture import drawn
from tests.soak.run import Sample, leaks, soak

_SECONDS, _SHARE = 13.0, 5


def test_some_seconds_of_hostile_servers_leaves_nothing_behind() -> None:
    samples = soak(seconds=_SECONDS, share=_SHARE)
    assert not leaks(samples)
    assert samples[-1].walks >= 50, "so few walks show nothing"


def test_a_door_that_leaks_is_found() -> None:
    """The same, by a door that keeps a descriptor, 200 KB and a task of each connection."""
    found = leaks(soak(seconds=_SECONDS, share=_SHARE, leak=True))
    assert [each.partition(":")[0] for each in found] == ["memory_bytes", "descriptors", "tasks"]


def _sample(at_s: float, memory_mb: float) -> Sample:
    return Sample(at_s, int(memory_mb * 2**20), 20, 20, int(at_s), 0, 0.01)


def test_what_fills_in_the_beginning_is_no_leak_and_what_grows_on_is() -> None:
    assert not leaks([_sample(at, min(60 + at, 80)) for at in range(100)])
    (found,) = leaks([_sample(at, 60 + at) for at in range(100)])
    assert found.startswith("memory_bytes")


def test_a_box_inside_makes_so_many_walks_a_day() -> None:
    """What the full soak takes as its measure."""
    assert 10_000 < walks_a_day() < 100_000


def test_the_picture_is_svg_with_a_course_for_each_measure() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(drawn([_sample(at, 60) for at in range(10)], "A < B", "under"))
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 4
