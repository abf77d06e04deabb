#!/usr/bin/python3
"""Plots a comparison of searches: test accuracy against density and against training FLOPs, and the early stop.

Reads what `ltlab compare --format json` prints.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from plot_style import COLORS, MARKERS, STYLE, lay_out, save, set_accuracy_axis, set_density_axis
from script_errors import InputError, reading, require_file, run_script

STROKES = ((0, (4, 1.6)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)), (0, (7, 1.5)), (0, (1, 3)))  # of controls
MOST_BANDS = 6  # more variants have bars in place of bands, which would cover each other


class ComparisonError(InputError):
    """What is no comparison; the message says why."""


def read_comparison(path):
    """The comparison's variants in the file `path`, or on standard input where that is "-"."""
    if path != "-":
        require_file(path, "give what `ltlab compare --format json` printed")
    with reading(path, "give what `ltlab compare --format json` prints"):
        variants = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text())["variants"]
        if not variants:
            raise ComparisonError(f"{path} compares nothing")
        return [{"name": variant["name"], "results": variant["results"]} for variant in variants]


def estimates(variant, name):
    """Mean, and ends of the 95 % interval, of the figure `name`: three arrays, an entry a density, dense first."""
    unknown = {"mean": np.nan, "student_interval_95": None}  # of imports
    figures = [result[name] or unknown for result in variant["results"]]
    ends = [figure["student_interval_95"] or [figure["mean"]] * 2 for figure in figures]
    return np.array([figure["mean"] for figure in figures]), *np.transpose(ends)


def values(variant, name):
    return np.array([result[name] for result in variant["results"]])


@dataclass(frozen=True)
class Look:
    """How a variant is drawn: tickets each in a colour, and controls in that of their tickets, by strokes."""

    color: str
    marker: str
    stroke: object = "-"

    def line(self, **also):
        hollow = {} if self.stroke == "-" else {"mfc": "white", "mew": 0.9}
        return {"color": self.color, "marker": self.marker, "ls": self.stroke, "ms": 4.2,
                "lw": 1.5 if self.stroke == "-" else 1.0} | hollow | also


def looks(names):
    """A look of each variant by its name: "imp", or "imp/random-mask" of a control."""
    runs = list(dict.fromkeys(name.split("/")[0] for name in names))
    controls = list(dict.fromkeys(name.split("/")[1] for name in names if "/" in name))
    result = []
    for name in names:
        run, _, control = name.partition("/")
        i = runs.index(run)
        marker = MARKERS[(i + i // len(COLORS)) % len(MARKERS)]  # another one where colours come again
        stroke = STROKES[controls.index(control) % len(STROKES)] if control else "-"
        result.append(Look(COLORS[i % len(COLORS)], marker, stroke))
    return result


def draw(axes, x, estimate, scale, look, dodge=None):
    """Means and their intervals: as bands, or, where there are many variants, as bars beside each other.

    `dodge` is the factor by which the variant's bars are set aside.
    """
    mean, low, high = (scale * part for part in estimate)
    if dodge is None:
        axes.fill_between(x, low, high, color=look.color, alpha=0.15, lw=0)
        axes.plot(x, mean, **look.line())
    else:
        axes.vlines(x * dodge, low, high, color=look.color, lw=1.1, alpha=0.7)
        axes.plot(x * dodge, mean, **look.line(ms=3.4))


def set_cost_axis(axes, variants):
    costs = np.concatenate([values(variant, "relative_flops") for variant in variants])
    axes.set_xscale("log")
    axes.set_xlim(costs.min() / 1.2, costs.max() * 1.2)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("training FLOPs to obtain it, over the dense network's")


def draw_front(axes, variants):
    """Rings around the points that none beats in both accuracy and FLOPs."""
    front = [(result["relative_flops"], 100 * result["test_accuracy"]["mean"])
             for variant in variants for result in variant["results"] if result["on_pareto_front"]]
    x, y = np.transpose(sorted(front))
    axes.plot(x, y, ls=":", lw=0.9, color="#444444", marker="o", ms=8, mfc="none", mew=0.9, zorder=5)


def add_legends(figure, variants, styles, columns):
    """Lines that tell the colours, and below them one that tells the strokes."""
    lines = [Line2D([], [], label=variant["name"], **look.line()) for variant, look in zip(variants, styles)]
    strokes = [Line2D([], [], color="#444444", ls=":", lw=0.9, marker="o", ms=8, mfc="none", label="Pareto front")]
    seeds = max(len(result["test_accuracy"]["values_by_seed"]) for v in variants for result in v["results"])
    interval = {"label": f"95 % interval, {seeds} seeds"}
    if seeds > 1 and len(variants) > MOST_BANDS:
        strokes.append(Line2D([], [], color="#555555", ls="", marker="|", ms=11, **interval))
    elif seeds > 1:
        strokes.append(Patch(color="#555555", alpha=0.2, lw=0, **interval))
    for handles, height in ((lines, 0.25 / figure.get_figheight()), (strokes, 0.0)):
        figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, height), ncol=columns, frameon=False,
                      fontsize=8.5, handlelength=3.2)


def plot(variants, title=""):
    """The figure of variants as read_comparison() gives them."""
    plt.rcParams.update(STYLE)
    many = len(variants) > MOST_BANDS
    columns = 6
    below = 0.35 + 0.2 * -(-len(variants) // columns)  # inches of legends
    figure, (accuracy, cost, steps) = plt.subplots(1, 3, figsize=(13.2, (5.4 if many else 3.7) + below))
    accuracy.set_title("Test accuracy by density")
    cost.set_title("Test accuracy by cost")
    steps.set_title("Early-stop iteration")
    steps.set_ylabel("iteration of least validation loss (thousands)")
    styles = looks([variant["name"] for variant in variants])
    dodges = 1.006 ** (np.arange(len(variants)) - len(variants) / 2) if many else [None] * len(variants)
    for variant, look, dodge in reversed(list(zip(variants, styles, dodges))):  # the base comes last, on top
        density = 100 * values(variant, "density")
        draw(accuracy, density, estimates(variant, "test_accuracy"), 100, look, dodge)
        draw(cost, values(variant, "relative_flops"), estimates(variant, "test_accuracy"), 100, look,
             1 if many else None)
        draw(steps, density, estimates(variant, "early_stop_step"), 1e-3, look, dodge)
    draw_front(cost, variants)
    set_cost_axis(cost, variants)
    sparsest = min(values(variant, "density").min() for variant in variants)
    for axes in (accuracy, steps):
        set_density_axis(axes, sparsest)
    for axes in (accuracy, cost):
        set_accuracy_axis(axes, np.concatenate([estimates(variant, "test_accuracy")[0] for variant in variants]))
    steps.set_ylim(bottom=0)
    add_legends(figure, variants, styles, columns)
    lay_out(figure, below / figure.get_figheight(), title)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparison", metavar="COMPARISON.json", help="what was printed; - reads standard input")
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, required=True,
                        help="image to write; its suffix says whether .png or .svg")
    parser.add_argument("--title", default="", help="to stand above: what was trained on what")
    parser.add_argument("--svg", action="store_true", help="also write OUT.svg")
    arguments = parser.parse_args()
    variants = read_comparison(arguments.comparison)
    with reading(arguments.comparison, "give what `ltlab compare --format json` prints"):
        figure = plot(variants, arguments.title)
    save(figure, arguments.output, arguments.svg)


if __name__ == "__main__":
    run_script("plot_comparison.py", main)
