"""Untrusted paths as paths that can be made below a folder on any file system.

A path is taken apart at its slashes. Its parts become printable, short and free of the names of devices, and no two
paths are equal where upper and lower case are not told apart.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence

LONGEST = 60  # characters of a part of a path, each at most 4 bytes long in UTF-8
SUFFIX = 10  # a longer one is no suffix
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # device names of Windows

Parts = tuple[str, ...]


def parts_of(path: str) -> Parts | None:
    """The folders and the file of a path as it was given; None if it is absolute or leads out of where it is."""
    text = path.replace("\\", "/")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if text.startswith("/") or re.match(r"[A-Za-z]:", text) or ".." in parts or not parts:
        return None
    return parts


def safe_part(part: str) -> str:
    """A part of a path that any file system accepts; the suffix stays."""
    text = unicodedata.normalize("NFC", part)
    text = "".join(c if c.isprintable() and c not in '<>:"|?*`/\\' else "_" for c in text)
    stem, suffix = os.path.splitext(text)
    if len(suffix) >= SUFFIX:
        stem, suffix = text, ""
    text = (stem.strip(" .")[: LONGEST - len(suffix)].strip(" .") or "_") + suffix.rstrip(" .")
    return f"_{text}" if RESERVED.fullmatch(text) else text


def safe_paths(paths: Sequence[Parts]) -> list[Parts]:
    """Safe paths of files, in the same order. Folders that differ only in case are one; files get a number."""
    taken: dict[Parts, str] = {}  # path in lower case -> the spelling of its last part; folders come first
    folders: list[tuple[Parts, Parts]] = []
    for parts in paths:
        key: Parts = ()
        safe: list[str] = []
        for name in map(safe_part, parts[:-1]):
            key = (*key, name.casefold())
            safe.append(taken.setdefault(key, name))
        folders.append((key, tuple(safe)))
    result: list[Parts] = []
    for parts, (key, folder) in zip(paths, folders, strict=True):
        name = safe_part(parts[-1])
        stem, suffix = os.path.splitext(name)
        count = 1
        while (*key, name.casefold()) in taken:
            count += 1
            name = f"{stem} ({count}){suffix}"
        taken[(*key, name.casefold())] = name
        result.append((*folder, name))
    return result
