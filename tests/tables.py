"""Tables that are made, not written: the settings in README.md, the licences in docs/licences.md.

python -m tests.tables                      print them
python -m tests.tables --write              put them into their files
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from core import settings

SETTINGS = "<!-- settings: python -m tests.tables --write -->", "<!-- end of settings -->"
LICENCES = "<!-- licences: python -m tests.tables --write -->", "<!-- end of licences -->"


def direct_dependencies() -> list[str]:
    """Names in requirements.txt."""
    return re.findall(r"^([A-Za-z0-9_.-]+)==", (settings.ROOT / "requirements.txt").read_text(), re.M)


def licence(name: str) -> str:
    """What a package's own metadata says: the SPDX expression, else the short field, else the classifiers."""
    about = metadata.metadata(name)
    text = about.get("License-Expression") or ""
    short = about.get("License") or ""
    if not text and short and "\n" not in short and len(short) < 60:
        text = short
    if not text:
        text = ", ".join(
            c.rsplit(" :: ", 1)[-1]
            for c in about.get_all("Classifier") or []
            if c.startswith("License :: ") and c.count(" :: ") > 1
        )
    if not text and short:
        text = short.strip().splitlines()[0].strip()
    if not text:  # the files themselves, by their first words
        files = [f for f in metadata.files(name) or [] if re.search(r"licen[cs]e", f.name, re.I)]
        text = next((line.strip() for f in files for line in f.read_text().splitlines() if "licen" in line.lower()), "")
    return text or "not stated"


def licences() -> str:
    """All direct dependencies with their licences."""
    rows = ["| package | licence |", "|---|---|"]
    return "\n".join(rows + [f"| {name} | {licence(name)} |" for name in sorted(direct_dependencies(), key=str.lower)])


PLACES: dict[Path, tuple[tuple[str, str], Callable[[], str]]] = {
    settings.ROOT / "README.md": (SETTINGS, settings.table),
    settings.ROOT / "docs" / "licences.md": (LICENCES, licences),
}


def written(path: Path, marks: tuple[str, str]) -> str:
    """What stands between the marks of a file now."""
    return path.read_text().split(marks[0])[1].split(marks[1])[0].strip()


def main() -> None:
    for path, (marks, table) in PLACES.items():
        before, rest = path.read_text().split(marks[0])
        if "--write" in sys.argv:
            path.write_text(f"{before}{marks[0]}\n{table()}\n{marks[1]}{rest.split(marks[1])[1]}")
        else:
            print(table(), end="\n\n")


if __name__ == "__main__":
    main()
