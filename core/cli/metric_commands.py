"""The commands `evaluate` and `judge`: measure runs, and train the classifier that measures them."""

from __future__ import annotations

import time
from argparse import Namespace

from core.cli.terminal import UsageError, figures, find_run, model_of, open_store, print_json, print_table, writing
from core.data.datasets import load_dataset
from core.errors import FAILURE
from core.runs.store import RunStore


def evaluate(options: Namespace) -> int:
    """Measure one run, or with --all or --check the scorecard."""
    store = open_store(options)
    if options.run and options.all:
        raise UsageError("give either a RUN, or --all, which is about every run.")
    if not (options.run or options.all or options.check):
        raise UsageError(
            "say what to measure: a RUN, --all for the whole scorecard, "
            "or --check to compare with the committed figures."
        )
    if options.publish and not options.all:
        raise UsageError("--publish goes with --all: it writes what that measured.")
    if options.device and (options.all or options.check):
        raise UsageError(
            "--device applies to measuring one RUN; the scorecard is measured and checked on the CPU, "
            "where it can be reproduced. Leave it out."
        )
    if options.all or options.check:
        return evaluate_scorecard(store, options)
    from core.training import evaluation

    run = find_run(store, options.run)
    measured = evaluation.evaluate(model_of(run, options), run.dataset())
    recorded = run.evaluation()
    if options.json:
        print_json({"run_id": run.run_id, "measured": measured, "recorded": recorded})
    else:
        print(f"{run.run_id} on {measured['n']} test images of {run.config.dataset}; nats per image, MSE per pixel")
        print_table([{"": "measured", **figures(measured)}, {"": "recorded", **figures(recorded)}])
    return 0


def evaluate_scorecard(store: RunStore, options: Namespace) -> int:
    """The options --all, --publish and --check, see `core.metrics.measuring`; returns 1 if a check fails."""
    from tqdm import tqdm

    from core.hardware.device import set_threads
    from core.metrics import measuring, scorecard
    from core.metrics.records import scores_of

    set_threads()
    compared: list[str] = []
    problems: list[str] = []
    missed: dict[str, str] = {}
    missing: dict[str, dict[str, str]] = {}
    with tqdm(disable=True if options.json else None, unit="run") as bar:

        def progress(done: int, total: int, what: str = "") -> None:
            bar.total = total
            bar.update(done - bar.n)
            bar.set_description(what)  # drawn at once: within a run nothing else shows progress

        try:
            if options.all:
                outcome = measuring.evaluate_all(store, progress=progress)
                missed = {run_id: why for run_id, why in outcome.items() if why != "measured"}
                found = {
                    run_id: scorecard.reasons(scores_of(store.get(run_id)))
                    for run_id in outcome
                    if run_id not in missed
                }
                missing = {run_id: reasons for run_id, reasons in found.items() if reasons}
            if options.publish:
                measuring.publish(store)
            if options.check:
                only = find_run(store, options.run).run_id if options.run else None
                for run_id, off in measuring.check(store, progress=progress, only=only):
                    compared.append(run_id)
                    for difference in off:
                        problems.append(f"{run_id}: {difference}")
                        if not options.json:
                            bar.write(problems[-1])  # at once, since measuring all runs takes long
        except KeyboardInterrupt:
            measured = "What was measured is kept; the same command continues from there."
            raise KeyboardInterrupt(f"Interrupted. {measured if options.all else 'A check keeps nothing.'}") from None
    if options.json:
        print_json(
            {"compared": compared, "problems": problems, "not_measured": missed, "figures_not_measured": missing}
        )
    else:
        for run_id, why in missed.items():
            print(f"{run_id} was not measured: {why}")
        for run_id, why_not in missing.items():
            for why in dict.fromkeys(why_not.values()):
                print(f"{run_id}: not measured: {', '.join(what for what in why_not if why_not[what] == why)}: {why}")
        if options.check:
            print(_result_of_check(problems, compared))
    return FAILURE if problems or (options.check and not compared) else 0


def _result_of_check(problems: list[str], compared: list[str]) -> str:
    if problems:
        return f"{len(problems)} figures are off by more than their tolerance."
    if compared:
        return f"Every committed figure of the {len(compared)} runs compared is reproduced within its tolerance."
    return "Nothing was compared: no run with committed figures, or none of their images, is on this machine."


def judge(options: Namespace) -> int:
    """Train the judge of a data set, unless there is one; with --out in any case."""
    from tqdm import tqdm

    from core.hardware.device import pick, set_threads
    from core.metrics.judge_training import find_judge, folders, train_judge

    device, dataset = str(pick(options.device)), load_dataset(options.dataset)
    set_threads()
    found, began = None if options.out else find_judge(dataset), time.perf_counter()
    there = found is not None
    if found is None:
        with tqdm(unit="epoch", desc=f"judge of {dataset.name}", disable=True if options.json else None) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            with writing(options.out or folders(dataset.name, dataset.digest)[1]) as folder:
                folder.mkdir(parents=True, exist_ok=True)  # an error here comes before the training
                found = train_judge(dataset, folder, device, progress=progress)
    seconds = round(time.perf_counter() - began, 2)
    if options.json:
        print_json({**found.info, "trained": not there, "seconds": seconds, "path": str(found.folder)})
    else:
        how = "was there already" if there else f"trained in {seconds:.1f} s"
        accuracy = f"{found.accuracy:.2%} of {found.info['held_out']} held-out images"
        print(f"{dataset.name}: classifies {accuracy} correctly; {how}, in {found.folder}")
    return 0
