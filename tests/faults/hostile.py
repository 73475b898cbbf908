"""Links and uploads that no honest visitor sends: no traceback on the page, nothing started, nothing lost.

    python -m tests.faults.hostile              500 of them, to a server in the demo profile

What is not done within the limit is named. Exit status 1 then, and where something went wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import io
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from streamlit.proto.WidgetStates_pb2 import WidgetState

from core import settings
from tests.benchmarks.parts import Parts, exit_status
from tests.faults.client import Visitor, run
from tests.faults.serving import Server, demo_server

VALUES = (
    "",
    " ",
    "0",
    "-1",
    "-0",
    "1e999",
    "-1e999",
    "nan",
    "NaN",
    "inf",
    "1e-400",
    "0x10",
    "1_000",
    "١٢",
    "½",
    "9" * 40,
    "9" * 5000,
    "a" * 10_000,
    "None",
    "null",
    "true",
    "[]",
    "{}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "![a](http://x.invalid/a.png)",
    "$\\LaTeX$",
    ":red[a]",
    "**a**",
    "'; DROP TABLE runs; --",
    "../../../../etc/passwd",
    "..\\..\\windows",
    "/etc/passwd",
    "folder:/etc",
    "folder:/",
    "folder:~",
    "mnist-5k\x00",
    "\x00",
    "\ud7ff",
    "\U0001f4a5",
    "é" * 300,
    "\n\r\t",
    "%00",
    "%s%s%n",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "__import__('os')",
    "vae-mnist-5k-d16-b1-s0",
    "mnist",
    "fashion-mnist",
    "kmnist",
    "2",
    "16",
    "64",
    "1e3",
    "3.21",
    "0.1",
    "10",
)
KEYS = (
    "data",
    "latent",
    "seed",
    "image",
    "index",
    "part",
    "view",
    "step",
    "vae_prior",
    "member",
    "projection",
    "umap",
    "source",
    "temperature",
    "noise",
    "nearest",
    "a",
    "b",
    "way",
    "steps",
    "end",
    "beta",
    "snap",
    "scene",
    "present",
    "embed",
    "run",
    "epoch",
    "_visitor",
    "_let-in",
    "wanted",
    "pair",
    "x" * 500,
)


def hostile_files() -> list[tuple[str, bytes]]:
    """(name, content) of files that are not what they say."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (64, 64), 200).save(buffer, "PNG")
    png = buffer.getvalue()
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), 200).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    bomb = png[:16] + (60_000).to_bytes(4, "big") * 2 + png[24:]  # says it is 60,000 pixels wide and high
    return [
        ("empty.png", b""),
        ("text.png", b"hello"),
        ("cut.png", png[: len(png) // 2]),
        ("cut.jpg", jpeg[: len(jpeg) // 2]),
        ("bomb.png", bomb),
        ("page.png", b"<html></html>"),
        ("drawing.png", svg),
        ("zip.png", b"PK\x03\x04" + bytes(100)),
        ("pickle.png", b"\x80\x04\x95" + bytes(50)),
        ("gif.png", b"GIF89a" + bytes(50)),
        ("zeros.jpg", bytes(200_000)),
        ("../../escape.png", png),
        ("a" * 300 + ".png", png),
        ("evil\r\nname.png", png),
        ("<script>.png", png),
        ("good.jpeg.exe.png", jpeg),
        ("noise.png", random.Random(0).randbytes(50_000)),
    ]


@dataclass
class Tally:
    """What came of it."""

    links: int = 0
    uploads: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    told: collections.Counter = field(default_factory=collections.Counter)


def states(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """(page or None, query string): each key comes up with each value sooner or later, and so do unknown pages."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        pairs = [(rng.choice(KEYS), rng.choice(VALUES)) for _ in range(rng.randint(1, 6))]
        found.append("&".join(f"{quote(k)}={quote(v, errors='replace')}" for k, v in pairs))
    return found


async def attack(server: Server, count: int, seed: int = 0, tally: Tally | None = None) -> Tally:
    """`count` links over all pages, four sessions at a time, then every file; the share of uploads is a tenth.

    `tally` is filled in on the way, so that it holds what there was if this is ended early.
    """
    tally, rng = Tally() if tally is None else tally, random.Random(seed)
    async with Visitor(server.url) as visitor:
        pages = (await visitor.open()).pages
    files = hostile_files()
    uploads = max(count // 10, 1)
    gate = asyncio.Semaphore(4)

    async def follow(page: str, query: str) -> None:
        async with gate:
            try:
                async with Visitor(server.url) as visitor:
                    shown = await visitor.open(page, query)
            except Exception as error:  # a session that breaks is a finding, not the end of the test
                tally.wrong.append(f"{page}?{query[:120]}: {type(error).__name__}: {error}")
                return
            tally.links += 1
            tally.wrong += [f"{page}?{query[:120]}: {text}" for text in shown.errors]
            for kind, _ in shown.alerts:
                tally.told[kind] += 1
            if "onerror" in shown.text and "<img" in shown.text:
                tally.wrong.append(f"{page}?{query[:120]}: markup came through")

    async def upload(name: str, data: bytes) -> None:
        async with gate, Visitor(server.url) as visitor:
            shown = await visitor.open("one_image")
            status, urls = await visitor.upload(name, data)
            tally.uploads += 1
            if status != 204 or not shown.uploaders:
                tally.refused += 1
                return
            state = WidgetState(id=shown.uploaders[0])
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(data), urls.file_id
            info.file_urls.CopyFrom(urls)
            shown = await visitor.open("one_image", widgets={state.id: state})
            tally.wrong += [f"{name[:40]!r}: {text}" for text in shown.errors]
            tally.refused += any(kind == "ERROR" for kind, _ in shown.alerts)

    await asyncio.gather(
        *(follow(rng.choice([*pages, "no_such_page", "../app"]), query) for query in states(count - uploads, seed))
    )
    await asyncio.gather(*(upload(*files[i % len(files)]) for i in range(uploads)))
    return tally


def report(server: Server, tally: Tally) -> tuple[list[str], str]:
    """(what went wrong, a summary)."""
    wrong = list(tally.wrong)
    started = [path.name for path in server.cache.glob("runs/*") if not path.name.startswith(".")]
    wrong += [f"started: {name}" for name in started]
    if "Traceback (most recent call last)" in server.log():
        wrong.append("traceback in the log: " + server.log().split("Traceback (most recent call last)", 1)[1][-600:])
    if not server.well():
        wrong.append("the server is not well")
    summary = (
        f"{tally.links} links, {tally.uploads} uploads ({tally.refused} refused with a message); visitors were told: "
    )
    return wrong, summary + (
        ", ".join(f"{n} {kind}" for kind, n in tally.told.items()) or "nothing"
    ) + f"; runs started: {len(started)}"


def main(
    arguments: list[str] | None = None,
    serve: Callable[..., contextlib.AbstractContextManager[Any]] = demo_server,
    attack: Callable[..., Awaitable[Any]] = attack,
    report: Callable[..., tuple[list[str], str]] = report,
) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--limit", type=float, default=600.0, metavar="SECONDS", help="for all of it (default 600)")
    options = parser.parse_args(arguments)
    parts, tally, wrong = Parts(options.limit), Tally(), list[str]()
    before = {path: path.stat().st_mtime_ns for path in settings.SHIPPED.rglob("*") if path.is_file()}
    # Nobody is to be kept out by the others.
    with parts("a server"), serve(POINT_OR_CLOUD_VISITORS="100000") as server:
        with parts(f"{options.count} links and uploads"):
            run(asyncio.wait_for(attack(server, options.count, tally=tally), parts.left()))
        wrong, summary = report(server, tally)
        print(summary)
    if before != {path: path.stat().st_mtime_ns for path in settings.SHIPPED.rglob("*") if path.is_file()}:
        wrong.append("a shipped file was changed")
    print(f"went wrong: {len(wrong)}" + "".join(f"\n  {text}" for text in wrong[:20]))
    return max(parts.status(), int(bool(wrong)))


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
