"""The reader of pages does what its own page says, and what is not shown is found."""

from __future__ import annotations

import pytest

from tests.docs import reader
from tests.docs.reader import Ended, NotRun, Typed, Written

PAGE = """
Type this:

<!-- typed: y | {LINE} -->
```sh
didban init
```
```text
Written. ...
```

<!-- on: hub -->
```yaml
# in hub.yml
name: a
```
<!-- not run: no systemd here -->
```sh
systemctl restart didban
```
<!-- ends: box -->
"""


def test_a_page_is_what_its_reader_does_in_order() -> None:
    typed, written, not_run, ended = reader.read(PAGE)
    assert isinstance(typed, Typed)
    assert (typed.on, typed.text, typed.shown) == ("box", "didban init\n", "Written. ...\n")
    assert typed.marks == {"typed": "y | {LINE}"}
    assert isinstance(written, Written)
    assert (written.on, written.name, written.how, written.text) == ("hub", "hub.yml", "in", "name: a\n")
    assert isinstance(not_run, NotRun)
    assert not_run.marks == {"not run": "no systemd here"}
    assert isinstance(ended, Ended)


@pytest.mark.parametrize("block", ["```yaml\nname: a\n```\n", "```\nwhat is this\n```\n", "```text\nshown\n```\n"])
def test_a_block_that_says_nobody_what_it_is_for_is_a_mistake(block: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        reader.read(block)


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        ("one\ntwo\n", "one\ntwo\n", True),
        ("one\n", "one\ntwo\n", False),
        ("one\n...\n", "one\ntwo\nthree\n", True),
        ("...\nthree\n", "one\ntwo\nthree\n", True),
        ("vantage is v....\n", "vantage is v12ab.\n", True),
        ("vantage is v....\n", "vantage is w12ab.\n", False),
        ("a (b) [y/N]: y\n", "a (b) [y/N]: y  \n", True),
        ("...\nfour\n", "one\ntwo\n", False),
    ],
)
def test_what_is_shown_is_compared_word_by_word_but_for_the_dots(shown: str, output: str, same: bool) -> None:
    assert reader.shows(shown, output) is same


def test_of_what_runs_on_only_the_beginning_is_compared() -> None:
    assert reader.shows("one\n", "one\ntwo\n", whole=False)
