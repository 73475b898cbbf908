"""The files that hosts read agree with the project; tests/hosting/container.py runs the Dockerfile's steps."""

import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from core import settings
from core.settings import PREFIX, SETTINGS
from tests.hosting.container import PROJECT, Machine, steps

STEPS = steps((PROJECT / "Dockerfile").read_text())


def of(instruction: str) -> list[str]:
    return [rest for word, rest in STEPS if word == instruction]


def environment() -> dict[str, str]:
    return dict(part.split("=", 1) for line in of("ENV") for part in shlex.split(line))


def test_continued_lines_and_comments_are_read_as_docker_reads_them():
    text = "# a\nFROM x\nRUN a \\\n    && b\n\nENV A=1 \\\n    # why\n    B=2\nCMD c"
    assert steps(text) == [("FROM", "x"), ("RUN", "a && b"), ("ENV", "A=1 B=2"), ("CMD", "c")]


def test_an_ordinary_user_serves_and_root_owns_the_code():
    words = [word for word, _ in STEPS]
    (user,) = of("USER")
    assert user != "root" and words.index("USER") > max(i for i, w in enumerate(words) if w == "COPY"), (
        "what is copied belongs to root"
    )
    assert words.index("USER") < words.index("CMD") and any(user in line and "1000" in line for line in of("RUN"))
    assert environment()[PREFIX + "CACHE"].startswith(f"/home/{user}/")


def test_everything_that_is_copied_exists_and_the_product_needs_no_more(tmp_path: Path):
    machine = Machine(tmp_path)
    for word, rest in STEPS:
        if word in ("WORKDIR", "COPY"):
            machine.carry_out(word, rest)
    copied = {str(p.relative_to(tmp_path / "app")) for p in (tmp_path / "app").rglob("*") if p.is_file()}
    assert {
        "core/settings.py",
        "dashboard/app.py",
        ".streamlit/config.toml",
        "pyproject.toml",
        "docs/start.png",
    } <= copied
    assert not [name for name in copied if name.startswith("tests/")]
    for file in (PROJECT / "dashboard").rglob("*.py"):
        for name in re.findall(r'ROOT / "docs" / "([\w.]+)"', file.read_text()):
            assert f"docs/{name}" in copied, f"{file.name} shows a picture that is not in the image"


def test_settings_are_real_and_the_profile_is_the_demos(monkeypatch: pytest.MonkeyPatch):
    names = {name.removeprefix(PREFIX): value for name, value in environment().items() if name.startswith(PREFIX)}
    assert names["PROFILE"] == "demo" and set(names) <= set(SETTINGS)
    for name, value in names.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings.check()


def test_streamlits_options_exist():
    from streamlit import config

    known = {
        "STREAMLIT_" + re.sub("([A-Z])", r"_\1", option).replace(".", "_").upper()
        for option in config._config_options_template
    }
    assert {name for name in environment() if name.startswith("STREAMLIT_")} <= known


def test_a_space_takes_uploads_from_a_frame_and_other_containers_keep_the_protection():
    """The line that step 3 adds is an option of Streamlit, and the Dockerfile itself does not have it."""
    from streamlit import config

    text = (PROJECT / "docs" / "hosting.md").read_text()
    (name,) = re.findall(r"echo 'ENV STREAMLIT_(\w+)=false' >> Dockerfile", text)
    assert name == "SERVER_ENABLE_XSRF_PROTECTION" and config.get_option("server.enableXsrfProtection") is True
    assert f"STREAMLIT_{name}" not in environment()


def test_one_port_everywhere():
    port = environment()["STREAMLIT_SERVER_PORT"]
    assert of("EXPOSE") == [port]
    assert f"app_port: {port}" in (PROJECT / "docs" / "space-header.yml").read_text()
    assert f"-p {port}:{port}" in (PROJECT / "docs" / "hosting.md").read_text()


@pytest.mark.parametrize("base", ["", "vae", "/vae/demo/"])
def test_the_health_check_asks_the_server_where_it_is(base: str):
    class Server(BaseHTTPRequestHandler):
        asked: ClassVar[list[str]] = []

        def do_GET(self):
            self.asked.append(self.path)
            self.send_response(200 if self.path == f"/{base.strip('/')}/_stcore/health".replace("//", "/") else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    command = of("HEALTHCHECK")[0].split("CMD ", 1)[1].replace("python ", f"{sys.executable} ", 1)
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = {"STREAMLIT_SERVER_PORT": str(server.server_port), "STREAMLIT_SERVER_BASE_URL_PATH": base}
        done = subprocess.run(["/bin/sh", "-c", command], env=there, capture_output=True, text=True)
        server.shutdown()
    assert done.returncode == 0, f"asked for {Server.asked}: {done.stderr[-300:]}"


def test_the_settings_are_checked_before_the_server_starts():
    assert of("CMD")[0].startswith("python -m core settings && exec streamlit run dashboard/server.py")


def test_hosted_requirements_are_the_projects_own():
    lines = [
        line
        for line in (PROJECT / "dashboard" / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[-1] == "-r ../requirements.txt" and all(
        line.startswith("--find-links https://") for line in lines[:-1]
    )


def test_names_in_the_hosting_page_are_real():
    text = (PROJECT / "docs" / "hosting.md").read_text()
    assert set(re.findall(PREFIX + r"([A-Z_]+)", text)) <= set(SETTINGS)
    for target in re.findall(r"\]\(((?!https?:)[^)#]+)", text):
        assert (PROJECT / "docs" / target).exists(), target
    for module in re.findall(r"python -m (tests[\w.]+)", text):
        assert (PROJECT / Path(*module.split("."))).with_suffix(".py").exists(), module


def test_the_tour_is_twenty_seconds_and_small():
    from PIL import Image

    path = PROJECT / "docs" / "tour.gif"
    with Image.open(path) as tour:
        seconds = sum((tour.seek(i), tour.info["duration"])[1] for i in range(tour.n_frames)) / 1000
    assert 18 <= seconds <= 22 and path.stat().st_size < 4e6
