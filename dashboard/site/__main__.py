"""python -m dashboard.site OUT: builds the dashboard as a static site."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from core.errors import UserFacingError
from dashboard.site import build
from dashboard.site.hosted import MOST_BYTES, Hosted
from dashboard.site.single import Single


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Build the site; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.site", description=(__doc__ or "").split(": ", 1)[-1])
    parser.add_argument("out", type=Path, help="folder for the site; what an earlier build left there is replaced")
    parser.add_argument(
        "--data",
        default=",".join(build.DATA),
        help="data sets, separated by commas; those whose images cannot be read are left out (default: %(default)s)",
    )
    parser.add_argument("--pages", default="", help="only these pages, separated by commas, e.g. start,latent_maps")
    parser.add_argument("--files", type=Path, help="also write one file per page, for a disk, into this folder")
    parser.add_argument(
        "--most", type=float, default=MOST_BYTES / 1e6, help="largest size of the site in MB (default: %(default)g)"
    )
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        build.clear(asked.out)
        site = build.make(
            [name for name in asked.data.split(",") if name], [page for page in asked.pages.split(",") if page], say
        )
        sizes = Hosted(site).write(asked.out)
        if asked.files:
            build.clear(asked.files)
            for name, size in Single(site).write(asked.files).items():
                say(f"{asked.files / name}  {size / 1e6:.1f} MB")
    except UserFacingError as error:
        print(error, file=sys.stderr)
        return 1
    total = sum(sizes.values())
    say("\n".join(f"{kind:10} {size / 1e6:7.2f} MB" for kind, size in sizes.items()))
    say(f"{'together':10} {total / 1e6:7.2f} MB of at most {asked.most:g}, {len(site.pages)} views")
    say(f"{asked.out}: built in {time.monotonic() - began:.0f} s")
    if total > asked.most * 1e6:
        say(f"That is more than {asked.most:g} MB. Name fewer data sets with --data, or allow more with --most.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
