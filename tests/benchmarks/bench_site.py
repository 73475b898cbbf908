"""How soon the pages of the static site show something: python -m tests.benchmarks.bench_site OUT

OUT is a folder written by `python -m dashboard.site OUT`. It is served by Python's own file server on this machine and
opened in Chromium with an empty cache: the first paint, all components drawn, and the bytes that were fetched.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import threading
from pathlib import Path

from tests.benchmarks.parts import exit_status, processor

MOUNTED = "() => [...document.querySelectorAll('.component')].every((host) => host.dataset.mounted)"
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's file server without a line for every request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> int:
    from tests.e2e.serving import chromium

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="a folder written by python -m dashboard.site")
    folder = parser.parse_args().out
    pages = sorted(path.parent.name for path in folder.glob("*/views.json"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{processor()}; first paint and everything drawn in ms, fetched in MB")
    with chromium() as browser:
        for page in ["", *pages]:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
            tab = context.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/{page}/".replace("//", "/").replace(":/", "://"))
            tab.wait_for_function(MOUNTED)
            drawn = tab.evaluate("performance.now()")
            tab.wait_for_load_state("networkidle")
            sizes = json.loads(
                tab.evaluate(
                    "JSON.stringify([performance.getEntriesByType('navigation')[0].encodedBodySize,"
                    "...performance.getEntriesByType('resource').map((entry) => entry.encodedBodySize)])"
                )
            )
            print(f"{page or 'start':14}{tab.evaluate(PAINT):6.0f}{drawn:8.0f}{sum(sizes) / 1e6:8.2f}", flush=True)
            context.close()
    server.shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
