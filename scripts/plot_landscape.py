#!/usr/bin/python3
"""Draws what `ltlab landscape --out FILE.h5` measured: lines between weights, barriers and sharpness.

Left: test error from the weights a level starts with to those it is trained to. Middle: how far test error rises on
lines between trained weights (of the level before and this one, of two copies, of two runs), against density. Right:
the largest and least eigenvalue of the training loss's Hessian and its trace, of each run and their median. What no FILE
holds is left out.
"""

import argparse
from pathlib import Path

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from plot_search import interval
from plot_style import STYLE, save
from script_errors import InputError, reading, require_file, run_script

# Okabe & Ito's colours.
BARRIERS = {
    "pruning": ("level before and this one", "#0072B2", "o"),
    "copies": ("copies, other data order", "#D55E00", "s"),
    "runs": ("two runs", "#009E73", "^"),
}
CURVATURES = {
    "eigenvalue": ("largest eigenvalue", "#0072B2", "o"),
    "trace": ("trace", "#009E73", "^"),
    "least_eigenvalue": ("-least eigenvalue", "#D55E00", "s"),
}
STABLE = 2  # points of test error: Frankle et al. 2020, section 2


class LandscapeError(InputError):
    """A file that cannot be drawn; the message says why."""


def read_tables(paths):
    """The rows of the tables `lines` and `sharpness` of all files, each None where no file has it."""
    found = {"lines": [], "sharpness": []}
    for path in paths:
        require_file(path, "give what `ltlab landscape --out` wrote")
        with reading(path, "measure it again by `ltlab landscape --out`"), h5py.File(path) as file:
            kind = file.attrs.get("format")
            if not isinstance(kind, bytes) or kind != b"ltlab-landscape":
                raise LandscapeError(f"{path} is no file that `ltlab landscape --out` wrote")
            for name, tables in found.items():
                if name in file:
                    tables.append(file[name][:])
    with reading(" and ".join(map(str, paths)), "give files of one version of ltlab"):
        return [np.concatenate(tables) if tables else None for tables in found.values()]


def curves(lines, kind):
    """Of each level: its density, the points' alphas, the lines' runs, and their test errors (lines x points, in %)."""
    of_kind = lines[lines["line"] == kind.encode()]
    result = {}
    for level in np.unique(of_kind["level"]):
        rows = of_kind[of_kind["level"] == level]
        alphas = np.unique(rows["alpha"])
        errors = 100 * (1 - rows["test_accuracy"]).reshape(-1, alphas.size)  # a line's points are rows in order
        result[int(level)] = (rows["density"].mean(), alphas, rows["run"][::alphas.size], errors)
    return result


def barriers(lines, kind):
    """Density, mean barrier of test error in points, and half width of its interval; an entry a level."""
    rows = []
    for density, _, runs, errors in curves(lines, kind).values():
        rise = errors.max(axis=1) - (errors[:, 0] + errors[:, -1]) / 2
        of_runs = np.array([rise[runs == run].mean() for run in np.unique(runs)])  # over the pairs of its copies
        rows.append((density, *interval(of_runs)))
    return np.transpose(rows)


def curvature(sharpness, column):
    """Of each level: its density and the values of the runs, those of least eigenvalues with their sign turned."""
    first = sharpness[sharpness["index"] == 0]
    sign = -1 if column == "least_eigenvalue" else 1
    levels = [first[first["level"] == level] for level in np.unique(first["level"])]
    return [(of_level["density"].mean(), sign * of_level[column]) for of_level in levels]


def set_density_axis(axes, densities):
    axes.set_xscale("log")
    axes.set_xlim(115 * max(densities), 100 * min(densities) / 1.15)
    axes.xaxis.set_major_locator(FixedLocator([100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("weights remaining (%)")


def set_legend(axes, columns, **title):
    """Below the axis, where no curve and no interval can cross it."""
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncol=columns, **title)


def draw_lines(axes, lines):
    measured = curves(lines, "training")
    colors = plt.cm.viridis(np.linspace(0, 0.85, len(measured)))
    for (density, alphas, _, errors), color in zip(measured.values(), colors):
        axes.plot(alphas, errors.mean(axis=0), color=color, lw=1.5, label=f"{100 * density:.3g} %")
    axes.set_title("From start to trained weights")
    axes.set_xlabel("alpha (0: start, 1: trained)")
    axes.set_ylabel("test error (%)")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50, 100]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    set_legend(axes, columns=4, title="weights remaining", title_fontsize=8)


def draw_barriers(axes, lines, kinds):
    densities = []
    for kind in kinds:
        label, color, marker = BARRIERS[kind]
        density, mean, half = barriers(lines, kind)
        densities.extend(density)
        axes.errorbar(100 * density, mean, half, color=color, marker=marker, ms=4, lw=1.5, capsize=2, label=label)
    axes.axhline(STABLE, color="#444444", lw=0.8, ls=":")
    axes.annotate("stable below", (1, STABLE), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axes.set_title("Error barriers")
    axes.set_ylabel("rise of test error (points)")
    axes.set_ylim(bottom=0)
    set_density_axis(axes, densities)
    set_legend(axes, columns=2)


def draw_sharpness(axes, sharpness):
    """Medians and single runs: they differ by orders of magnitude, which no interval of a mean would show."""
    for column, (label, color, marker) in CURVATURES.items():
        levels = curvature(sharpness, column)
        densities = 100 * np.array([density for density, _ in levels])
        axes.plot(densities, [np.median(values) for _, values in levels], color=color, marker=marker, ms=4, lw=1.5, label=label)
        for density, (_, values) in zip(densities, levels):
            axes.plot(np.full(values.size, density), values, color=color, marker=marker, ms=2.5, lw=0, alpha=0.35)
    axes.set_yscale("log")
    axes.set_title("Sharpness after training")
    axes.set_ylabel("of the training loss's Hessian (median, runs)")
    set_density_axis(axes, densities / 100)
    set_legend(axes, columns=2)


def plot(lines, sharpness):
    """The figure, with a panel for each thing that was measured."""
    plt.rcParams.update(STYLE)
    kinds = set() if lines is None else {kind.decode() for kind in np.unique(lines["line"])}
    between = [kind for kind in BARRIERS if kind in kinds]
    panels = []
    if "training" in kinds:
        panels.append(lambda axes: draw_lines(axes, lines))
    if between:
        panels.append(lambda axes: draw_barriers(axes, lines, between))
    if sharpness is not None:
        panels.append(lambda axes: draw_sharpness(axes, sharpness))
    if not panels:
        raise LandscapeError("the files hold no measurement")
    figure, axes = plt.subplots(1, len(panels), figsize=(4.4 * len(panels), 4.5), squeeze=False)
    for draw, panel in zip(panels, axes[0]):
        draw(panel)
    figure.tight_layout(w_pad=2.5)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE.h5", type=Path, nargs="+", help="what `ltlab landscape --out` wrote")
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, required=True, help="image to write")
    parser.add_argument("--svg", action="store_true", help="also write OUT.svg")
    arguments = parser.parse_args()
    tables = read_tables(arguments.files)
    with reading(" and ".join(map(str, arguments.files)), "measure it again by `ltlab landscape --out`"):
        figure = plot(*tables)
    save(figure, arguments.output, arguments.svg)


if __name__ == "__main__":
    run_script("plot_landscape.py", main)
