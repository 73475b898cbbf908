"""The command `import`: a person's own pictures, from a folder or a zip, as a data set to train the pair on."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import sys
from argparse import Namespace
from pathlib import Path

from core import settings
from core.cli.terminal import UsageError, print_json, writing
from core.cli.training_commands import sweep
from core.data.archive import unpack
from core.data.contact_sheet import contact_sheet
from core.data.dataset import Dataset
from core.data.folder import load_folder, what_was_read
from core.data.folder_name import Place
from core.data.form import Form, suits_color
from core.data.given_files import limits_from_settings
from core.data.uploads import LATENT_DIM
from core.files import slug, write_bytes


def import_pictures(options: Namespace) -> int:
    """Read a folder or a zip, show what the networks will get, and train the pair or say how. Returns the exit code."""
    folder, skipped = _folder(options.path)
    dataset = _in_form(folder, options)
    with writing(options.out) as target:
        write_bytes(target, contact_sheet(dataset))
    words = ["sweep", "--datasets", dataset.name, "--models", "ae,vae", "--latent-dims", str(LATENT_DIM)]
    words += ["--store", options.store] if options.store else []
    command = f"python -m core {shlex.join(words)}"
    if options.json:
        about = {"dataset": dataset.name, "digest": dataset.digest, "shape": list(dataset.shape.chw)}
        about |= {"classes": dataset.classes, "train": len(dataset.train_images), "test": len(dataset.test_images)}
        about |= {"notes": dataset.notes, "skipped": [*skipped, *dataset.skipped], "out": options.out}
        print_json({**about, "command": command})
    else:
        for line in [*(f"not unpacked: {line}" for line in skipped), *what_was_read(dataset)]:
            print(line)
        print(f"{len(dataset.train_images)} training and {len(dataset.test_images)} test images, {dataset.shape}")
        print(f"{options.out}: original images, and below each the input of the models")
        print(f"{'training' if options.train else 'to train the pair'}: {command}")
    if not options.train:
        return 0
    from core.cli.parser import build_parser

    trained = build_parser().parse_args(words)
    trained.json = options.json
    return sweep(trained)


def _folder(path: str) -> tuple[Path, tuple[str, ...]]:
    """The folder of the pictures: the one given, or that of an unpacked zip, and what of the zip was left out.

    A zip is unpacked into the cache; the folder is named by its content, so the same zip is the same data set.

    Raises:
        UsageError: there is no such folder or zip.
        ArchiveError: the zip cannot be taken.
    """
    given = Path(path).expanduser()
    if given.is_dir():
        return given, ()
    if not given.is_file() or given.suffix.lower() != ".zip":
        raise UsageError(f"{path} is neither a folder nor a zip. Give a folder of images, or a zip of one.")
    with given.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        place = settings.cache_dir() / "unpacked" / f"{slug(given.stem, 24)}-{digest}"
        shutil.rmtree(place, ignore_errors=True)  # of an earlier import, perhaps changed since
        return place, unpack([(given.name, file)], place, limits_from_settings()).skipped


def _in_form(folder: Path, options: Namespace) -> Dataset:
    """The images in the form that the options ask for; what is not said follows from the images."""

    def read(form: Form) -> Dataset:
        return load_folder(Place(str(folder.resolve()), form).name, _progress if sys.stderr.isatty() else None)

    invert, size = options.invert, options.size
    if options.color == "1" and invert:
        raise UsageError("--invert exchanges black and white of grey images; leave it out, or give --color 0.")
    if options.color == "auto" and not invert:
        dataset = read(Form(True, size or 32, options.fit))
        if suits_color(dataset.train_images):
            return dataset
    color = options.color == "1"
    return read(Form(color, size or (32 if color else 28), options.fit, invert))


def _progress(done: int, of: int) -> None:
    print(f"\rreading {done} of {of} files", end="\n" if done == of else "", file=sys.stderr)
