"""The file of the spool where its disk is taken away and put back: what is written then is never hidden beneath it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.disk.file import File, NoRoom, Unusable
from monitor.spool import KIND


def test_where_the_disk_was_taken_away_nothing_is_begun_in_its_place(tmp_path: Path) -> None:
    mounted, away = tmp_path / "card", tmp_path / "away"
    file = File(mounted / "spool.db", KIND, lambda: 0)
    with file.db()[0] as db:
        db.execute("INSERT INTO memory VALUES ('before', x'31')")
    file.close()
    mounted.rename(away)
    mounted.mkdir()
    with pytest.raises(NoRoom, match="is its disk mounted"):
        file.db()
    assert list(mounted.iterdir()) == []
    mounted.rmdir()
    away.rename(mounted)
    db, new = file.db()
    assert new
    assert db.execute("SELECT key FROM memory").fetchall() == [("before",)]
    file.close()


def test_a_disk_that_is_held_by_nobody_may_be_taken_by_another(tmp_path: Path) -> None:
    file, another = (File(tmp_path / "spool.db", KIND, lambda: 0) for _ in range(2))
    file.db()
    with pytest.raises(Unusable, match="in use by another Didban"):
        another.db()
    file.close()
    another.db()
    another.close()
