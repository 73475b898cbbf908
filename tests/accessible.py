"""axe-core on every page of a running dashboard, light and dark: what is serious or critical, contrast included.

python -m tests.accessible                  every page in both; about two minutes
"""

from __future__ import annotations

import importlib.resources
import sys
import tempfile
from pathlib import Path

from tests.faults.client import Visitor, run
from tests.faults.serving import Server

TALL = {"width": 1280, "height": 5200}  # contrast is only measured of what is in the window
SERIOUS = ("serious", "critical")
# What Streamlit draws itself, without a way to change it: its navigation puts the headings of sections between list
# items.
FRAMES = {"list": "stSidebarNavItems", "listitem": "<li"}
# Canvases nobody has named: neither themselves, nor hidden, nor inside something that is named or hidden.
UNNAMED = """() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      if (element.tagName !== "CANVAS" || !element.getClientRects().length) continue;
      let named = false;
      for (let at = element; at && !named; at = at.parentElement) {
        named = ["aria-label", "aria-labelledby"].some((name) => at.hasAttribute(name));
        named ||= at.getAttribute("aria-hidden") === "true" || at.tagName === "BUTTON";
      }
      const inside = element.parentElement?.className || element.parentElement?.tagName;
      if (!named) found.push("a canvas without a name: " + element.outerHTML.slice(0, 100) + " in " + inside);
    }
  };
  walk(document);
  return [...new Set(found)];
}"""


def paths(url: str) -> list[str]:
    """The paths of all pages, as the navigation lists them."""

    async def ask() -> list[str]:
        async with Visitor(url) as visitor:
            return (await visitor.open()).pages

    return run(ask())


def findings(browser, address: str, scheme: str) -> list[str]:
    """What is wrong on one page: rule, where, what would mend it."""
    from tests.e2e.serving import opened, settled

    page = opened(browser, address, viewport=TALL, color_scheme=scheme)
    page.locator("[data-testid=stMain] [data-testid=stMarkdown]").first.wait_for()
    page.wait_for_function(
        "() => !document.querySelector('[data-stale=true]')"
    )  # what is about to be drawn anew is faded
    page.wait_for_timeout(1500)
    settled(page)
    page.evaluate(importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = page.evaluate(UNNAMED) + [
        f"{rule['id']} ({rule['impact']}) {str(node['target'][-1])[-100:]}: "
        f"{node['failureSummary'].splitlines()[-1].strip()[:150]}"
        for rule in result["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
        if FRAMES.get(rule["id"], "no such thing") not in node["html"]
    ]
    page.close()
    return found


def main() -> int:
    from tests.e2e.serving import chromium

    count = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        server = Server(Path(folder))
        try:
            pages = sys.argv[1:] or paths(server.url)
            for scheme in ("light", "dark"):
                for path in pages:
                    found = findings(browser, f"{server.url}/{path}", scheme)
                    count += len(found)
                    print(
                        f"{scheme:6}{path or 'start':16}{len(found)} serious findings"
                        + "".join(f"\n    {text}" for text in found[:12]),
                        flush=True,
                    )
        finally:
            server.stop()
    print(f"{len(pages)} pages, light and dark: {count} serious findings (Streamlit's own navigation list left out)")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
