#!/usr/bin/python3
"""Runs ltlab and PyTorch in turns (A B A B ...) on the same task, and keeps what each turn said.

steps   whole training steps of each model, at the same batch, optimizer, density and threads    -> OUT/steps.csv
search  whole searches of LeNet-300-100 on MNIST by iterative magnitude pruning, as many at a time as there are cores,
        of 5,000 steps a level (the paper's 50,000 take a day)                                 -> OUT/search.csv

Where several threads are asked for, ltlab trains as many networks side by side, one a thread, and PyTorch may do the
same with as many processes or give all threads to one network; all count steps of all networks.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DENSITIES = (1, 0.2, 0.1, 0.05, 0.02)
# With batch and optimizer. VGGs learn from batches of 128, of which PyTorch makes one in seconds.
MODELS = (("lenet-300-100", 60, "adam"), ("lenet-5", 60, "adam"), ("conv-2", 60, "adam"), ("conv-4", 60, "adam"),
          ("conv-6", 60, "adam"), ("resnet-20", 128, "sgd"), ("resnet-32", 128, "sgd"), ("resnet-44", 128, "sgd"),
          ("resnet-56", 128, "sgd"), ("vgg-11", 64, "sgd"), ("vgg-13", 64, "sgd"), ("vgg-16", 64, "sgd"),
          ("vgg-19", 64, "sgd"))


class BenchError(Exception):
    """A program that did not run; the message is its own."""


@dataclass(frozen=True)
class Task:
    """What both sides do in turns."""

    model: str
    batch: int
    optimizer: str
    density: float
    threads: int


@dataclass(frozen=True)
class StepsRow:
    """What one side reached in one turn: steps/s of all its networks together."""

    model: str
    batch: int
    optimizer: str
    density: float
    threads: int
    side: str  # ltlab, or pytorch with how it used its threads
    turn: int
    median: float  # of the blocks of this turn
    min: float
    max: float
    processor_share: float  # of its threads' time, that they had a core
    peak_rss_mb: float


@dataclass(frozen=True)
class SearchRow:
    """What one side's searches took; level is empty for all of them, data loading and start-up included."""

    side: str
    turn: int
    searches: int  # at the same time, one a core
    steps: int  # of each level
    level: int | str  # of the first search
    density: float | str
    seconds: float
    processor_seconds: float | str
    peak_rss_mb: float | str  # of all processes together


def run(command: Sequence[str]) -> str:
    """What a program prints; BenchError with its message where it fails."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise BenchError(result.stderr.strip() or f"{command[0]} failed with status {result.returncode}")
    return result.stdout


def run_together(command: Sequence[str], processes: int) -> list[dict[str, Any]]:
    """The reports of several processes of the same program that run at the same time."""
    running = [subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True) for _ in range(processes)]
    outputs = [process.communicate() for process in running]
    for process, (_, error) in zip(running, outputs):
        if process.returncode != 0:
            raise BenchError(error.strip())
    return [json.loads(output) for output, _ in outputs]


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """A CSV file with a column for each field of the rows."""
    names = [field.name for field in fields(rows[0])]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(row, name) for name in names] for row in rows)


# ---- steps ---------------------------------------------------------------------------------------------------------


def steps_row(task: Task, side: str, turn: int, reports: Sequence[dict[str, Any]]) -> StepsRow:
    """One turn's row; where processes ran at the same time, their steps add up."""
    total = {name: sum(report[name] for report in reports) for name in ("median", "min", "max", "peak_rss_mb")}
    share = min(report["processor_share"] for report in reports)
    return StepsRow(task.model, task.batch, task.optimizer, task.density, task.threads, side, turn, total["median"],
                    total["min"], total["max"], share, total["peak_rss_mb"])


def sides_of(task: Task, arguments: argparse.Namespace) -> dict[str, tuple[list[str], int]]:
    """The sides of a task: each one's command, and how many processes of it run at the same time."""
    options = ["--model", task.model, "--batch", task.batch, "--optimizer", task.optimizer, "--density", task.density,
               "--seconds", arguments.seconds, "--json"]
    torch = ["/usr/bin/python3", arguments.pytorch, "steps", *options]
    sides = {"ltlab": ([arguments.bench, "steps", *options, "--threads", task.threads], 1),
             "pytorch": ([*torch, "--threads", task.threads], 1)}
    if task.threads > 1:
        sides[f"pytorch, {task.threads} processes"] = ([*torch, "--threads", 1], task.threads)
    return sides


def measure_task(task: Task, arguments: argparse.Namespace) -> list[StepsRow]:
    """Every turn of every side."""
    rows = []
    for turn in range(arguments.pairs):
        for side, (command, processes) in sides_of(task, arguments).items():
            rows.append(steps_row(task, side, turn, run_together(command, processes)))
    of_side = {side: sorted(row.median for row in rows if row.side == side) for side in sides_of(task, arguments)}
    speeds = ", ".join(f"{side} {medians[len(medians) // 2]:.1f}" for side, medians in of_side.items())
    print(f"{task.model}  batch {task.batch}  density {task.density:.0%}  {task.threads} thread(s): {speeds} steps/s",
          flush=True)
    return rows


def tasks(arguments: argparse.Namespace) -> list[Task]:
    """What to measure: models against density, and LeNet-300-100 against the batch and with all cores."""
    densities = (1, 0.02) if arguments.quick else DENSITIES
    wanted = [Task(*model, density, 1) for model in MODELS for density in densities]
    cores = os.cpu_count() or 1
    if cores > 1:
        wanted += [Task("lenet-300-100", 60, "adam", density, cores) for density in densities[::2]]
    if not arguments.quick:
        wanted += [Task("lenet-300-100", batch, "adam", 0.05, 1) for batch in (16, 128, 512)]
    return [task for task in wanted if not arguments.models or task.model in arguments.models]


def measure_steps(arguments: argparse.Namespace) -> None:
    """Writes steps.csv, anew after each task, so that what was measured survives an interruption."""
    rows: list[StepsRow] = []
    for task in tasks(arguments):
        rows += measure_task(task, arguments)
        write_rows(arguments.out / "steps.csv", rows)


# ---- search --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """What processes that ran at the same time printed and took."""

    outputs: list[str]
    seconds: float  # until the last of them ended
    processor_seconds: float
    peak_rss_mb: float


def timed_run(commands: Sequence[Sequence[Any]]) -> Finished:
    """Runs the commands at the same time; BenchError with the message of one that fails."""
    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2 * len(commands))]
        running = [subprocess.Popen([str(word) for word in command], stdout=out, stderr=error)
                   for command, out, error in zip(commands, files[::2], files[1::2])]
        ends = [os.wait4(process.pid, 0) for process in running]
        seconds = time.perf_counter() - start
        texts = [file.seek(0) or file.read() for file in files]
    for (_, status, _), command, error in zip(ends, commands, texts[1::2]):
        if status != 0:
            raise BenchError(error.strip() or f"{command[0]} failed")
    usages = [usage for _, _, usage in ends]
    return Finished(texts[::2], seconds, sum(usage.ru_utime + usage.ru_stime for usage in usages),
                    sum(usage.ru_maxrss for usage in usages) * 1024 / 1e6)


def search_rows(side: str, turn: int, arguments: argparse.Namespace, finished: Finished,
                levels: Sequence[tuple[float, float]]) -> list[SearchRow]:
    """The rows of one turn, from density and seconds of each level of the first search."""
    common = (side, turn, arguments.searches, arguments.steps)
    whole = SearchRow(*common, "", "", finished.seconds, finished.processor_seconds, finished.peak_rss_mb)
    return [whole] + [SearchRow(*common, level, *figures, "", "") for level, figures in enumerate(levels)]


def search_with_ltlab(arguments: argparse.Namespace, turn: int) -> list[SearchRow]:
    """The rows of searches by ltlab, which also stores every mask and weight."""
    import h5py  # only here, so that `steps` needs no more than PyTorch's side does

    with tempfile.TemporaryDirectory() as folder:
        run_folder = Path(folder) / "run"
        finished = timed_run(
            [[arguments.ltlab, "search", "--data", "mnist", "--steps", arguments.steps, "--levels", arguments.levels,
              "--rate", 0.2, "--optimizer", "adam", "--learning-rate", 0.0012, "--batch", 60, "--validate-every", 100,
              "--validation", 5000, "--init", "glorot-normal", "--replicates", arguments.searches, "--workers",
              arguments.searches, "--out", run_folder, "--json"]])
        first = run_folder / "replicate-0" if arguments.searches > 1 else run_folder
        levels = []
        for level in range(arguments.levels + 1):
            with h5py.File(first / f"level-{level:03}.h5") as file:
                levels.append((float(file.attrs["density"]), float(file.attrs["wall_seconds"])))
    return search_rows("ltlab", turn, arguments, finished, levels)


def search_with_pytorch(arguments: argparse.Namespace, turn: int) -> list[SearchRow]:
    """The rows of the same searches in PyTorch, each a process of one thread."""
    finished = timed_run(
        [["/usr/bin/python3", arguments.pytorch, "search", "--steps", arguments.steps, "--levels", arguments.levels,
          "--rate", 0.2, "--batch", 60, "--validate-every", 100, "--validation", 5000, "--threads", 1, "--seed", seed,
          "--json"] for seed in range(arguments.searches)])
    levels = [(level["density"], level["seconds"]) for level in json.loads(finished.outputs[0])["levels"]]
    return search_rows("pytorch", turn, arguments, finished, levels)


def measure_search(arguments: argparse.Namespace) -> None:
    """Writes search.csv, anew after each turn."""
    rows: list[SearchRow] = []
    for turn in range(arguments.pairs):
        for search in (search_with_ltlab, search_with_pytorch):
            rows += search(arguments, turn)
            whole = next(row for row in reversed(rows) if row.level == "")
            print(f"{whole.searches} searches of {arguments.levels + 1} levels of {arguments.steps} steps, turn {turn}: "
                  f"{whole.side} {whole.seconds:.1f} s ({whole.processor_seconds:.1f} s of processor), peak "
                  f"{whole.peak_rss_mb:.0f} MB", flush=True)
            write_rows(arguments.out / "search.csv", rows)


# ---- Command line --------------------------------------------------------------------------------------------------


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    steps = commands.add_parser("steps", help="training steps of each model")
    steps.add_argument("--seconds", type=float, default=1.5,
                       help="of each turn, in 7 blocks, or 3 steps where those take longer (%(default)s)")
    steps.add_argument("--models", type=lambda words: words.split(","), help="only these, separated by commas")
    steps.set_defaults(measure=measure_steps, usual_pairs=3)
    search = commands.add_parser("search", help="a whole search")
    search.add_argument("--steps", type=int, help="of each level (5000; quick: 500)")
    search.add_argument("--levels", type=int, help="pruned levels (18; quick: 6)")
    search.set_defaults(measure=measure_search, usual_pairs=2)
    for command in (steps, search):
        command.add_argument("--pairs", type=int, help="turns of each side (steps: 3; search, quick: 2)")
        command.add_argument("--quick", action="store_true", help="less of everything")
        command.add_argument("--out", type=Path, default=ROOT / "results/performance", help="(%(default)s)")
        command.add_argument("--bench", type=Path, default=ROOT / "build/release/bin/ltlab-bench", help="(%(default)s)")
        command.add_argument("--ltlab", type=Path, default=ROOT / "build/release/bin/ltlab", help="(%(default)s)")
        command.add_argument("--pytorch", type=Path, default=ROOT / "scripts/bench_pytorch.py", help="(%(default)s)")
    arguments = parser.parse_args()
    if arguments.pairs is None:
        arguments.pairs = 2 if arguments.quick else arguments.usual_pairs
    arguments.searches = os.cpu_count() or 1
    if arguments.measure is measure_search:
        arguments.steps = arguments.steps or (500 if arguments.quick else 5000)
        arguments.levels = arguments.levels or (6 if arguments.quick else 18)
    return arguments


def main() -> int:
    """The exit status is 0, or 2 where a program did not run."""
    arguments = parse_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        arguments.measure(arguments)
    except (BenchError, OSError) as error:
        print(f"bench_pairs.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
