"""Optional dependencies of other packages, left out of a process that has no use for them.

scikit-learn imports pandas where it is installed, only to recognise its tables, and pandas imports pyarrow: 80 MB of a
worker's memory that nothing in this project asks for.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def without(*packages: str) -> Iterator[None]:
    """Inside, packages that are not imported yet are as if they were not installed; what is imported already stays.

    For imports alone: another thread that imports one of them meanwhile does not find it either.
    """
    hidden = [name for name in packages if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's own sign for "there is none"
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
