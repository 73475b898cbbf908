"""Tables that are made, not written: the settings in README.md.

    python -m tests.tables --write
"""

from __future__ import annotations

import sys
from pathlib import Path

from core import settings

SETTINGS = "<!-- settings: python -m tests.tables --write -->", "<!-- end of settings -->"
PLACES = {settings.ROOT / "README.md": (SETTINGS, settings.table)}


def written(path: Path, marks: tuple[str, str]) -> str:
    """What stands between the marks of a file now."""
    return path.read_text().split(marks[0])[1].split(marks[1])[0].strip()


def main() -> None:
    for path, (marks, table) in PLACES.items():
        before, rest = path.read_text().split(marks[0])
        text = f"{before}{marks[0]}\n{table()}\n{marks[1]}{rest.split(marks[1])[1]}"
        if "--write" in sys.argv:
            path.write_text(text)
        else:
            print(table())


if __name__ == "__main__":
    main()
