"""Archives from strangers: their images in a folder of its own, or a refusal that leaves nothing behind."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.archive import unpack
from core.data.folder import load_folder
from core.data.given_files import ArchiveError, Limits, limits_from_settings
from core.data.safe_paths import LONGEST, RESERVED, parts_of, safe_paths


def picture(seed: int = 0, side: int = 12) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


PNG = picture()


def zipped(files: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    buffer.seek(0)
    return buffer


def take(archive: io.BytesIO, place: Path, name: str = "mine.zip", **limits: float):
    return unpack([(name, archive)], place, Limits(**limits))


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def two_classes(n: int = 8) -> list[tuple[str, bytes]]:
    return [(f"{name}/{i}.png", picture(i + 100 * k)) for k, name in enumerate("ab") for i in range(n)]


def test_an_archive_becomes_a_folder_data_set(tmp_path):
    found = take(zipped(two_classes()), tmp_path / "mine")
    assert (found.files, found.skipped) == (16, ())
    assert below(tmp_path / "mine") == {name for name, _ in two_classes()}
    assert load_folder(f"folder:{tmp_path / 'mine'}?color=1").classes == ("a", "b")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o700, "other users of the machine cannot look in"
    assert os.listdir(tmp_path) == ["mine"]


def test_single_files_and_several_archives_are_taken_together(tmp_path):
    given_files = [("cats.zip", zipped([("1.png", PNG)])), ("dogs.zip", zipped([("x/1.png", PNG)]))]
    unpack([*given_files, ("birds/1.png", io.BytesIO(PNG)), ("2.png", io.BytesIO(PNG))], tmp_path / "mine", Limits())
    assert below(tmp_path / "mine") == {"cats/1.png", "dogs/x/1.png", "birds/1.png", "2.png"}


def test_the_folder_that_was_packed_is_not_a_class(tmp_path):
    take(zipped([(f"My pets/{name}", data) for name, data in two_classes(2)]), tmp_path / "mine")
    assert below(tmp_path / "mine") == {"a/0.png", "a/1.png", "b/0.png", "b/1.png"}
    take(zipped([("My pets/1.png", PNG), ("My pets/2.png", PNG)]), tmp_path / "one class")
    assert below(tmp_path / "one class") == {"My pets/1.png", "My pets/2.png"}


def test_what_tools_leave_is_passed_over_and_what_is_not_taken_is_reported(tmp_path):
    files = [
        ("a/1.png", PNG),
        ("__MACOSX/a/._1.png", b"tool"),
        ("a/.DS_Store", b"tool"),
        ("a/notes.txt", b"no image"),
        ("a/photo.HEIC", b"x"),
        ("more.zip", zipped([("1.png", PNG)]).getvalue()),
        ("a/large.png", picture(side=2000)[:200]),
        ("/".join("abcdefghij") + "/1.png", PNG),
    ]
    found = take(zipped(files), tmp_path / "mine", megapixels=1)
    assert below(tmp_path / "mine") == {"a/1.png"}
    told = dict(line.rsplit(": ", 1) for line in found.skipped)
    assert set(told) == {"a/notes.txt", "a/photo.HEIC", "more.zip", "a/large.png", "a/b/c/d/e/f/g/h/i/j/1.png"}
    assert "4 million pixels; at most 1 million" in told["a/large.png"] and "HEIC" in told["a/photo.HEIC"].upper()
    assert "not unpacked" in told["more.zip"]


HOSTILE = [
    "../out.png",
    "a/../../out.png",
    "/etc/out.png",
    "\\out.png",
    "C:\\out.png",
    "c:out.png",
    "a\\..\\..\\out.png",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_path_that_leads_out_is_reported_and_not_followed(tmp_path, name):
    found = take(zipped([(name, PNG), ("a/1.png", PNG)]), tmp_path / "deep" / "er" / "mine")
    assert len(found.skipped) == 1 and "leads out" in found.skipped[0]
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"1.png"}


def test_links_and_devices_are_not_made(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    odd = []
    for kind, name in ((stat.S_IFLNK, "link.png"), (stat.S_IFIFO, "pipe.png"), (stat.S_IFCHR, "device.png")):
        info = zipfile.ZipInfo(name)
        info.external_attr = (kind | 0o777) << 16
        odd.append((info, str(secret).encode()))
    found = take(zipped([*odd, ("a/1.png", PNG)]), tmp_path / "mine")
    assert below(tmp_path / "mine") == {"a/1.png"}
    assert [("link" in line, "regular" in line) for line in found.skipped] == [
        (True, False),
        (False, True),
        (False, True),
    ]


def test_hostile_names_become_plain_ones(tmp_path):
    names = [
        "a/x\n\x1b[31m.png",
        "a/CON.png",
        "a/ ./nul/1.png",
        "B/1.png",
        "b/1.png",
        "b/1.PNG",
        f"{'w' * 300}/{'v' * 300}.png",
    ]
    names += ["a/\u202egnp.png", "é/1.png", "e\u0301/2.png", "c.png/1.png", "c.png", "zero\0byte.png"]
    found = take(zipped([(name, picture(i)) for i, name in enumerate(names)]), tmp_path / "mine")
    files = below(tmp_path / "mine")
    assert found.files == len(files) == len(names) - len(found.skipped)
    assert len({file.casefold() for file in files}) == len(files)
    for part in {part for file in files for part in file.split("/")}:
        assert part.isprintable() and len(part) <= LONGEST + 5 and not RESERVED.fullmatch(part)
    assert {"B/1.png", "B/1 (2).png", "é/1.png", "é/2.png", "c.png/1.png", "c (2).png"} <= files
    assert all(line.isprintable() for line in found.skipped)


def with_field(archive: io.BytesIO, signature: bytes, offset: int, value: bytes) -> io.BytesIO:
    """The same bytes with a field changed in every header of a kind."""
    data = bytearray(archive.getvalue())
    at = data.find(signature)
    while at >= 0:
        data[at + offset : at + offset + len(value)] = value
        at = data.find(signature, at + 4)
    return io.BytesIO(bytes(data))


def bomb() -> io.BytesIO:
    return zipped([(f"a/{i}.bmp", bytes(4_000_000)) for i in range(12)])


REFUSED = {
    "empty": (lambda: io.BytesIO(b""), {}, "not a zip"),
    "no zip": (lambda: io.BytesIO(PNG), {}, "not a zip"),
    "cut": (lambda: io.BytesIO(zipped(two_classes()).getvalue()[:-60]), {}, "not a zip"),
    "nothing in it": (lambda: zipped([]), {}, "no image"),
    "no image": (lambda: zipped([("a.txt", b"text")]), {}, r"no image.*a\.txt: not an image file"),
    "encrypted": (lambda: with_field(zipped([("a/1.png", PNG)]), b"PK\x01\x02", 8, b"\x01"), {}, "encrypted"),
    "bomb": (bomb, {}, "would grow from .* to 48 MB"),
    "too many files": (lambda: zipped(two_classes(8)), {"files": 10}, "16 images; at most 10"),
    "too many other files": (lambda: zipped([(f"{i}.txt", b"") for i in range(200)]), {"files": 10}, "200 files"),
    "too many bytes": (lambda: zipped([("a.png", bytes(10_000)), ("b.png", PNG)]), {"megabytes": 0.01}, "MB"),
    "too long": (lambda: zipped(two_classes()), {"seconds": -1}, "longer than"),
    "directory": (lambda: zipped([("n" * 60_000 + f"{i}/1.png", PNG) for i in range(2)]), {"files": 10}, "too many"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_why_and_leaves_nothing_behind(tmp_path, case):
    make, limits, words = REFUSED[case]
    with pytest.raises(ArchiveError, match=words):
        take(make(), tmp_path / "mine", **limits)
    assert os.listdir(tmp_path) == []


def test_an_archive_that_lies_about_its_sizes_is_held_to_the_limits(tmp_path):
    large = zipped([("a/1.png", bytes(3_000_000)), ("a/2.png", PNG)])
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        large = with_field(large, signature, offset, struct.pack("<L", len(PNG)))
    found = take(large, tmp_path / "mine", megabytes=0.1)
    assert below(tmp_path / "mine") == {"a/2.png"} and "damaged in the zip" in found.skipped[0]
    assert sum(path.stat().st_size for path in (tmp_path / "mine").rglob("*.png")) < 100_000


def test_a_method_that_takes_much_memory_is_not_run(tmp_path):
    files = zipped([("a/1.png", PNG)], zipfile.ZIP_LZMA).getvalue()
    found = unpack([("x.zip", io.BytesIO(files)), ("b.png", io.BytesIO(PNG))], tmp_path / "mine", Limits())
    assert below(tmp_path / "mine") == {"b.png"} and "packed in a way" in found.skipped[0]


def test_a_name_that_begins_with_a_zero_byte_is_a_name(tmp_path):
    data = zipped([("Q.png", PNG), ("a/1.png", PNG)]).getvalue().replace(b"Q.png", b"\0.png")
    take(io.BytesIO(data), tmp_path / "mine")
    assert "a/1.png" in below(tmp_path / "mine")


def test_a_folder_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept.png").write_bytes(PNG)
    with pytest.raises(OSError, match="mine"):
        take(zipped(two_classes()), tmp_path / "mine")
    assert below(tmp_path) == {"mine/kept.png"}


def test_the_demo_takes_less(monkeypatch):
    own = limits_from_settings()
    monkeypatch.setenv("POINT_OR_CLOUD_PROFILE", "demo")
    demo = limits_from_settings()
    assert (own.megabytes, own.files) == (Limits.megabytes, Limits.files)
    assert demo.megabytes < own.megabytes and demo.files < own.files and demo.seconds < own.seconds


PART = st.one_of(
    st.sampled_from(["..", ".", "", "a", "A", "con", "__MACOSX", ".x", "C:", "é", "e\u0301", " ", "a.png", "🙂"]),
    st.text(st.characters(codec="utf-8"), max_size=80),
)


def usable(name: str) -> bool:
    """Whether `zipfile` can write a file of this name."""
    return not name.startswith("\0") and name != ""


END = st.sampled_from([".png", ".PNG", "", ".txt", "\\..\\x.png"])
NAME = st.builds(lambda parts, end: "/".join(parts) + end, st.lists(PART, max_size=5), END).filter(
    lambda name: name.strip("\0")[:1] and name[0] != "\0"
)


@given(names=st.lists(NAME, max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_names_become_distinct_safe_paths(names):
    given_parts = [parts for name in names if (parts := parts_of(name)) is not None]
    found = safe_paths(given_parts)
    assert len({tuple(part.casefold() for part in path) for path in found}) == len(found) == len(given_parts)
    folders = {tuple(part.casefold() for part in path[:n]) for path in found for n in range(1, len(path))}
    for path in found:
        assert tuple(part.casefold() for part in path) not in folders, "a file is never where a folder has to be"
        for part in path:
            assert part.isprintable() and not set(part) & set('/\\:*?"<>|') and part.strip(" ") == part
            assert part not in ("", ".", "..") and not part.startswith(".") and not part.endswith(".")
            assert len(part.encode()) < 256


# From integers: other tests make the processor flush subnormal numbers, which `st.floats` refuses.
SHARE = st.integers(0, 10_000).map(lambda n: n / 10_000)
CHANGES = st.lists(st.tuples(SHARE, st.integers(0, 255)), max_size=6)


@given(
    names=st.lists(NAME, min_size=1, max_size=6),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]),
    changes=CHANGES,
    cut=st.one_of(st.none(), SHARE),
)
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_archive_stays_in_its_folder_and_its_limits_or_is_refused(tmp_path_factory, names, method, changes, cut):
    data = bytearray(zipped([(name, PNG) for name in names], method).getvalue())
    for where, value in changes:  # damage anywhere: sizes, names, flags, methods, offsets
        data[int(where * (len(data) - 1))] = value
    data = data[: int(cut * len(data))] if cut is not None else data
    root = tmp_path_factory.mktemp("any")
    limits = Limits(megabytes=0.01, files=5, seconds=20)
    try:
        found = unpack([("x.zip", io.BytesIO(bytes(data)))], root / "inner" / "mine", limits)
    except ArchiveError:
        found = None
    if found is None:
        assert not list((root / "inner").iterdir()), "nothing is left behind"
        return
    files = [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]
    assert 0 < len(files) == found.files <= 5
    assert all((root / "inner" / "mine") in path.parents and not path.is_symlink() for path in files)
    assert sum(path.stat().st_size for path in files) <= 10_000
    assert all(line.isprintable() for line in found.skipped)
