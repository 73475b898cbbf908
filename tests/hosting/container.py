"""The Dockerfile's own steps, carried out without a container engine, in a fresh Debian.

    python -m tests.hosting.container        needs root, chroot and debootstrap; about four minutes, most of them pip's

FROM becomes a debootstrap of the release that the base image is named after, with its Python; COPY, RUN, ENV, WORKDIR
and USER do what they say, below that root; CMD is started, HEALTHCHECK is asked until it is well, and a browser looks
at the page. What an engine would add (layers, a network and process numbers of its own) is not there. pip's settings
of this machine, and the folders they name, are lent to the root while it builds.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds until the server has to be well


def steps(text: str) -> list[tuple[str, str]]:
    """A Dockerfile as (instruction, arguments), its comments dropped and continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines())
    ]


@dataclass
class Machine:
    """A root folder, and what the instructions so far have set."""

    root: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/python/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
    )
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    command: str = ""
    health: str = ""

    def argv(self, shell: str, **more: str) -> list[str]:
        """The command line that runs a shell line in here, as the user and with the environment of now."""
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        values = [f"{k}={v}" for k, v in {"HOME": home, **self.environment, **more}.items()]
        line = f"cd {shlex.quote(self.folder)} && {shell}"
        return [
            "chroot",
            f"--userspec={self.user}:",
            str(self.root),
            "/usr/bin/env",
            "-i",
            *values,
            "/bin/sh",
            "-c",
            line,
        ]

    def run(self, shell: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.argv(shell, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def must(self, shell: str, **more: str) -> str:
        done = self.run(shell, **more)
        if done.returncode:
            raise SystemExit(f"failed with {done.returncode}: {shell}\n{done.stdout[-3000:]}")
        return done.stdout

    def carry_out(self, instruction: str, rest: str) -> None:
        """One instruction."""
        if instruction == "FROM":
            version, release = re.fullmatch(r"python:([\d.]+)-slim-(\w+)", rest).groups()
            debian(self.root, release)
            self.must("python3 -m venv /usr/local/python")
            assert (found := self.must("python --version").split()[1]).startswith(version), (
                f"{release} has Python {found}"
            )
        elif instruction == "RUN":
            self.must(rest)
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            self.environment[name] = self.arguments.get(name, default)
        elif instruction == "ENV":
            self.environment |= dict(part.split("=", 1) for part in shlex.split(rest))
        elif instruction == "WORKDIR":
            self.folder = rest
            (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            *sources, target = rest.split()
            self.copy(sources, target)
        elif instruction == "USER":
            self.user = rest
        elif instruction == "CMD":
            self.command = rest
        elif instruction == "HEALTHCHECK":
            self.health = rest.split("CMD ", 1)[1]
        elif instruction != "EXPOSE":
            raise SystemExit(f"{instruction} is not known here")

    def copy(self, sources: list[str], target: str) -> None:
        """Tracked files only, as a clone of the project has them."""
        place = self.root / self.folder.lstrip("/") / target
        for source in sources:
            tracked = subprocess.run(
                ["git", "ls-files", "-z", "--", source], cwd=PROJECT, capture_output=True, text=True, check=True
            ).stdout
            names = [name for name in tracked.split("\0") if name] or [source]
            for name in names:
                inside = Path(name).relative_to(source) if (PROJECT / source).is_dir() else Path(Path(name).name)
                to = place / inside if target.endswith("/") or (PROJECT / source).is_dir() else place
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, to)


def debian(root: Path, release: str) -> None:
    """A minimal Debian with Python, and nothing of this machine but its name server and its certificates."""
    command = ["debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", release, str(root)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"debootstrap failed:\n{done.stdout[-2000:]}")
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(name, root / name.lstrip("/"))
    mount(root, "proc", "proc")
    mount(root, "dev/shm", "tmpfs")


def mount(root: Path, where: str, kind: str) -> None:
    (root / where).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", kind, kind, str(root / where)], check=True)


def lend_pip(root: Path) -> None:
    """pip's settings on this machine, and the folders and files they name."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = []
    for name, value in re.findall(r"^(?:global\.|:env:\.?)([\w.-]+)='(.*)'$", listed, re.M):
        lines.append(f"{name} = {value}\n")
        for path in re.findall(
            r"(?:file://)?(/[^\s']+)", value.split("://", 1)[1] if value.startswith("http") else value
        ):
            source = Path(path).parent if Path(path).name == "simple" else Path(path)
            inside = root / str(source).lstrip("/")
            if source.is_dir() and inside not in mounted_below(root):
                inside.mkdir(parents=True, exist_ok=True)
                subprocess.run(["mount", "-o", "bind,ro", str(source), str(inside)], check=True)
            elif source.is_file() and not inside.exists():
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, inside)
    (root / "etc" / "pip.conf").write_text("[global]\n" + "".join(dict.fromkeys(lines)))


def mounted_below(root: Path) -> list[Path]:
    """What is mounted in a root now."""
    places = [Path(line.split()[1]) for line in Path("/proc/mounts").read_text().splitlines()]
    return [place for place in places if root in place.parents]


@contextlib.contextmanager
def clean_root() -> Iterator[Path]:
    """A folder for a root; what was mounted below it is taken away first when it is removed."""
    root = Path(tempfile.mkdtemp(prefix="point-or-cloud-root-"))
    try:
        root.chmod(0o755)
        yield root
    finally:
        for place in sorted(mounted_below(root), reverse=True):
            subprocess.run(["umount", "-l", str(place)], check=False)
        if not mounted_below(root):  # or else what is mounted would be removed
            shutil.rmtree(root)


def reachable(text: str) -> dict[str, str]:
    """Build arguments in place of those whose host is not reachable: an index of packages becomes pip's usual one."""
    from pip._internal.models.index import PyPI  # its default has no public name

    instead = {}
    for name, url, host in re.findall(r"^ARG (\w+)=(https://([^/\s]+)\S*)", text, re.M):
        try:
            socket.create_connection((host, 443), timeout=10).close()
        except OSError as error:
            usual = subprocess.run(
                [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
            ).stdout.strip()
            instead[name] = usual or PyPI.simple_url
            print(f"{url} cannot be reached from here ({error}): {name} is pip's usual index instead")
    return instead


def look(machine: Machine) -> None:
    """Start the server as CMD does, ask HEALTHCHECK, open the page; then what else an image has to be."""
    refused = machine.run(machine.command, POINT_OR_CLOUD_QUEUE="lots")
    assert refused.returncode == 2 and "POINT_OR_CLOUD_QUEUE='lots' must be a whole number" in refused.stdout, (
        refused.stdout
    )
    assert machine.must("id -u").strip() == "1000"
    for place in ("/app/checkpoints/new", "/app/core/new", "/app/new"):
        assert machine.run(f"touch {place}").returncode, f"the server could write {place}"
    assert machine.must("python -c 'from core.latent.compiled_code import is_warm; print(is_warm())'").strip() == "True"
    assert "libtcmalloc" in machine.must("cat /proc/self/maps"), "the allocator named in LD_PRELOAD is not there"
    server = subprocess.Popen(
        machine.argv(machine.command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    began = time.monotonic()
    try:
        while machine.run(machine.health).returncode:
            if server.poll() is not None or time.monotonic() - began > PATIENCE:
                server.kill()
                raise SystemExit(f"the server is not well:\n{server.communicate()[0][-3000:]}")
            time.sleep(0.5)
        print(f"well after {time.monotonic() - began:.1f} s")
        first_paint(f"http://127.0.0.1:{machine.environment['STREAMLIT_SERVER_PORT']}")
        print(machine.must("python -m core train --epochs 1 --train-size 256 --latent-dim 2").splitlines()[0])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def first_paint(url: str) -> None:
    """The Start page in a browser: its first picture, and no error."""
    from tests.e2e.serving import chromium, opened

    with chromium() as browser:
        began = time.monotonic()
        page = opened(browser, url)
        page.locator("[data-testid=stImage] img, [data-testid=stImage] svg").first.wait_for(timeout=60_000)
        print(f"first picture after {time.monotonic() - began:.1f} s")
        assert (
            "Point or Cloud" in page.title() and not page.locator("[data-testid=stAlert]").count() and not page.errors
        ), page.errors
        page.close()


def main() -> int:
    missing = [name for name in ("debootstrap", "chroot", "mount") if not shutil.which(name)]
    if os.geteuid() or missing:
        print(f"not checked: this needs root{' and ' + ', '.join(missing) if missing else ''}")
        return 1
    with clean_root() as root:
        machine = Machine(root, arguments=reachable(text := (PROJECT / "Dockerfile").read_text()))
        for instruction, rest in steps(text):
            began = time.monotonic()
            machine.carry_out(instruction, rest)
            if instruction == "FROM":
                lend_pip(root)
            print(f"{time.monotonic() - began:6.1f} s  {instruction} {rest[:100]}", flush=True)
        look(machine)
        sizes = {
            name: machine.must(f"du -sxm {name}").split()[0] for name in ("/usr/local/python", "/app", "/home/visitor")
        }
        print("MB on disk: " + ", ".join(f"{name} {size}" for name, size in sizes.items()))
    print("The Dockerfile's steps work in a clean root.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
