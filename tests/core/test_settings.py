"""Settings: one table, checked as a whole, and the same as the README's."""

import re

import pytest

from core import settings
from core.cli.main import main
from core.jobs.limits import limits_from_settings
from core.runs.store import RunStore
from core.settings import PREFIX, SETTINGS, SettingError
from tests import tables

GOOD = {
    "PROFILE": "demo",
    "CACHE": "/tmp/a",
    "CACHE_MB": "20",
    "DATA": "/tmp/b",
    "DEVICE": "cuda:1",
    "THREADS": "3",
    "PRECISION": "fp32",
    "WORKERS": "2",
    "QUEUE": "0",
    "SCHEDULER": "tcp://a:1",
    "WARM": "off",
    "EPOCHS": "5",
    "LATENT_DIMS": "2, 4",
    "DATASETS": "mnist-5k, mnist",
    "FOLDERS": "off",
    "HOURLY": "0",
    "VISITORS": "1",
    "MEMORY_MB": "300",
    "UPLOAD_MB": "1",
    "FRAMES": "https://lab.example, https://*.example.org:8443",
}
BAD = {
    "PROFILE": "public",
    "CACHE_MB": "9",
    "DEVICE": "gpu",
    "THREADS": "0",
    "PRECISION": "half",
    "WORKERS": "1.5",
    "QUEUE": "-1",
    "WARM": "maybe",
    "EPOCHS": "many",
    "LATENT_DIMS": "2,65",
    "DATASETS": "cifar",
    "FOLDERS": "yes",
    "HOURLY": "nan",
    "VISITORS": "0",
    "MEMORY_MB": "inf",
    "UPLOAD_MB": "6",
    "FRAMES": "https://a.example; script-src *",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in SETTINGS:
        monkeypatch.delenv(PREFIX + name, raising=False)


def test_the_readme_has_the_table():
    assert tables.written(settings.ROOT / "README.md", tables.SETTINGS) == settings.table()
    named = set(re.findall(PREFIX + r"([A-Z_]+)", (settings.ROOT / "README.md").read_text()))
    assert named <= set(SETTINGS) | settings.ELSEWHERE


def test_every_setting_that_the_code_reads_is_in_the_table():
    read = set()
    for package in ("core", "dashboard"):
        for file in (settings.ROOT / package).rglob("*.py"):
            read |= set(re.findall(r'settings\.value\("(\w+)"\)', file.read_text()))
    read |= set(re.findall(r'\bvalue\("(\w+)"\)', (settings.ROOT / "core" / "settings.py").read_text()))
    assert read | {"PROFILE"} == set(SETTINGS)


@pytest.mark.parametrize("profile", ["own", "demo"])
def test_every_default_can_be_used(monkeypatch, profile):
    monkeypatch.setenv(PREFIX + "PROFILE", profile)
    settings.check()
    assert settings.profile() == profile
    assert [name for name, setting in SETTINGS.items() if not (setting.text(profile) or setting.unset)] == [], (
        "says neither its value nor what happens without one"
    )


@pytest.mark.parametrize("name", GOOD)
def test_what_is_set_wins_over_the_profile(monkeypatch, name):
    before = settings.value(name)
    monkeypatch.setenv(PREFIX + "PROFILE", "demo")
    monkeypatch.setenv(PREFIX + name, GOOD[name])
    assert settings.value(name) != before and settings.source(name) == "environment"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_named_with_choices_and_remedy(monkeypatch, name):
    monkeypatch.setenv(PREFIX + name, BAD[name])
    with pytest.raises(SettingError) as told:
        settings.check()
    text = str(told.value)
    assert PREFIX + name in text and repr(BAD[name]) in text and "Change it, or remove it for the default" in text
    assert re.search(r"choose one of|must be|give all", text)


def test_a_misspelt_name_is_told(monkeypatch, capsys):
    monkeypatch.setenv(PREFIX + "QEUE", "3")
    with pytest.raises(SettingError, match=f"Did you mean {PREFIX}QUEUE"):
        settings.check()
    assert main(["runs"]) == 2 and "QEUE is not a setting" in capsys.readouterr().err


def test_the_demo_is_narrower_everywhere(monkeypatch):
    own, own_store = limits_from_settings(), RunStore()
    monkeypatch.setenv(PREFIX + "PROFILE", "demo")
    demo, demo_store = limits_from_settings(), RunStore()
    assert (
        demo.epochs < own.epochs
        and set(demo.latent_dims) < set(own.latent_dims)
        and set(demo.datasets) < set(own.datasets)
    )
    assert own.folders and not demo.folders and own.offers("folder:/a") and not demo.offers("folder:/a")
    assert (own.hourly, own.memory_mb) == (None, None) and demo.hourly and demo.memory_mb
    assert (
        demo_store.limit_bytes < own_store.limit_bytes
        and settings.value("UPLOAD_MB") < 5
        and settings.value("VISITORS")
    )


def test_the_command_lists_them(monkeypatch, capsys):
    monkeypatch.setenv(PREFIX + "PROFILE", "demo")
    monkeypatch.setenv(PREFIX + "QUEUE", "7")
    assert main(["settings"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [PREFIX + "QUEUE", "7", "environment"] in lines and [PREFIX + "EPOCHS", "10", "demo", "profile"] in lines
