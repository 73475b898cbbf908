"""The only module that imports torchvision.

If a CPU build of torch is combined with a CUDA build of torchvision (PyPI has no CPU build of torchvision), compiled
operators are missing for which torchvision registers meta kernels, and `import torchvision` fails with "operator
torchvision::nms does not exist". Declaring the two schemas first is enough for data sets, transforms and utils. If
torchvision can be imported as it is, nothing is declared.
"""

from __future__ import annotations

import sys
from types import ModuleType


def import_datasets() -> ModuleType:
    """`torchvision.datasets`, for any combination of builds of torch and torchvision."""
    try:
        from torchvision import datasets
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [n for n in sys.modules if n == "torchvision" or n.startswith("torchvision.")]:
            del sys.modules[name]  # partially imported modules
        import torch

        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from torchvision import datasets
    return datasets
