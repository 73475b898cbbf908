"""Known vulnerabilities of what is installed, by pip-audit, in an environment of its own.

    python -m tests.hosting.audit

Ends with 1 where a weakness is known, and with 0, saying so, where the list of weaknesses cannot be read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PIP_AUDIT = "pip-audit==2.10.1"
WEAK = (
    "django",
    "2.0",
)  # not installed, with weaknesses known for years: a list without them is empty, as some mirrors of PyPI have it


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        installed = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", PIP_AUDIT], capture_output=True, text=True
        )
        if installed.returncode:
            print(f"not audited: {PIP_AUDIT} could not be installed ({last_line(installed.stderr)})")
            return 0
        frozen = subprocess.run(
            [sys.executable, "-m", "pip", "freeze", "--exclude-editable"], capture_output=True, text=True, check=True
        ).stdout
        listed = Path(folder) / "installed.txt"
        names = [
            line.partition("+")[0] for line in frozen.splitlines() if "==" in line
        ]  # torch 2.13.0+cpu is torch 2.13.0
        listed.write_text("\n".join(["==".join(WEAK), *names]))
        command = [
            str(python),
            "-m",
            "pip_audit",
            "--requirement",
            str(listed),
            "--no-deps",
            "--disable-pip",
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ]
        audited = subprocess.run([*command, "--timeout", "20"], capture_output=True, text=True)
    try:
        packages = json.loads(audited.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"not audited: the list of known vulnerabilities cannot be read from here ({last_line(audited.stderr)})")
        return 0
    if not any(p.get("vulns") for p in packages if p["name"] == WEAK[0]):
        print(
            "not audited: the list of known vulnerabilities that is reachable from here is empty "
            f"(it knows none of {' '.join(WEAK)})"
        )
        return 0
    packages = [p for p in packages if p["name"] != WEAK[0]]
    found = [(p["name"], p["version"], weakness) for p in packages for weakness in p.get("vulns", [])]
    for name, version, weakness in found:
        print(
            f"{name} {version}: {weakness['id']}, mended in {', '.join(weakness['fix_versions']) or 'no version yet'}"
        )
    print(f"{len(packages)} packages audited, {len(found)} known vulnerabilities")
    return 1 if found else 0


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
