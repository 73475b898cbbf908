"""What the three uses of a model share: the pair, its images, and the scores of all seeds."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from core.data.dataset import Dataset
from core.metrics.verdicts import Measure, Population
from dashboard.content.catalog import Pair


@dataclass(frozen=True)
class UsesContext:
    """The models and measurements that the Uses page is about.

    Attributes:
        pair, data: the models shown and the images that they were trained on.
        scores: of the standard runs, by role and seed; empty if there are none.
        dark: the page is dark.
    """

    pair: Pair
    data: Dataset
    scores: Population
    dark: bool

    def mean(self, role: str, path: str) -> float | None:
        """The mean of a measure over the runs of a role, e.g. "denoising/0.5/model"; None if no run has it."""
        values = Measure(role, path, "").values(self.scores)
        return statistics.fmean(values.values()) if values else None

    def images_measured(self) -> int:
        """The number of test images that the scores were measured on."""
        return next(scores["n"] for by_seed in self.scores.values() for scores in by_seed.values())
