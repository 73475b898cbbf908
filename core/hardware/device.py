"""Device and precision: CUDA, else Apple's MPS, else the CPU; products in bf16 if the hardware supports them.

    weights, posterior, objective, Adam   fp32, everywhere
    matrix products and convolutions      bf16 on GPUs that multiply bf16 and on CPUs with AMX; fp32 elsewhere

bf16 has the range of fp32 and 8 bits of mantissa, so nothing is rescaled and nothing overflows. A processor without
bf16 products would emulate them about thirty times slower, so the capabilities of the hardware decide. The bf16
instructions of AVX-512 do not count: they save a tenth of an epoch of the default network with Adam and nothing
otherwise. On a CPU with AMX the default network trains faster (`tests.benchmarks.bench_training`) to the same figures.
POINT_OR_CLOUD_PRECISION=fp32 disables bf16.
"""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from typing import Any

import torch

from core import settings
from core.config import ConfigError
from core.hardware import allocator, cores

DEVICES = ("auto", "cpu", "cuda", "mps")


def pick(device: str | None = None) -> torch.device:
    """The device to use: `device`, else POINT_OR_CLOUD_DEVICE, else the best available one.

    Raises:
        ConfigError: the name is unknown, or this machine has no such device.
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
        raise ConfigError(
            f"device={name!r} is not available on this machine; "
            "use --device cpu, or leave it out for the best there is."
        )
    count = torch.cuda.device_count()
    if kind == "cuda" and (chosen.index or 0) >= count:
        raise ConfigError(f"device={name!r} does not exist; this machine has {count} CUDA device(s), numbered from 0.")
    return chosen


def describe(device: torch.device) -> str:
    """The name of a device in the history file and in messages, e.g. "cpu (2 threads, bf16)"."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({products(device)})"
    return f"cpu ({torch.get_num_threads()} threads, {products(device)})" if device.type == "cpu" else device.type


def products(device: torch.device) -> str:
    """The type of matrix products in training, "bf16" or "fp32"; POINT_OR_CLOUD_PRECISION overrides the default."""
    asked = settings.value("PRECISION")
    if asked != "auto":
        return asked
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = device.type == "cpu" and torch.cpu.get_capabilities().get("amx_bf16", False) and amx_allowed()
    return "bf16" if native else "fp32"


def amx_allowed() -> bool:
    """Whether the environment lets oneDNN, which computes PyTorch's matrix products, use AMX."""
    most = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    return any(word in most.upper() for word in ("AMX", "DEFAULT", "ALL"))


def precision(device: torch.device, convolutions: bool = True) -> AbstractContextManager[Any]:
    """A context for training steps, including the backward pass, with the products that `products` returns.

    It can be entered repeatedly, once per step.

    Autocast keeps activations and a copy of the weights in bf16. For a network without convolutions, a CPU is faster
    with fp32 tensors that each product rounds when it reads them: such a network is limited by memory bandwidth, and
    the copies increase the traffic. On CUDA, products that remain in fp32 may then round their inputs to TF32.

    Args:
        device: where the steps are computed.
        convolutions: whether the network has any.
    """
    if products(device) == "fp32":
        return contextlib.nullcontext()
    if device.type == "cuda":
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        cudnn: Any = torch.backends.cudnn  # torch's type annotations lack its `conv`
        cudnn.conv.fp32_precision = "tf32"
    if device.type == "cpu" and not convolutions:
        return RoundedProducts()
    return torch.autocast(device.type, dtype=torch.bfloat16)


class RoundedProducts(AbstractContextManager[None]):
    """Inside, matrix products of fp32 tensors on the CPU round their inputs to bf16, as TF32 does on a GPU."""

    def __init__(self) -> None:
        mkldnn: Any = torch.backends.mkldnn  # torch's type annotations lack its `matmul`
        self.matmul = mkldnn.matmul

    def __enter__(self) -> None:
        self.before = self.matmul.fp32_precision
        self.matmul.fp32_precision = "bf16"

    def __exit__(self, *error: object) -> None:
        self.matmul.fp32_precision = self.before


def set_threads(count: int | None = None, spare: int = 0) -> cores.Threads:
    """Prepare this process and choose its number of CPU threads.

    Args:
        count: a fixed number of threads; by default POINT_OR_CLOUD_THREADS, else the number of idle cores that the
            process may use, at most 4.
        spare: idle cores that are not used.

    Returns:
        its `follow()` adapts the number to the load, unless it is fixed.
    """
    prepare()
    return cores.threads(torch.set_num_threads, count or settings.value("THREADS"), spare)


def prepare() -> None:
    """Prepare this process for training on a CPU; call it before the first parallel computation, for all threads.

    It avoids two costs that profilers do not show. A step frees its gradients, megabytes in a few blocks: if they are
    returned to the system and requested again, hundreds of page faults take about a quarter of the time of a small
    network's step. And where a pixel is rarely set, Adam's moments fall below 1e-38 within a thousand steps; computing
    with such subnormal numbers is a hundred times slower and doubled the time of the optimiser. Here they become 0, a
    change far below the precision of the weights.
    """
    torch.set_flush_denormal(True)
    allocator.mallopt(
        {allocator.MMAP_THRESHOLD: 32 << 20, allocator.TRIM_THRESHOLD: 64 << 20, allocator.TOP_PAD: 16 << 20}
    )
