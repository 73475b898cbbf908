"""A server of its own for a fault: started, found by its process number, killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.serving import answers, free_port, server_command

APP = Path(__file__).parents[2] / "dashboard" / "server.py"


class Server:
    """The dashboard in a process group of its own, over a cache folder that outlives it; its log is kept beside it.

    Args:
        script: what is served instead, e.g. a bare page.
    """

    def __init__(self, cache: Path, port: int | None = None, script: Path = APP, **environment: str):
        self.cache, self.port = cache, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        values = {**os.environ, "POINT_OR_CLOUD_CACHE": str(cache), **environment}
        self.log_path = Path(tempfile.mkstemp(prefix="server-", suffix=".log")[1])
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                server_command(script, self.port),
                env=values,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=APP.parents[1],
            )
        end = time.monotonic() + 60
        while not self.well():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start: {self.log()[-2000:]}")
            time.sleep(0.1)

    def well(self) -> bool:
        return answers(self.url)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def memory_mb(self) -> float:
        from core.jobs.limits import memory_mb

        return memory_mb(self.process.pid)

    def processor_seconds(self) -> float:
        """What the server has computed so far, its workers left out; 0 where the system does not tell (no /proc)."""
        with contextlib.suppress(OSError):
            fields = (
                Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            )  # after the name, which may hold anything
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def kill(self) -> None:
        """As the kernel does when memory runs out: no goodbye. Workers are left behind."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the server and everything it started."""
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # workers that stayed
        self.log_path.unlink(missing_ok=True)


@contextlib.contextmanager
def demo_server(script: Path = APP, **environment: str) -> Iterator[Server]:
    """A server in the demo profile with an empty cache."""
    with tempfile.TemporaryDirectory(prefix="point-or-cloud-faults-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), script=script, **{"POINT_OR_CLOUD_PROFILE": "demo", **environment})
        try:
            yield server
        finally:
            server.stop()
