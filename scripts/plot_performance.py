#!/usr/bin/python3
"""Draws and tabulates what scripts/bench.sh measured: reads DIR/*.csv, writes DIR/*.png, *.svg and summary.md.

roofline-KIND.png   the kernels below the roofs of the core (Williams et al. 2009; cache-aware: Ilic et al. 2014)
ratio-KIND.png      time of the fastest dense library over time of the sparse kernels, against density
growth.png          how the cost of a layer grows with density, width and batch
steps.png           training steps beside PyTorch

KIND is linear or convolution. What is missing in DIR is left out. DIR/goals.csv, if there is one, gives goals for the
table: a line `name,ratio` each, where a name is that of a row.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
import plot_style
from plot_style import COLORS, MARKERS, STYLE

# Okabe & Ito's colours.
PARTS = {"forward": ("#0072B2", "o"), "backward-data": ("#D55E00", "s"), "backward-weights": ("#009E73", "^"),
         "together": ("#000000", "D")}
KINDS = ("linear", "convolution")
ROOFS = {"l1_gbs": "L1", "l2_gbs": "L2", "l3_gbs": "L3", "memory_gbs": "memory"}


class PlotError(Exception):
    """A folder that holds nothing to draw; the message says what is missing."""


@dataclass(frozen=True)
class Kernel:
    """One comparison of kernels.csv."""

    name: str
    family: str
    shape: str
    part: str
    label: str  # the fastest dense side
    value: dict[str, float]  # every other column

    def __getitem__(self, column: str) -> float:
        return self.value[column]


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, without the lines that Google Benchmark may put before its header; none without a file."""
    if not path.is_file():
        return []
    lines = path.read_text().splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(("name,", "model,", "side,"))), len(lines))
    return list(csv.DictReader(lines[start:]))


def read_kernels(folder: Path) -> list[Kernel]:
    """The comparisons of kernels.csv that did not fail."""
    kernels = []
    for row in read_table(folder / "kernels.csv"):
        if row.get("error_occurred"):
            continue
        family, shape, batch, density, part = row["name"].split("/")[:5]
        numbers = {key.strip('"'): float(value) for key, value in row.items()
                   if key not in ("name", "time_unit", "label") and value not in ("", None)}
        name = "/".join((family, shape, batch, density, part))
        kernels.append(Kernel(name, family, shape, part, row["label"], numbers))
    return kernels


def save(figure: Figure, folder: Path, name: str) -> None:
    """As PNG and as SVG."""
    plot_style.save(figure, folder / f"{name}.png", svg=True, dpi=160)
    plt.close(figure)


def set_ticks(axes: Axes, which: str, values: Iterable[float]) -> None:
    """A logarithmic axis with these ticks alone."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis.set_major_locator(FixedLocator(sorted(values)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def set_density_axis(axes: Axes, densities: Iterable[float]) -> None:
    """In percent, the dense end on the left as in plots of searches."""
    percents = sorted({100 * density for density in densities})
    set_ticks(axes, "x", [p for p in percents if p not in (60,)])
    axes.set_xlim(percents[-1] * 1.25, percents[0] / 1.25)
    axes.set_xlabel("density (%)")


def set_ratio_axis(axes: Axes, ratios: Sequence[float]) -> None:
    """Logarithmic, with a line where both sides are equally fast."""
    low, high = min(min(ratios), 0.9), max(ratios)
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low / 1.3 <= t <= high * 1.3]
    set_ticks(axes, "y", ticks)
    axes.set_ylim(low / 1.15, high * 1.25)
    axes.axhline(1, color="#444444", lw=0.9, ls=":")


# ---- Kernels -------------------------------------------------------------------------------------------------------


def draw_roofs(axes: Axes, machine: dict[str, Any]) -> None:
    """The roofs of one core, within the limits that the axes have; each has its name along it."""
    left, right = axes.get_xlim()
    bottom, _ = axes.get_ylim()
    peak = machine["fma_gflops"]
    axes.plot([left, right], [peak, peak], color="#444444", lw=1.2, zorder=1)
    axes.text(right, peak * 1.06, f"{peak:.0f} GFLOP/s", ha="right", va="bottom", fontsize=8)
    (x0, y0), (x1, y1) = axes.transData.transform([(1, 10), (2, 20)])  # along an intensity times a bandwidth
    angle = np.degrees(np.arctan2(y1 - y0, x1 - x0))
    for key, name in ROOFS.items():
        bandwidth = machine[key]
        axes.plot([left, peak / bandwidth], [bandwidth * left, peak], color="#888888", lw=0.9, zorder=1)
        if name != "L3":  # it is too near the second level for a name of its own
            x = max(left, bottom / bandwidth) * 1.12
            axes.text(x, bandwidth * x * 1.04, f"{name} {bandwidth:.0f} GB/s", fontsize=7.5, va="bottom", ha="left",
                      rotation=angle, rotation_mode="anchor", color="#444444")


def draw_under_roofs(axes: Axes, kernels: Sequence[Kernel], colours: dict[float, Any]) -> None:
    """Each kernel twice: by what it loads and stores (full), and by its operands, each counted once (hollow)."""
    for kernel in kernels:
        colour, gflops = colours[kernel["density"]], kernel["sparse_gflops"]
        axes.plot(kernel["flops_per_operand_byte"], gflops, ls="", marker="o", ms=5.5, mew=1.3, mec=colour, mfc="white")
        axes.plot(kernel["flops_per_moved_byte"], gflops, ls="", marker="o", ms=6, mew=0.5, mec="white", color=colour)


def title_of(shape: str) -> str:
    """"300 x 784", or "64 x 64, 32 x 32 images"."""
    extents, _, size = shape.partition("@")
    return extents.replace("x", " x ") + (f", {size} x {size} images" if size else "")


def plot_roofline(kind: str, kernels: Sequence[Kernel], machine: dict[str, Any], folder: Path) -> None:
    """A row of panels a shape, a column a product, a colour a density."""
    batch = min(kernel["batch"] for kernel in kernels)
    kernels = [kernel for kernel in kernels if kernel["batch"] == batch]
    shapes = list(dict.fromkeys(kernel.shape for kernel in kernels))
    parts = list(PARTS)[:3]
    densities = sorted({kernel["density"] for kernel in kernels}, reverse=True)
    colours = dict(zip(densities, plt.get_cmap("viridis")(np.linspace(0, 0.93, len(densities)))))
    figure, panels = plt.subplots(len(shapes), len(parts), figsize=(10.5, 3.3 * len(shapes) + 0.6), sharex=True,
                                  sharey=True, squeeze=False)
    for axes, (shape, part) in zip(panels.flat, ((shape, part) for shape in shapes for part in parts)):
        axes.set_title(f"{title_of(shape)}: {part}")
        widest = max(kernel["flops_per_operand_byte"] for kernel in kernels)
        set_ticks(axes, "x", [tick for tick in (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if tick < 1.5 * widest])
        set_ticks(axes, "y", (5, 10, 20, 50, 100))
        axes.set_xlim(0.2, 1.5 * widest)
        axes.set_ylim(4, machine["fma_gflops"] * 1.4)
    for axes in panels[-1]:
        axes.set_xlabel(f"operations per byte (batch {batch:.0f})")
    for row in panels:
        row[0].set_ylabel("GFLOP/s really done")
    dots = [Line2D([], [], ls="", marker="o", color=colours[density], ms=6, label=f"{100 * density:g} %")
            for density in densities]
    kinds = [Line2D([], [], ls="", marker="o", color="#555555", ms=6, label="byte loaded or stored"),
             Line2D([], [], ls="", marker="o", mec="#555555", mfc="white", mew=1.3, ms=5.5,
                    label="byte of operands, each counted once")]
    figure.legend(handles=kinds, loc="lower center", bbox_to_anchor=(0.5, 0.03), ncol=2, frameon=False)
    figure.legend(handles=dots, loc="lower center", bbox_to_anchor=(0.5, 0.0), ncol=len(dots), frameon=False,
                  handletextpad=0.1, columnspacing=1.2)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    for axes, (shape, part) in zip(panels.flat, ((shape, part) for shape in shapes for part in parts)):
        draw_roofs(axes, machine)
        draw_under_roofs(axes, [k for k in kernels if (k.shape, k.part) == (shape, part)], colours)
    save(figure, folder, f"roofline-{kind}")


def draw_ratio(axes: Axes, kernels: Sequence[Kernel], part: str) -> None:
    """A line through the medians, a bar from the least to the greatest ratio of a round."""
    rows = sorted((kernel for kernel in kernels if kernel.part == part), key=lambda kernel: -kernel["density"])
    if not rows:
        return
    ratio = np.array([row["ratio"] for row in rows])
    spread = np.abs(np.array([[row["ratio_min"], row["ratio_max"]] for row in rows]).T - ratio)
    colour, marker = PARTS[part]
    axes.errorbar([100 * row["density"] for row in rows], ratio, spread, color=colour, marker=marker, ms=4, lw=1.3,
                  elinewidth=0.8, capsize=2, label=part + (" (a whole layer)" if part == "together" else ""))


def plot_ratio(kind: str, kernels: Sequence[Kernel], folder: Path) -> None:
    """One panel a shape and batch."""
    cases = sorted({(kernel["outputs"], kernel.shape, kernel["batch"]) for kernel in kernels})
    columns = min(2, len(cases))
    rows = -(-len(cases) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(4.7 * columns, 3.6 * rows + 0.4), squeeze=False)
    for axes in panels.flat[len(cases):]:
        axes.axis("off")
    for axes, case in zip(panels.flat, cases):
        of_case = [kernel for kernel in kernels if (kernel["outputs"], kernel.shape, kernel["batch"]) == case]
        axes.set_title(f"{title_of(case[1])}, batch {case[2]:.0f}")
        for part in PARTS:
            draw_ratio(axes, of_case, part)
        set_density_axis(axes, {kernel["density"] for kernel in of_case})
        set_ratio_axis(axes, [kernel[name] for kernel in of_case for name in ("ratio_min", "ratio_max")])
        axes.set_ylabel("fastest dense / sparse (time)")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=4, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    save(figure, folder, f"ratio-{kind}")


def draw_growth(axes: Axes, rows: Sequence[Kernel], of: str) -> None:
    """Microseconds of a layer's training step, sparse and dense, against the column `of`."""
    rows = sorted(rows, key=lambda row: row[of])
    x = [row[of] * (100 if of == "density" else 1) for row in rows]
    for side, colour, marker in (("sparse", "#0072B2", "o"), ("dense", "#D55E00", "s")):
        median, low, high = (np.array([1e6 * row[f"{side}_seconds{suffix}"] for row in rows])
                             for suffix in ("", "_q1", "_q3"))
        axes.errorbar(x, median, [median - low, high - median], color=colour, marker=marker, ms=4, lw=1.3, capsize=2,
                      label="fastest dense" if side == "dense" else side)
    axes.set_yscale("log")


def plot_growth(kernels: Sequence[Kernel], folder: Path) -> None:
    """Three panels: density, width, batch."""
    together = [kernel for kernel in kernels if kernel.part == "together"]
    widest = [kernel for kernel in together if kernel.shape == "1024x1024" and kernel["batch"] == 64]
    panels_of = {
        "density": ("1024 x 1024, batch 64", [kernel for kernel in widest if kernel.family == "linear"]),
        "outputs": ("square layers", [kernel for kernel in together if kernel.family == "linear-width"]),
        "batch": ("1024 x 1024", [kernel for kernel in together if kernel.family == "linear-batch"]),
    }
    figure, panels = plt.subplots(1, 3, figsize=(11.5, 3.9))
    for axes, (of, (title, rows)) in zip(panels, panels_of.items()):
        if not rows:
            axes.axis("off")
            continue
        fixed = "" if of == "density" else f", density {100 * rows[0]['density']:g} %"
        axes.set_title(title + fixed + (f", batch {rows[0]['batch']:.0f}" if of == "outputs" else ""))
        draw_growth(axes, rows, of)
        if of == "density":
            set_density_axis(axes, {row["density"] for row in rows})
        else:
            set_ticks(axes, "x", {row[of] for row in rows})
            axes.set_xlabel("width (inputs and outputs)" if of == "outputs" else "batch (images)")
    panels[0].set_ylabel("microseconds of a layer's training step")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=2, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    save(figure, folder, "growth")


# ---- Steps and search ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairs:
    """One task, ltlab beside the fastest way of PyTorch, turn by turn."""

    name: str
    model: str
    batch: int
    density: float
    threads: int
    ltlab: list[float]  # steps/s, a turn each
    pytorch: list[float]
    fastest: str  # which way of PyTorch
    memory: tuple[float, float]  # MB at most, ltlab and PyTorch
    share: float  # of a thread's time that it had a core; the worst turn's

    @property
    def ratios(self) -> list[float]:
        return [ours / theirs for ours, theirs in zip(self.ltlab, self.pytorch)]


def read_pairs(folder: Path) -> list[Pairs]:
    """The tasks of steps.csv, in its order."""
    tasks: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in read_table(folder / "steps.csv"):
        key = tuple(row[name] for name in ("model", "batch", "optimizer", "density", "threads"))
        tasks.setdefault(key, []).append(row)
    pairs = []
    for (model, batch, optimizer, density, threads), rows in tasks.items():
        speeds = {side: [float(row["median"]) for row in rows if row["side"] == side] for side in
                  dict.fromkeys(row["side"] for row in rows)}
        fastest = max((side for side in speeds if side != "ltlab"), key=lambda side: statistics.median(speeds[side]))
        memory = [max(float(row["peak_rss_mb"]) for row in rows if row["side"] == side) for side in ("ltlab", fastest)]
        name = f"{model}/batch:{batch}/{optimizer}/density:{100 * float(density):g}/threads:{threads}"
        pairs.append(Pairs(name, model, int(batch), float(density), int(threads), speeds["ltlab"], speeds[fastest],
                           fastest, (memory[0], memory[1]), min(float(row["processor_share"]) for row in rows)))
    return pairs


def by_model(pairs: Sequence[Pairs]) -> dict[str, list[Pairs]]:
    """Of each model and number of threads the tasks at its usual batch, which is its first."""
    usual = {pair.model: pair.batch for pair in reversed(pairs)}
    series: dict[str, list[Pairs]] = {}
    for pair in pairs:
        name = pair.model + (f", {pair.threads} threads" if pair.threads > 1 else "")
        if pair.batch == usual[pair.model]:
            series.setdefault(name, []).append(pair)
    return series


def looks(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of each model a colour, that of its family, and a marker of its own there."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(name.split("-")[0], []).append(name)
    return {name: (colour, marker) for colour, members in zip(cycle(COLORS), families.values())
            for marker, name in zip(cycle(MARKERS), members)}


def plot_steps(pairs: Sequence[Pairs], folder: Path) -> None:
    """Ratio and absolute speed against density, a line a model and number of threads."""
    series = by_model(pairs)
    columns = 4
    below = 0.02 + 0.042 * -(-len(series) // columns)  # fraction of the figure, for its legend
    figure, (ratio, speed) = plt.subplots(1, 2, figsize=(9.6, 4.6))
    for name, (colour, marker) in looks(series).items():
        tasks = series[name]
        x = [100 * task.density for task in tasks]
        for axes, values_of, style in ((ratio, lambda task: task.ratios, "-"), (speed, lambda task: task.ltlab, "-"),
                                       (speed, lambda task: task.pytorch, "--")):
            median = np.array([statistics.median(values_of(task)) for task in tasks])
            ends = np.array([[min(values_of(task)), max(values_of(task))] for task in tasks]).T
            axes.errorbar(x, median, np.abs(ends - median), color=colour, ls=style, marker=marker, ms=4, lw=1.3, capsize=2,
                          mfc=colour if style == "-" else "white", label=name)
    ratio.set_title("ltlab / PyTorch")
    ratio.set_ylabel("ratio of steps per second")
    speed.set_title("Training steps per second")
    speed.set_ylabel("steps per second (PyTorch dashed)")
    speed.set_yscale("log")
    set_ratio_axis(ratio, [value for tasks in series.values() for task in tasks for value in task.ratios])
    for axes in (ratio, speed):
        set_density_axis(axes, {pair.density for pair in pairs})
    handles, labels = ratio.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=columns, frameon=False)
    figure.tight_layout(rect=(0, below, 1, 1))
    save(figure, folder, "steps")


# ---- Summary -------------------------------------------------------------------------------------------------------


def spread_text(values: Sequence[float]) -> str:
    """Median [min, max]."""
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def goal_text(name: str, ratio: float, goals: dict[str, float]) -> str:
    """The goal of a row and whether the median reaches it."""
    if name not in goals:
        return ""
    return f"{goals[name]:g} ({'met' if ratio >= goals[name] else 'missed'})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:], ""]


def kernels_summary(kernels: Sequence[Kernel], goals: dict[str, float]) -> list[str]:
    """A row for each comparison."""
    head = ["kernel", "sparse µs", "GFLOP/s", "% of peak", "% of L1 bandwidth", "% of memory bandwidth", "dense µs",
            "fastest dense", "dense / sparse [min, max]", "goal"]
    rows = [[f"`{k.name}`", f"{1e6 * k['sparse_seconds']:.1f}", f"{k['sparse_gflops']:.1f}", f"{k['peak_percent']:.0f}",
             f"{k['l1_percent']:.0f}", f"{k['memory_percent']:.0f}", f"{1e6 * k['dense_seconds']:.1f}", k.label,
             f"{k['ratio']:.2f} [{k['ratio_min']:.2f}, {k['ratio_max']:.2f}]", goal_text(k.name, k["ratio"], goals)]
            for k in kernels]
    text = f"""## Kernels

`scripts/bench.sh kernels` measured these, in one thread, the sides in turns. `together` is a layer's whole training
step without its optimizer: the three products, and the refresh of the transposed values that sparse backward-data
needs. Dense is the fastest of oneDNN, OpenBLAS and Eigen, for each product by itself. Percent of memory bandwidth: as
if every operand came from memory once; above 100 where operands stay in a cache. The most disturbed block had a core
for {min(k["processor_share"] for k in kernels):.0%} of its time.

"""
    figures = [f"![Time of the fastest dense library over time of the sparse kernels, against density](ratio-{kind}.png)\n"
               f"![Kernels below the roofs of the core](roofline-{kind}.png)"
               for kind in KINDS if any(kernel.family == kind for kernel in kernels)]
    return [text, *figures, "![Growth with density, width and batch](growth.png)\n", *table(head, rows)]


def sparseprop_summary(kernels: Sequence[Kernel], goals: dict[str, float]) -> list[str]:
    """A row for each comparison with SparseProp's kernels."""
    head = ["layer", "ltlab µs", "GFLOP/s", "SparseProp µs", "GFLOP/s", "SparseProp / ltlab [min, max]", "goal"]
    rows = [[f"`{k.name}`", f"{1e6 * k['sparse_seconds']:.1f}", f"{k['sparse_gflops']:.1f}",
             f"{1e6 * k['dense_seconds']:.1f}", f"{k['dense_gflops']:.1f}",
             f"{k['ratio']:.2f} [{k['ratio_min']:.2f}, {k['ratio_max']:.2f}]", goal_text(k.name, k["ratio"], goals)]
            for k in kernels]
    text = """## Beside SparseProp

`scripts/bench.sh kernels --sparseprop DIR` measured these with the C++ functions of SparseProp (Nikdan et al. 2023),
compiled as its `setup.py` does, without Python around them: forward, and their one pass for both gradients, with the
clearing of outputs that they need; ltlab's three products with the refresh of the transposed values. One thread, the
sides in turns.
"""
    return [text, *table(head, rows)]


def models_table(pairs: Sequence[Pairs]) -> list[str]:
    """A row for each model, a column for each density: steps/s of both sides."""
    densities = sorted({pair.density for pair in pairs}, reverse=True)
    rows = []
    for name, tasks in by_model(pairs).items():
        cells = {task.density: f"{statistics.median(task.ltlab):.1f} / {statistics.median(task.pytorch):.1f}"
                 for task in tasks}
        rows.append([name, str(tasks[0].batch), *(cells.get(density, "") for density in densities)])
    return table(["steps/s, ltlab / PyTorch", "batch", *(f"{density:.0%}" for density in densities)], rows)


def steps_summary(pairs: Sequence[Pairs], goals: dict[str, float]) -> list[str]:
    """The table of models, and a row for each task."""
    head = ["task", "ltlab steps/s", "PyTorch steps/s", "PyTorch's way", "ltlab / PyTorch [min, max]", "goal", "MB",
            "PyTorch MB"]
    rows = [[f"`{p.name}`", f"{statistics.median(p.ltlab):.1f}", f"{statistics.median(p.pytorch):.1f}", p.fastest,
             spread_text(p.ratios), goal_text(p.name, statistics.median(p.ratios), goals), f"{p.memory[0]:.0f}",
             f"{p.memory[1]:.0f}"] for p in pairs]
    text = f"""## Training steps

`scripts/bench.sh steps` measured these: turns of ltlab and PyTorch, {len(pairs[0].ltlab)} of each; the spread is that
of the turns' ratios. With several threads ltlab trains as many networks side by side, and PyTorch does what is faster:
so too, or all threads for one network. In the worst turn a thread had a core for {min(p.share for p in pairs):.0%} of
its time.

![Training steps beside PyTorch](steps.png)
"""
    return [text, *models_table(pairs), *table(head, rows)]


def search_summary(rows: Sequence[dict[str, str]], goals: dict[str, float]) -> list[str]:
    """The whole search, and the levels at its ends."""
    whole = {side: [float(row["seconds"]) for row in rows if row["side"] == side and not row["level"]]
             for side in ("ltlab", "pytorch")}
    memory = [max(float(row["peak_rss_mb"]) for row in rows if row["side"] == side and not row["level"])
              for side in whole]
    turns = min(map(len, whole.values()))
    if turns == 0:
        return []
    ratios = [theirs / ours for ours, theirs in zip(whole["ltlab"], whole["pytorch"])]
    levels = 1 + max(int(row["level"]) for row in rows if row["level"])
    name = f"search/levels:{levels}/steps:{rows[0]['steps']}"
    lines = [[f"`{name}`", *(f"{statistics.median(whole[side]):.1f}" for side in whole), spread_text(ratios),
              goal_text(name, statistics.median(ratios), goals)]]
    lines.append(["peak memory, MB", *(f"{megabytes:.0f}" for megabytes in memory), f"{memory[1] / memory[0]:.2f}",
                  goal_text("search/memory", memory[1] / memory[0], goals)])
    for level in (0, levels - 1):
        of_level = [row for row in rows if row["level"] == str(level)]
        of = {side: [float(row["seconds"]) for row in of_level if row["side"] == side] for side in whole}
        density = float(of_level[0]["density"])
        lines.append([f"level {level} ({density:.1%}) alone", *(f"{statistics.median(of[side]):.1f}" for side in of),
                      spread_text([theirs / ours for ours, theirs in zip(of["ltlab"], of["pytorch"])]), ""])
    head = ["searches", "ltlab s", "PyTorch s", "PyTorch / ltlab [min, max]", "goal"]
    text = f"""## Whole searches

`scripts/bench.sh search` measured this: iterative magnitude pruning of LeNet-300-100 on MNIST, {rows[0]["searches"]}
searches at the same time, {turns} turn(s) of each side, nothing extrapolated. ltlab runs them as replicates of one
process, each in a thread; PyTorch as processes of one thread, its best way on several cores. Seconds are those of the
clock, with loading and start-up; memory is the most of a turn, all processes together. ltlab also stores all masks and
weights, PyTorch nothing.
"""
    return [text, *table(head, lines)]


def write_summary(folder: Path, sections: Sequence[str], machine: dict[str, Any]) -> None:
    """summary.md."""
    text = "# What ltlab costs\n\nEvery ratio is of times taken side by side in one run: median [least, greatest].\n"
    if machine:
        roofs = ", ".join(f"{name} {machine[key]:.0f} GB/s" for key, name in ROOFS.items())
        text += f"One core does {machine['fma_gflops']:.0f} GFLOP/s of multiply-adds ({machine['simd_target']}).\n" \
                f"It reads from {roofs}. [machine.txt](machine.txt) tells the rest.\n"
    text += "`scripts/plot_performance.py` drew the figures and this page.\n"
    (folder / "summary.md").write_text("\n".join([text, *sections]))


def main() -> int:
    """The exit status is 0, or 2 where there is nothing to draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", default=Path("results/performance"),
                        help="what scripts/bench.sh wrote (%(default)s)")
    folder = parser.parse_args().folder
    plt.rcParams.update(STYLE)
    try:
        kernels, pairs, search = read_kernels(folder), read_pairs(folder), read_table(folder / "search.csv")
        if not (kernels or pairs or search):
            raise PlotError(f"{folder}: no kernels.csv, steps.csv or search.csv; run scripts/bench.sh first")
        machine = json.loads((folder / "machine.json").read_text()) if (folder / "machine.json").is_file() else {}
        goals = {row["name"]: float(row["ratio"]) for row in read_table(folder / "goals.csv")}
        sections: list[str] = []
        if kernels:
            for kind in KINDS:
                of_kind = [kernel for kernel in kernels if kernel.family == kind]
                products = [kernel for kernel in of_kind if kernel.part != "together"]
                if products and machine:
                    plot_roofline(kind, products, machine, folder)
                if of_kind:
                    plot_ratio(kind, of_kind, folder)
            plot_growth(kernels, folder)
            theirs = [kernel for kernel in kernels if kernel.family.startswith("sparseprop")]
            sections += kernels_summary([kernel for kernel in kernels if kernel not in theirs], goals)
            if theirs:
                sections += sparseprop_summary(theirs, goals)
        if pairs:
            plot_steps(pairs, folder)
            sections += steps_summary(pairs, goals)
        if search:
            sections += search_summary(search, goals)
        write_summary(folder, sections, machine)
    except (PlotError, OSError, KeyError, ValueError) as error:
        print(f"plot_performance.py: {error!r}" if isinstance(error, KeyError) else f"plot_performance.py: {error}",
              file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
