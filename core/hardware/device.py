"""Where and how precisely to compute: CUDA, then Apple's MPS, then the CPU; products in bf16 where the hardware has them.

    weights, posterior, objective, Adam   fp32, everywhere
    matrix products and convolutions      bf16 on GPUs that multiply bf16 and on CPUs with AMX; fp32 elsewhere

A bf16 number has fp32's range and 8 bits of mantissa, so nothing is rescaled and nothing overflows. Where a processor lacks
bf16 products they would be emulated, some thirty times slower, so the hardware is asked. AVX-512's bf16 instructions do not
count: they save a tenth of an epoch of the default network with Adam and nothing elsewhere. On a CPU with AMX the
default network trains faster (`tests.benchmarks.bench_training`) to the same figures. POINT_OR_CLOUD_PRECISION=fp32 turns it off.
"""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager

import torch

from core import settings
from core.config import ConfigError
from core.hardware import allocator, cores

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
        raise ConfigError(
            f"device={name!r} is not available on this machine; use --device cpu, or leave it out for the best there is."
        )
    if kind == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"device={name!r} does not exist; this machine has {torch.cuda.device_count()} CUDA device(s), numbered from 0."
        )
    return chosen


def describe(device: torch.device) -> str:
    """A name for people and for the history file, e.g. "cpu (2 threads, bf16)"."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({products(device)})"
    return f"cpu ({torch.get_num_threads()} threads, {products(device)})" if device.type == "cpu" else device.type


def products(device: torch.device) -> str:
    """The type matrices are multiplied in while training, "bf16" or "fp32"; POINT_OR_CLOUD_PRECISION overrides."""
    asked = settings.value("PRECISION")
    if asked != "auto":
        return asked
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = device.type == "cpu" and torch.cpu.get_capabilities().get("amx_bf16", False) and not _held_down()
    return "bf16" if native else "fp32"


def _held_down() -> bool:
    """Whether the environment keeps oneDNN, which multiplies for PyTorch, from using AMX where there is one."""
    most = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    return not any(word in most.upper() for word in ("AMX", "DEFAULT", "ALL"))


def precision(device: torch.device, convolutions: bool = True) -> AbstractContextManager:
    """What training steps run under, backward pass included: products in bf16 where `products` says so, else nothing.

    The answer can be entered again and again, once a step.

    Autocast keeps activations and a copy of the weights in bf16. Without convolutions a CPU does better with fp32 tensors
    that each product rounds as it reads them: such a network waits for memory, and the copies are more to move.
    On CUDA, products that stay fp32 may then round their inputs to TF32.
    """
    if products(device) == "fp32":
        return contextlib.nullcontext()
    if device.type == "cuda":
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        torch.backends.cudnn.conv.fp32_precision = "tf32"
    if device.type == "cpu" and not convolutions:
        return RoundedProducts()
    return torch.autocast(device.type, dtype=torch.bfloat16)


class RoundedProducts(AbstractContextManager):
    """Inside, matrix products of fp32 tensors on the CPU round their inputs to bf16, as TF32 does on a GPU."""

    def __enter__(self) -> None:
        self.before = torch.backends.mkldnn.matmul.fp32_precision
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"

    def __exit__(self, *error: object) -> None:
        torch.backends.mkldnn.matmul.fp32_precision = self.before


def set_threads(count: int | None = None, spare: int = 0) -> cores.Threads:
    """Prepare this process and choose its number of CPU threads.

    `count` threads, or POINT_OR_CLOUD_THREADS, whatever else goes on; by default as many as there are cores that the process
    may use and others leave free, less `spare`, at most 4. `follow()` of the answer then keeps up with the load.
    """
    prepare()
    return cores.threads(torch.set_num_threads, count or settings.value("THREADS"), spare)


def prepare() -> None:
    """Ready this process for training on a CPU; to be called before the first parallel work, so that every thread inherits it.

    Two costs that no profile names. A step frees its gradients, megabytes in a few blocks: given back to the system and
    asked for again, they are hundreds of page faults, about a quarter of a small network's step. And where a pixel is seldom
    inked, Adam's moments fade below 1e-38 within a thousand steps: such subnormal numbers are computed a hundred times
    slower, and doubled the optimiser's time. They become 0 here, a change far below the weights' last digit.
    """
    torch.set_flush_denormal(True)
    allocator.mallopt(
        {allocator.MMAP_THRESHOLD: 32 << 20, allocator.TRIM_THRESHOLD: 64 << 20, allocator.TOP_PAD: 16 << 20}
    )
