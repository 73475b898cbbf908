"""Where and how precisely to compute: CUDA, then Apple's MPS, then the CPU; bf16 and TF32 on CUDA, fp32 elsewhere."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager

import torch

from core import settings
from core.config import ConfigError

DEVICES = ("auto", "cpu", "cuda", "mps")


def pick(device: str | None = None) -> torch.device:
    """The device to use: `device`, else POINT_OR_CLOUD_DEVICE, else the best there is.

    Raises:
        ConfigError: unknown name, or a device this machine lacks.
    """
    name = device or settings.value("DEVICE")
    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise ConfigError(f"device={name!r} is not known; choose one of {', '.join(DEVICES)} (or cuda:N).")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if kind == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    try:
        chosen = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"device={name!r} is not known; choose one of {', '.join(DEVICES)} (or cuda:N).") from None
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        raise ConfigError(f"device={name!r} is not available on this machine; use --device cpu, or leave it out for the best there is.")
    if kind == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"device={name!r} does not exist; this machine has {torch.cuda.device_count()} CUDA device(s), numbered from 0.")
    return chosen


def describe(device: torch.device) -> str:
    """A name for people and for the history file, e.g. "cpu (2 threads)"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({torch.get_num_threads()} threads)" if device.type == "cpu" else device.type


def precision(device: torch.device) -> AbstractContextManager:
    """bf16 autocast on CUDA (with TF32 for what stays fp32); nothing elsewhere, where it does not pay."""
    if device.type != "cuda":
        return contextlib.nullcontext()
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    return torch.autocast("cuda", dtype=torch.bfloat16)


def set_threads(count: int | None = None) -> int:
    """Use `count` CPU threads, by default POINT_OR_CLOUD_THREADS or one a core up to 4; returns the number used.

    These networks are small: more than a few threads cost more in waiting than they save.
    """
    if count is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        count = settings.value("THREADS") or min(cores, 4)
    torch.set_num_threads(count)
    return count
