#!/usr/bin/python3
"""Plots a search as Figure 4 of Frankle & Carbin 2019: early-stop iteration and test accuracy against density.

Reads what `ltlab search` stored under RUN_DIR: each replicate's level-NNN.h5, and those of its controls in folders
as random-reinit-K beside them.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from plot_style import COLORS, MARKERS, STYLE, lay_out, save, set_accuracy_axis, set_density_axis
from script_errors import InputError, reading, require_file, run_script
from scipy.stats import t as student_t

STEP, AT_END, AT_STOP, LAST_STEP = "early_stop_step", "test_accuracy", "early_stop_test_accuracy", "steps"


@dataclass(frozen=True)
class Branch:
    """How one kind of subnetwork is named, found and drawn."""

    control: str  # the prefix of its folders inside a replicate; empty for the tickets themselves
    label: str
    color: str
    marker: str


LABELS = {"": "ticket (original initialization)", "random-reinit": "random reinitialization"}  # of others: their names


def branches_in(replicates):
    """The tickets, then each control that a replicate has levels of, by its name."""
    levels = [path for folder in replicates for path in folder.glob("*-[0-9]*/level-[0-9][0-9][0-9].h5")]
    controls = {path.parent.name.rpartition("-")[0] for path in levels} - {"copy"}  # copies measure instability
    names = ["", *sorted(controls, key=lambda name: (name not in LABELS, name))]
    return [Branch(name, LABELS.get(name, name.replace("-", " ")), COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)])
            for i, name in enumerate(names)]


class SearchError(InputError):
    """A run folder that cannot be plotted; the message says why."""


def replicate_folders(run):
    """The folders that hold a replicate's run.h5: the replicate-K of `run`, or `run` itself where there are none."""
    folders = sorted(path.parent for path in run.glob("replicate-*/run.h5"))
    if not folders and (run / "run.h5").is_file():
        return [run]
    if not folders:
        raise SearchError(f"{run}: neither run.h5 nor replicate-*/run.h5; give the folder of a search (its --out)")
    return folders


def read_levels(folder):
    """The measurements of each level stored in `folder`: {level: {attribute: value}}."""
    levels = {}
    for path in sorted(folder.glob("level-[0-9][0-9][0-9].h5")):
        require_file(path, "check the run by `ltlab verify`")
        with reading(path, "check the run by `ltlab verify`"), h5py.File(path, "r") as file:
            level = int(path.stem.removeprefix("level-"))
            levels[level] = {name: float(file.attrs[name]) for name in ("density", STEP, AT_END, AT_STOP)}
            if not np.isfinite(list(levels[level].values())).all():
                raise SearchError(f"{path} tells no accuracy, as imports do; there is nothing to draw")
            levels[level][LAST_STEP] = float(file.attrs.get(LAST_STEP, np.inf))
    return levels


def mean_of_trials(trials):
    """Averages the measurements of several trials level by level, so that a replicate counts once."""
    averaged = {}
    for level in sorted(set().union(*trials)):
        rows = [trial[level] for trial in trials if level in trial]
        averaged[level] = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
    return averaged


def read_branch(replicates, branch):
    """One {level: measurements} for each replicate that has this branch."""
    if not branch.control:
        return [read_levels(folder) for folder in replicates]
    trials = [[read_levels(path) for path in sorted(folder.glob(f"{branch.control}-*"))] for folder in replicates]
    return [mean_of_trials(of_replicate) for of_replicate in trials if any(of_replicate)]


def interval(values, confidence=0.95):
    """Mean of `values` and the half width of its Student t-interval; 0 wide for a single value."""
    values = np.asarray(values, dtype=float)
    if values.size < 2:
        return values.mean(), 0.0
    quantile = student_t.ppf((1 + confidence) / 2, values.size - 1)
    return values.mean(), quantile * values.std(ddof=1) / np.sqrt(values.size)


def curve(replicates, name):
    """Density, mean and half width of the interval of the measurement `name`, one entry a level."""
    levels = sorted(set().union(*replicates))
    at = [[levels_of[level] for levels_of in replicates if level in levels_of] for level in levels]
    density = np.array([np.mean([row["density"] for row in rows]) for rows in at])
    mean, half = np.transpose([interval([row[name] for row in rows]) for rows in at])
    return density, mean, half


def draw(axes, replicates, branch, name, scale, dashed=False):
    density, mean, half = curve(replicates, name)
    most = [max(levels[level][LAST_STEP] for levels in replicates if level in levels)
            for level in sorted(set().union(*replicates))] if name == STEP else 1
    low, high = np.clip(mean - half, 0, None), np.minimum(mean + half, most)  # no training stops beyond its end
    axes.fill_between(100 * density, scale * low, scale * high, color=branch.color, alpha=0.15, lw=0)
    style = {"ls": (0, (4, 1.6)), "mfc": "white", "ms": 3.6, "lw": 1.1} if dashed else {"ls": "-", "ms": 4.2, "lw": 1.6}
    axes.plot(100 * density, scale * mean, color=branch.color, marker=branch.marker, mew=1.0, **style)


def accuracies(measured):
    """The mean test accuracies of all curves."""
    return np.concatenate([curve(levels, n)[1] for levels in measured.values() for n in (AT_END, AT_STOP)])


def add_legends(figure, measured, replicates):
    """One line that tells the colours, and below it one that tells the strokes."""
    branches = [Line2D([], [], color=b.color, marker=b.marker, ms=4.5, lw=1.6, label=b.label) for b in measured]
    strokes = [
        Line2D([], [], color="#555555", lw=1.6, label="at the end of training"),
        Line2D([], [], color="#555555", lw=1.1, ls=(0, (4, 1.6)), label="at the early stop"),
        Line2D([], [], color="#444444", lw=0.8, ls=":", label="dense, at the end"),
    ]
    if replicates > 1:
        strokes.append(Patch(color="#555555", alpha=0.2, lw=0, label=f"95 % interval, {replicates} replicates"))
    for handles, height in ((branches, 0.055), (strokes, 0.0)):
        figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, height), ncol=4, frameon=False,
                      fontsize=8.5, handlelength=2.6)


def plot(measured, replicates, title=""):
    """The figure: `measured` maps each branch that was found, tickets first, to its replicates' levels."""
    plt.rcParams.update(STYLE)
    figure, (steps, accuracy) = plt.subplots(1, 2, figsize=(9.6, 4.3))
    sparsest = min(curve(levels, STEP)[0].min() for levels in measured.values())

    steps.set_title("Early-stop iteration")
    steps.set_ylabel("iteration of least validation loss (thousands)")
    accuracy.set_title("Test accuracy")
    for branch, levels in reversed(measured.items()):  # the tickets come last, on top
        draw(steps, levels, branch, STEP, 1e-3)
        draw(accuracy, levels, branch, AT_STOP, 100, dashed=True)
        draw(accuracy, levels, branch, AT_END, 100)

    tickets = next(iter(measured.values()))
    dense = [100 * levels[0][AT_END] for levels in tickets if 0 in levels]
    if dense:
        accuracy.axhline(np.mean(dense), color="#444444", lw=0.8, ls=":", zorder=1)
    for axes in (steps, accuracy):
        set_density_axis(axes, sparsest)
    steps.set_ylim(bottom=0)
    set_accuracy_axis(accuracy, accuracies(measured))

    add_legends(figure, measured, replicates)
    lay_out(figure, 0.13, title)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN_DIR", type=Path, help="folder of a search: the --out of `ltlab search`")
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, required=True, help="image to write")
    parser.add_argument("--title", default="", help="to stand above: what was trained on what")
    parser.add_argument("--svg", action="store_true", help="also write OUT.svg")
    arguments = parser.parse_args()
    folders = replicate_folders(arguments.run)
    found = {branch: read_branch(folders, branch) for branch in branches_in(folders)}
    measured = {branch: levels for branch, levels in found.items() if any(levels)}
    if not any(branch.control == "" for branch in measured):
        raise SearchError(f"{arguments.run}: no level-NNN.h5 yet; let `ltlab search` finish a level first")
    save(plot(measured, len(folders), arguments.title), arguments.output, arguments.svg)


if __name__ == "__main__":
    run_script("plot_search.py", main)
