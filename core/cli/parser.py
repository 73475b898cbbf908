"""The command line of `python -m core`: its commands, their options, and the parsers of lists and numbers."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from core.cli.config_options import CONFIG_OPTIONS, add_config_options
from core.cli.terminal import UsageError
from core.config import BETA_GRID, BETA_RANGE, MODELS
from core.data.form import FITS
from core.data.shape import SIDES
from core.data.sources import DATASETS
from core.latent.interpolation import KINDS
from core.latent.sampling import SOURCES

EXIT_CODES = """exit codes:
  0    done
  1    a training failed, a file is damaged, or a check found a difference
  2    a wrong request: an option, a path, a name or a setting; the message says what to change
  130  interrupted"""
EPILOG = f"""examples:
  python -m core train --model vae --latent-dim 2 --beta 4
  python -m core sweep --betas grid --seeds 0
  python -m core runs --json
  python -m core sample vae-mnist-5k-d16-b1-s0 --source mixture --out samples.png

A RUN is a run id or the beginning of one; `python -m core runs` lists them. Settings from the environment,
such as POINT_OR_CLOUD_CACHE (where new runs go) and _DATA (where MNIST and the like are): `python -m core settings`.

{EXIT_CODES}"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, with a suggestion; options cannot be abbreviated."""

    def __init__(self, **settings: Any):
        super().__init__(**settings, allow_abbrev=False)

    def known_words(self) -> set[str]:
        """All options and choices, including the options of subcommands."""
        words: set[str] = set()
        for action in self._actions:
            words.update(action.option_strings)
            words.update(map(str, action.choices or ()))
            if isinstance(action.choices, dict):  # subcommands by name
                subparsers: dict[str, Parser] = action.choices
                for parser in subparsers.values():
                    words.update(option for action in parser._actions for option in action.option_strings)
        return words

    def error(self, message: str) -> NoReturn:
        """Called by argparse for wrong arguments.

        Raises:
            UsageError: always.
        """
        message = re.sub(r" \(choose from (.*)\)$", lambda m: "; choose one of " + m[1].replace("'", ""), message)
        unknown = re.search(r"(?:invalid choice: '|unrecognized arguments: )([^\s']+)", message)
        if unknown:
            close = difflib.get_close_matches(unknown[1], sorted(self.known_words()), n=1, cutoff=0.7)
            message += f". Did you mean {close[0]}?" if close else ""
        raise UsageError(f"{message} (see `{self.prog} --help`)")


# Parsers of options. argparse reports their ArgumentTypeError with the name of the option.


def beta_list(text: str) -> list[float]:
    """Parse "0.5,1,2"; "0.1:10:5", 5 values evenly spaced in log beta, with three digits; "grid", the shipped betas."""
    try:
        if text == "grid":
            return list(BETA_GRID)
        if ":" in text:
            low, high, count = (float(part) for part in text.split(":"))
            if not (0 < low < high and 2 <= count <= 100 and count == int(count)):
                raise ValueError
            step = math.log(high / low) / (int(count) - 1)
            return [float(f"{low * math.exp(i * step):.3g}") for i in range(int(count))]
        values = [float(part) for part in text.split(",")]
    except ValueError:
        message = (
            f"{text!r} is not a list of weights; give numbers like 0.5,1,2, or LOW:HIGH:COUNT like 0.1:10:5, or grid"
        )
        raise argparse.ArgumentTypeError(message) from None
    return values


def seed_list(text: str) -> list[int]:
    """Parse "0,1,2" or "0-4"."""
    try:
        first, dash, last = text.partition("-")
        values = list(range(int(first), int(last) + 1)) if dash else [int(part) for part in text.split(",")]
        if not 0 < len(values) <= 1000:
            raise ValueError
        return values
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of seeds; give whole numbers like 0,1,2 or 0-4"
        ) from None


def word_list(choices: Sequence[str]) -> Callable[[str], list[str]]:
    """A parser for some of `choices`, separated by commas."""

    def parse(text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in choices:
                raise argparse.ArgumentTypeError(f"{word!r} is not known; choose from {', '.join(choices)}")
        return words

    return parse


def dataset_list(text: str) -> list[str]:
    """Parse "mnist-5k,folder:a,folder:b"; a comma belongs to a path unless the name of a data set follows it."""
    names = re.split(rf",(?=folder:|(?:{'|'.join(map(re.escape, DATASETS))})(?:,|$))", text)
    for name in names:
        if name not in DATASETS and not name.startswith("folder:"):
            raise argparse.ArgumentTypeError(f"{name!r} is not known; choose from {', '.join(DATASETS)} or folder:PATH")
    return names


def number(low: float, high: float, kind: type[int] | type[float] = int) -> Callable[[str], int | float]:
    """A parser for a number from `low` to `high`."""

    def parse(text: str) -> int | float:
        with contextlib.suppress(ValueError):
            value = kind(text)
            if low <= value <= high:
                return value
        what = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not usable; give {what} from {low:g} to {high:g}")

    return parse


def build_parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="python -m core",
        description="Train, measure and share autoencoders and variational autoencoders.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str, run: bool = False, device: bool = False, out: str = "") -> Parser:
        about = text[0].upper() + text[1:] + "."
        sub = commands.add_parser(
            name, help=text, description=about, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if run:
            sub.add_argument("run", metavar="RUN", help="a run id or a unique prefix of one")
        if device:
            sub.add_argument("--device", help="cpu, cuda, cuda:N, mps or auto (default: the best available)")
        if out:
            sub.add_argument("--out", default=out, metavar="FILE", help=f"PNG to write (default {out})")
        where = "use the runs in this folder, and only those (default: shipped runs, and the user's cache for new ones)"
        sub.add_argument("--store", metavar="PATH", help=where)
        sub.add_argument("--json", action="store_true", help="print machine-readable JSON only")
        return sub

    train = command("train", "train one model, unless it is there already", device=True)
    add_config_options(train)

    sweep = command("sweep", "train several models: every combination of the lists given", device=True)
    betas = "0.5,1,2, or LOW:HIGH:COUNT (even in log beta), or grid: the 10 shipped values from 0.1 to 10"
    # The option names of `train` are accepted, too: a `train` command becomes a sweep by changing one word.
    sweep.add_argument("--betas", "--beta", type=beta_list, help=betas)
    sweep.add_argument("--seeds", "--seed", type=seed_list, default=[0], help="0,1,2 or 0-4 (default 0)")
    sweep.add_argument(
        "--models", "--model", type=word_list(MODELS), default=["vae"], help="ae,vae,multirate (default vae)"
    )
    sweep.add_argument("--latent-dims", "--latent-dim", type=seed_list, default=[16], help="2,4,8,16,32 (default 16)")
    sweep.add_argument(
        "--datasets",
        "--dataset",
        type=dataset_list,
        default=["mnist-5k"],
        help=f"comma-separated: {CONFIG_OPTIONS['dataset']} (default mnist-5k)",
    )
    cluster = "train on the workers of a Dask scheduler, e.g. tcp://10.0.0.5:8786, over a shared --store"
    sweep.add_argument("--scheduler", metavar="ADDRESS", help=cluster)
    sweep.add_argument("--dry-run", action="store_true", help="only list the runs and their status")
    add_config_options(sweep, leave_out=("beta", "seed", "model", "latent_dim", "dataset"))

    runs = command("runs", "list the runs")
    runs.add_argument("--model", type=word_list(MODELS), help="only these, comma-separated")
    runs.add_argument("--dataset", help="only this data set")
    runs.add_argument("--latent-dim", type=number(1, 64), metavar="N", help="only this latent size")

    evaluate = command("evaluate", "measure runs on the test images; --all: the whole scorecard", device=True)
    evaluate.add_argument("run", nargs="?", metavar="RUN", help="a run id or a unique prefix of one")
    evaluate.add_argument(
        "--all", action="store_true", help="the whole scorecard for every run; resumes where it was interrupted"
    )
    evaluate.add_argument(
        "--publish",
        action="store_true",
        help="with --all: write the standard runs' figures to checkpoints/scorecards/, to be committed",
    )
    evaluate.add_argument(
        "--check",
        action="store_true",
        help="measure again and compare with the committed figures, all runs or the RUN; exit code 1 where one is off",
    )

    data = command(
        "data",
        "describe a data set: its classes, the choices made for its images, and every file that is skipped",
    )
    data.add_argument("dataset", metavar="DATASET", help=f"{', '.join(DATASETS)} or folder:PATH")
    data.add_argument("--out", metavar="FILE", help="PNG to write: some original images, each above the model input")

    own = command(
        "import", "read your own pictures, show what the networks get, and train the pair", out="pictures.png"
    )
    own.add_argument("path", metavar="PATH", help="a folder or a zip; its sub-folders are the classes")
    colors = "1: in colour, 0: grey levels (default auto: in colour if the pictures are)"
    own.add_argument("--color", choices=("auto", "0", "1"), default="auto", help=colors)
    own.add_argument("--size", type=int, choices=SIDES, help="side in pixels (default 32 in colour, 28 in grey levels)")
    fits = "pad: all of a picture, crop: its middle, stretch: its sides scaled separately (default pad)"
    own.add_argument("--fit", choices=FITS, default=FITS[0], help=fits)
    own.add_argument("--invert", action="store_true", help="exchange black and white of grey levels")
    own.add_argument("--train", action="store_true", help="train the AE and the VAE")

    judge = command(
        "judge", "train the small classifier that measures samples and paths, unless it is there already", device=True
    )
    judge.add_argument("dataset", metavar="DATASET", help=f"{', '.join(DATASETS)} or folder:PATH")
    judge.add_argument(
        "--out",
        metavar="FOLDER",
        help="train it in any case and write it there (default: the user's cache); shipped: checkpoints/judges/",
    )

    sample = command("sample", "draw new images from a run into a PNG", run=True, device=True, out="samples.png")
    sample.add_argument("--n", type=number(1, 10_000), default=36, metavar="N", help="number of samples (default 36)")
    sample.add_argument(
        "--source", default="prior", choices=SOURCES, help="where codes come from (default prior, N(0, I))"
    )
    sample.add_argument(
        "--temperature",
        type=number(0, 10, float),
        default=1.0,
        metavar="T",
        help="factor of the codes' standard deviations (default 1)",
    )
    sample.add_argument(
        "--seed", type=number(0, 2**31 - 1), default=0, metavar="N", help="random seed of the noise (default 0)"
    )

    inter = command(
        "interpolate",
        "decode a path between two test images into a PNG",
        run=True,
        device=True,
        out="interpolation.png",
    )
    index = number(0, 10**7)
    inter.add_argument(
        "--from", dest="start", type=index, default=0, metavar="INDEX", help="test image to start from (default 0)"
    )
    inter.add_argument(
        "--to", dest="end", type=index, default=1, metavar="INDEX", help="test image to end at (default 1)"
    )
    inter.add_argument(
        "--steps", type=number(2, 200), default=9, metavar="N", help="number of frames, including both ends (default 9)"
    )
    inter.add_argument("--kind", default="linear", choices=KINDS, help="straight line or arc (default linear)")
    for sub in (sample, inter):
        sub.add_argument(
            "--beta",
            type=number(*BETA_RANGE, float),
            metavar="X",
            help="for a multi-rate model: the beta to use (default 1)",
        )

    project = command("project", "compute 2-D maps (PCA, UMAP) of runs' codes and keep them with the run")
    project.add_argument("run", nargs="*", metavar="RUN", help="run ids, or the beginnings of them")
    project.add_argument("--all", action="store_true", help="every finished run")
    project.add_argument("--again", action="store_true", help="recompute existing maps")

    export = command("export", "export a run: safetensors, JSON and a ten-line loading example", run=True)
    export.add_argument("--out", metavar="PATH", help="folder, or a .zip file (default RUN.zip)")

    command("warm-up", "prepare a new machine: parse the data, compile the code of UMAP")
    command("settings", "check the settings from the environment and list them")
    return top
