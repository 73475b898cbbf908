"""Which finished runs belong together: matched pairs of AE and VAE, and VAEs that differ only in beta.

Two runs are a matched pair if their configurations agree in everything except the model and its beta. These are pure
functions of runs and configurations; `dashboard.cache` finds the runs on disk.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.config import RunConfig
from core.data.dataset import DataKey
from core.data.folder_name import canonical
from core.errors import ArgumentError
from core.runs.run import CONFIG, Run

STANDARD = RunConfig()


@dataclass(frozen=True)
class Entry:
    """A finished run with its configuration."""

    run: Run
    config: RunConfig

    @property
    def run_id(self) -> str:
        """Identifier of the run."""
        return self.run.run_id

    @property
    def beta(self) -> float:
        """The KL weight of a VAE.

        Raises:
            ArgumentError: the model has none.
        """
        if self.config.beta is None:
            raise ArgumentError(f"{self.run_id} is an autoencoder without a KL weight; choose a VAE.")
        return self.config.beta

    @functools.cached_property
    def data(self) -> DataKey:
        """The images it was trained on."""
        return DataKey(canonical(self.config.dataset), self.config.data_digest)

    @property
    def trained(self) -> float:
        """When its training began, as a Unix time in seconds; 0 if unknown."""
        try:
            return (self.run.path / CONFIG).stat().st_mtime
        except OSError:
            return 0.0


@dataclass(frozen=True)
class Pair:
    """An AE and a VAE (beta = 1) that differ in nothing but the posterior and the rate term."""

    ae: Entry
    vae: Entry

    def __getitem__(self, kind: str) -> Entry:
        """The model of a kind, "ae" or "vae"."""
        return dict(self.items())[kind]

    def items(self) -> tuple[tuple[str, Entry], tuple[str, Entry]]:
        """("ae", AE), ("vae", VAE), like the items of a dict."""
        return ("ae", self.ae), ("vae", self.vae)

    @property
    def entries(self) -> tuple[Entry, Entry]:
        """Both models, the AE first."""
        return self.ae, self.vae

    @property
    def data(self) -> DataKey:
        """The images both were trained on."""
        return self.ae.data

    @property
    def dataset(self) -> str:
        """Name of the data set both were trained on."""
        return self.data.name

    @property
    def slug(self) -> str:
        """The data set's name in a form that suits file names."""
        return re.sub(r"[^\w.-]+", "-", self.dataset.rsplit("/", 1)[-1]).strip("-")[:40] or "data"

    @property
    def latent_dim(self) -> int:
        """Latent size d of both."""
        return self.ae.config.latent_dim

    @property
    def likelihood(self) -> str:
        """What the distortion of both measures with, see `RunConfig.likelihood`."""
        return self.ae.config.likelihood

    @property
    def seed(self) -> int:
        """Seed of both."""
        return self.ae.config.seed


def recipe(config: RunConfig) -> RunConfig:
    """The configuration without model and beta: equal for all runs trained in the same way on the same images."""
    # All settings are kept for a VAE; for other models, those without an effect are reset.
    return dataclasses.replace(config, dataset=canonical(config.dataset), model="vae", beta=1.0)


def usual(config: RunConfig, likelihood: str = "") -> bool:
    """Whether the run minimises D + beta R without further options, for one beta or for all, on all images.

    Args:
        likelihood: which D measures with; by default the one that suits the images.
    """
    options = (
        "reduction",
        "warmup_epochs",
        "free_bits",
        "noise",
        "held_out_class",
        "train_size",
        "activation",
    )
    expected = likelihood or RunConfig(dataset=config.dataset).likelihood  # it depends on the shape of the images
    return config.likelihood == expected and all(getattr(config, name) == getattr(STANDARD, name) for name in options)


def plain(config: RunConfig, likelihood: str = "") -> bool:
    """Whether the run can be shown as the AE or the VAE of its data set; arguments as in `usual`."""
    return config.model != "multirate" and usual(config, likelihood)


def _preference(entry: Entry) -> tuple:
    """Sort key: shipped runs before new ones, the standard recipe before others, longer trainings before shorter."""
    standard = dataclasses.replace(
        recipe(entry.config),
        dataset=STANDARD.dataset,
        data_digest="",
        seed=0,
        latent_dim=16,
        trunk="conv",
        likelihood=STANDARD.likelihood,
    )
    return (not entry.run.shipped, standard != recipe(STANDARD), -entry.config.epochs, entry.run_id)


def pairs(entries: Iterable[Entry], likelihood: str = "") -> dict[tuple[str, int, int], Pair]:
    """The preferred matched pair for every (data set, latent size, seed) that has one, the default choice first.

    For a folder that has changed between trainings, this is a pair trained on its latest content.

    Args:
        entries: the runs.
        likelihood: of the pairs, see `usual`.
    """
    chosen = [e for e in entries if plain(e.config, likelihood) and e.config.beta in (None, 1.0)]
    aes: dict[RunConfig, Entry] = {}
    for entry in sorted(chosen, key=_preference):
        if entry.config.model == "ae":
            aes.setdefault(recipe(entry.config), entry)
    newest: dict[DataKey, float] = {}
    for entry in chosen:
        if entry.data.name.startswith("folder:"):
            newest[entry.data] = max(newest.get(entry.data, 0.0), entry.trained)
    found: dict[tuple[str, int, int], Pair] = {}
    for vae in sorted(chosen, key=lambda e: (-newest.get(e.data, 0.0), *_preference(e))):
        key = (vae.data.name, vae.config.latent_dim, vae.config.seed)
        if vae.config.model == "vae" and key not in found and (ae := aes.get(recipe(vae.config))):
            found[key] = Pair(ae, vae)
    return {key: found[key] for key in sorted(found, key=_place)}


def _place(key: tuple[str, int, int]) -> tuple[Any, ...]:
    """Sort key of a pair: the standard data set and latent size before others, sizes to be drawn in a plane last."""
    dataset, latent_dim, seed = key
    return dataset != STANDARD.dataset, dataset, latent_dim != STANDARD.latent_dim, latent_dim < 3, latent_dim, seed


def of_size(pairs: Iterable[Pair], pair: Pair, latent_dim: int) -> list[Pair]:
    """The pairs of a latent size that were trained on the same images as `pair`, one per seed."""
    return [p for p in pairs if p.data == pair.data and p.latent_dim == latent_dim]


def over_beta(entries: Iterable[Entry], pair: Pair) -> dict[float, Entry]:
    """beta -> the VAE trained like the pair but with that KL weight, in ascending order."""
    found: dict[float, Entry] = {}
    alike = (
        e
        for e in entries
        if e.config.model == "vae"
        and (e.config.latent_dim, e.config.seed, e.data) == (pair.latent_dim, pair.seed, pair.data)
        and plain(e.config, pair.likelihood)
    )
    for entry in sorted(alike, key=_preference):
        found.setdefault(entry.beta, entry)
    return dict(sorted(found.items()))


def nearest_betas(trained: Iterable[float], beta: float, most: int) -> list[float]:
    """At most `most` of the trained KL weights, the nearest to `beta` on the logarithmic scale first."""
    return sorted(trained, key=lambda b: abs(math.log(b / beta)))[:most]


def trained_to_denoise(entries: Iterable[Entry], pair: Pair, noise: float) -> Pair | None:
    """The pair trained like this one but with noise on its input images, preferably with the same seed."""
    found: dict[int, dict[str, Entry]] = {}
    for entry in entries:
        c = entry.config
        twin = dict(pair.items()).get(c.model)
        if twin is not None and c.noise == noise and dataclasses.replace(c, noise=0.0, seed=pair.seed) == twin.config:
            found.setdefault(c.seed, {})[c.model] = entry
    whole = [Pair(kinds["ae"], kinds["vae"]) for kinds in found.values() if len(kinds) == 2]
    return min(whole, key=lambda p: (p.seed != pair.seed, p.seed), default=None)


def multirate(entries: Iterable[Entry], pair: Pair) -> Entry | None:
    """The multi-rate model of the pair's data set and latent size, preferably with the pair's seed."""
    found = [
        e
        for e in entries
        if e.config.model == "multirate"
        and usual(e.config, pair.likelihood)
        and (e.data, e.config.latent_dim) == (pair.data, pair.latent_dim)
    ]
    return min(found, key=lambda e: (e.config.seed != pair.seed, *_preference(e)), default=None)


def other_seeds(entries: Iterable[Entry], entry: Entry) -> list[Entry]:
    """The runs that differ from this one only in the seed."""
    config = entry.config
    near = [e for e in entries if (e.config.beta, e.config.latent_dim) == (config.beta, config.latent_dim)]
    alike = [e for e in near if e.run_id != entry.run_id and e.config.replace(seed=config.seed) == config]
    return sorted(alike, key=lambda e: e.config.seed)


def differences(pair: Pair) -> tuple[dict[str, tuple], dict[str, object]]:
    """The settings of a pair that differ, as name -> (AE's, VAE's), and those that are equal."""
    a, b = pair.ae.config.to_dict(), pair.vae.config.to_dict()
    return {k: (a[k], b[k]) for k in a if a[k] != b[k]}, {k: a[k] for k in a if a[k] == b[k]}
