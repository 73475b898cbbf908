"""The one place torchvision is imported.

A CPU build of torch beside a CUDA build of torchvision (there is no CPU wheel of torchvision on PyPI) lacks the
compiled operators that torchvision registers meta kernels for, and `import torchvision` fails with "operator
torchvision::nms does not exist". Declaring the two schemas first is enough for data sets, transforms and utils. Where
torchvision imports by itself, nothing is declared.
"""

from __future__ import annotations

import sys
from types import ModuleType


def import_datasets() -> ModuleType:
    """`torchvision.datasets`, whichever builds of torch and torchvision are installed."""
    try:
        import torchvision.datasets as datasets
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [n for n in sys.modules if n == "torchvision" or n.startswith("torchvision.")]:
            del sys.modules[name]  # half-imported modules
        import torch

        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision.datasets as datasets
    return datasets
