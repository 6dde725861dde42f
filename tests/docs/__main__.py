"""Walks pages in the laboratory and shows what each block showed: for whoever writes one.

python -m tests.lab.enter python -m tests.docs hub.md vantage-inside.md
"""

from __future__ import annotations

import sys

from tests.docs import far_ends, reader
from tests.docs.ground import TIMES
from tests.docs.walked import Ground
from tests.lab import others
from tests.lab.lab import Lab, scratch


def main(names: list[str]) -> int:
    with scratch() as folder, Lab(folder, times=TIMES) as lab:
        others.protocols(lab)
        far_ends.start(lab)
        ground = Ground(lab, heard=sys.stdout.write)
        try:
            for name in names:
                try:
                    ground.walk(reader.DOCS / name)
                except AssertionError as error:
                    sys.stdout.write(f"NOT AS WRITTEN: {error}\n")
        finally:
            ground.end()
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
