#!/usr/bin/python3
"""Plots a comparison of searches: test accuracy against density and against training FLOPs, and the early stop.

Reads what `ltlab compare --format json` prints.
"""

import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from plot_style import COLORS, MARKERS, STYLE, set_density_axis


class ComparisonError(Exception):
    """What is no comparison; the message says why."""


def read_comparison(path):
    """The comparison's variants in the file `path`, or on standard input where that is "-"."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
        variants = json.loads(text)["variants"]
        return [{"name": variant["name"], "results": variant["results"]} for variant in variants]
    except (ValueError, KeyError, TypeError) as error:
        raise ComparisonError(f"{path}: give what `ltlab compare --format json` prints ({error!r})") from error


def estimates(variant, name):
    """Mean, and ends of the 95 % interval, of the figure `name`: three arrays, an entry a density, dense first."""
    figures = [result[name] for result in variant["results"]]
    ends = [figure["bootstrap_interval_95"] or [figure["mean"]] * 2 for figure in figures]
    return np.array([figure["mean"] for figure in figures]), *np.transpose(ends)


def values(variant, name):
    return np.array([result[name] for result in variant["results"]])


def draw(axes, x, estimate, scale, color, marker):
    mean, low, high = (scale * part for part in estimate)
    axes.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
    axes.plot(x, mean, color=color, marker=marker, ms=4.2, lw=1.6)


def accuracy_limits(variants):
    """Ends of the accuracy axis, in %: all of the tickets, and of controls that fall further only the start."""
    means = {variant["name"]: estimates(variant, "test_accuracy")[0] for variant in variants}
    tickets = np.concatenate([mean for name, mean in means.items() if "/" not in name])
    lowest = min(mean.min() for mean in means.values())
    fall = max(0.005, tickets.max() - tickets.min())
    return 100 * max(lowest - 0.1 * fall, tickets.max() - 2 * fall), 100 * min(1, tickets.max() + 0.25 * fall)


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


def add_legends(figure, variants, styles):
    """One line that tells the colours, and below it one that tells the strokes."""
    lines = [Line2D([], [], color=color, marker=marker, ms=4.5, lw=1.6, label=variant["name"])
             for variant, (color, marker) in zip(variants, styles)]
    strokes = [Line2D([], [], color="#444444", ls=":", lw=0.9, marker="o", ms=8, mfc="none", label="Pareto front")]
    seeds = max(len(result["test_accuracy"]["values_by_seed"]) for v in variants for result in v["results"])
    if seeds > 1:
        strokes.append(Patch(color="#555555", alpha=0.2, lw=0, label=f"95 % bootstrap interval, {seeds} seeds"))
    for handles, height in ((lines, 0.055), (strokes, 0.0)):
        figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, height), ncol=6, frameon=False,
                      fontsize=8.5, handlelength=2.6)


def plot(variants):
    """The figure of variants as read_comparison() gives them."""
    plt.rcParams.update(STYLE)
    figure, (accuracy, cost, steps) = plt.subplots(1, 3, figsize=(13.2, 4.3))
    accuracy.set_title("Test accuracy by density")
    cost.set_title("Test accuracy by cost")
    steps.set_title("Early-stop iteration")
    steps.set_ylabel("iteration of least validation loss (thousands)")
    styles = [(COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]) for i in range(len(variants))]
    for variant, style in reversed(list(zip(variants, styles))):  # the base comes last, on top
        density = 100 * values(variant, "density")
        draw(accuracy, density, estimates(variant, "test_accuracy"), 100, *style)
        draw(cost, values(variant, "relative_flops"), estimates(variant, "test_accuracy"), 100, *style)
        draw(steps, density, estimates(variant, "early_stop_step"), 1e-3, *style)
    draw_front(cost, variants)
    set_cost_axis(cost, variants)
    sparsest = min(values(variant, "density").min() for variant in variants)
    for axes in (accuracy, steps):
        set_density_axis(axes, sparsest)
    for axes in (accuracy, cost):
        axes.set_ylim(accuracy_limits(variants))
        axes.set_ylabel("test accuracy (%)")
    steps.set_ylim(bottom=0)
    add_legends(figure, variants, styles)
    figure.tight_layout(rect=(0, 0.13, 1, 1), w_pad=2.5)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparison", metavar="COMPARISON.json", help="what was printed; - reads standard input")
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, required=True,
                        help="image to write; its suffix says whether .png or .svg")
    parser.add_argument("--svg", action="store_true", help="also write OUT.svg")
    arguments = parser.parse_args()
    try:
        figure = plot(read_comparison(arguments.comparison))
        figure.savefig(arguments.output, dpi=200)
        if arguments.svg:
            figure.savefig(arguments.output.with_suffix(".svg"))
    except (ComparisonError, OSError, ValueError) as error:
        sys.exit(f"plot_comparison.py: {error}")


if __name__ == "__main__":
    main()
