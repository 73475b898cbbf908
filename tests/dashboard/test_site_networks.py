"""Networks of the static site: fewer bytes, nearly the same numbers, and one file for the same network."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from dashboard.site.compact import LEVELS, compact, expanded
from dashboard.site.files import Files

LAYERS = {"layers": json.dumps({"encoder": [], "decoder": []}), "config": "{}"}


def network(seed: int = 0, scale: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    large = rng.normal(size=(40, 60)).astype(np.float32) * scale * 10.0 ** rng.uniform(-2, 1, (40, 1))
    kernel = rng.normal(size=(16, 16, 4, 4)) * scale
    kernel[3] = 0
    return {
        "large": large.astype(np.float32),
        "kernel": kernel.astype(np.float16),
        "bias": rng.normal(size=(40,)).astype(np.float16),
        "small": rng.normal(size=(4, 5)).astype(np.float16),
    }


@given(st.integers(0, 99), st.sampled_from([1e-3, 1.0, 30.0]))
def test_no_weight_moves_by_more_than_half_a_step_of_its_row_and_small_tensors_stay(seed: int, scale: float):
    before = network(seed, scale)
    after = expanded(compact(save(before, LAYERS)))
    assert after.keys() == before.keys()
    for name in ("bias", "small"):
        np.testing.assert_array_equal(after[name], before[name].astype(np.float32))
    for name in ("large", "kernel"):
        value = before[name].astype(np.float32)
        step = np.abs(value).reshape(len(value), -1).max(1) / LEVELS
        moved = np.abs(after[name] - value).reshape(len(value), -1).max(1)
        assert (moved <= step * 0.5001).all()
    assert not after["kernel"][3].any(), "a row of zeros stays one"


def test_the_file_says_what_the_network_is_and_is_less_than_half_as_large():
    rng = np.random.default_rng(0)
    plain = save({"w": rng.normal(size=(128, 1568)).astype(np.float16)}, LAYERS)
    file = compact(plain)
    assert len(file) < 0.5 * len(plain)
    content = gzip.decompress(file)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert header["__metadata__"] == LAYERS
    assert load(content)["w"].dtype == np.int8, "a safetensors file like any other"


def test_the_same_network_becomes_the_same_file_in_every_process():
    script = (
        "import hashlib; from test_site_networks import *; "
        "print(hashlib.sha256(compact(save(network(), LAYERS))).hexdigest())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            cwd=__file__.rsplit("/", 1)[0],
            timeout=60,
        ).stdout
        for _ in range(2)
    }
    assert len(answers) == 1


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(100), (1).to_bytes(8, "little") + b"7"])
def test_other_files_are_kept_as_they_are(data: bytes):
    files = Files()
    assert files.content[files.add("/media/x", data, "bin")] == data


def test_a_network_is_kept_with_fewer_bits_and_other_arrays_without_loss():
    files = Files()
    kept = files.content[files.add("/media/x.zip", save(network(), LAYERS), "zip")]
    assert load(gzip.decompress(kept))["large"].dtype == np.int8
    arrays = save(network())
    kept = files.content[files.add("/media/x.bin", arrays, "bin")]
    assert gzip.decompress(kept) == arrays and len(kept) < len(arrays)
