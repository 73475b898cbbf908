"""Hiding optional dependencies of other packages that this project does not need.

scikit-learn imports pandas if it is installed, only to recognise its tables, and pandas imports pyarrow: 80 MB of
memory in a worker, without any use.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator


@contextlib.contextmanager
def without(*packages: str) -> Generator[None]:
    """Inside, importing these packages fails as if they were not installed, unless they have been imported before.

    Only for imports: another thread that imports one of them in the meantime does not find it either.
    """
    hidden = [name for name in packages if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  documented by Python as "this import fails"
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
