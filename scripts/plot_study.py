#!/usr/bin/python3
"""Plots the verdicts of a study: each claim's effect with its 95 % interval, and where printed its paper's number.

Reads the verdicts.json that `ltlab study` writes. --specifications CLAIM draws the specification curve of a claim in place
of that: its effect at each choice of the study's grid, from the least to the greatest.
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from plot_style import STYLE, lay_out, save
from script_errors import InputError, reading, require_file, run_script

LOOKS = {"supported": ("#009E73", "o"), "refuted": ("#D55E00", "X"), "undecided": ("#777777", "s")}
WHAT = {"": "ratio or exponent", " %": "%", " points": "points", " steps": "steps", " nats": "nats", " FLOPs": "FLOPs"}
ROW = 0.27   # inches
TEST = 0.42  # rows, from one density of a claim to the next


def read_study(path):
    require_file(path, "give the verdicts.json of a study")
    with reading(path, "give the verdicts.json that `ltlab study` writes"):
        study = json.loads(Path(path).read_text())
        return study, [claim | {"scale": 100 if claim["unit"] in (" %", " points") else 1} for claim in study["claims"]]


def height(claim):
    """Of a claim's row, in units of ROW."""
    return 1 + TEST * (len(claim["tests"]) - 1)


def draw(axes, rows, unit):
    """The effects of one unit, the first on top: a row for each label and claim."""
    finite = [end for _, claim in rows for test in claim["tests"] for end in test["interval_95"] if end is not None]
    reach = [min(finite, default=0), max(finite, default=1)]
    tops = np.cumsum([0] + [height(claim) for _, claim in rows])
    for top, (_, claim) in zip(tops, rows):
        tests = claim["tests"]
        color, marker = LOOKS[claim["decision"]]
        scale = claim["scale"]
        for i, test in enumerate(tests):
            y = top + TEST * i
            low, high = (reach[i] if end is None else end for i, end in enumerate(test["interval_95"]))
            axes.plot([scale * low, scale * high], [y, y], color=color, lw=1.6, solid_capstyle="butt")
            axes.plot(scale * test["effect"], y, color=color, marker=marker, ms=5.5, mec="white", mew=0.6)
            if len(tests) > 1:
                axes.annotate(f"{100 * test['density']:.3g} %", (scale * high, y), (4, 0), textcoords="offset points",
                              va="center", fontsize=5.5, color="#666666")
        if "printed" in claim:
            axes.plot(scale * claim["printed"]["number"], top, color="black", marker="D", ms=5, mfc="none", ls="")
    none = 1 if unit == "" else 0
    if unit != " %":
        axes.axvline(none, color="#444444", lw=0.8, ls=":")
    axes.set_yticks([top + (height(claim) - 1) / 2 for top, (_, claim) in zip(tops, rows)], [label for label, _ in rows])
    axes.set_ylim(tops[-1] - 0.4, -0.6)
    left, right = axes.get_xlim()
    if right - left < 1e-6 * max(1, abs(right)):  # of equal values
        axes.set_xlim(left - 0.5, right + 0.5)
    axes.set_xlabel(WHAT[unit])
    axes.grid(axis="y", visible=False)


def add_legend(figure, claims):
    handles = [Line2D([], [], color=color, marker=marker, lw=1.6, label=name) for name, (color, marker) in LOOKS.items()]
    if any("printed" in claim for claim in claims):
        handles.append(Line2D([], [], color="black", marker="D", mfc="none", ls="", label="printed in the paper"))
    figure.legend(handles=handles, loc="lower center", ncol=4, frameon=False, fontsize=8.5)


def plot(study, claims, title=""):
    """The figure: one panel for each unit."""
    plt.rcParams.update(STYLE)
    units = list(dict.fromkeys(claim["unit"] for claim in claims))
    panels = [[(claim["name"], claim) for claim in claims if claim["unit"] == unit] for unit in units]
    heights = np.array([sum(height(claim) for _, claim in rows) * ROW + 0.75 for rows in panels])
    figure, axes = plt.subplots(len(units), 1, figsize=(8.4, heights.sum() + 0.6), squeeze=False,
                                gridspec_kw={"height_ratios": heights})
    for panel, rows, unit in zip(axes[:, 0], panels, units):
        draw(panel, rows, unit)
    add_legend(figure, claims)
    lay_out(figure, 0.32 / figure.get_figheight(), title or study["question"])
    return figure


def plot_specifications(study, name, title=""):
    """The specification curve of a claim: a row for each choice of the grid, by rising effect."""
    plt.rcParams.update(STYLE)
    found = [(one["name"], claim) for one in study["specifications"] for claim in one["claims"] if claim["name"] == name]
    if not found or not found[0][0]:
        raise InputError(f"the study has no grid with a claim '{name}'; it claims "
                         + ", ".join(claim["name"] for claim in study["claims"]))
    found.sort(key=lambda one: one[1]["tests"][0]["effect"])
    scale = 100 if found[0][1]["unit"] in (" %", " points") else 1
    rows = [(choice.replace("_", ", "), claim | {"scale": scale, "tests": claim["tests"][:1]}) for choice, claim in found]
    figure, axes = plt.subplots(figsize=(8.4, len(rows) * ROW + 1.5))
    draw(axes, rows, found[0][1]["unit"])
    add_legend(figure, [claim for _, claim in found])
    lay_out(figure, 0.32 / figure.get_figheight(), title or f"{name}: {found[0][1]['claim']}")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verdicts", metavar="VERDICTS.json", type=Path, help="that a study wrote")
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, required=True, help="image to write")
    parser.add_argument("--specifications", metavar="CLAIM", help="draw this claim at each choice of the study's grid")
    parser.add_argument("--title", default="", help="to stand above (the study's question)")
    parser.add_argument("--svg", action="store_true", help="also write OUT.svg")
    arguments = parser.parse_args()
    study, claims = read_study(arguments.verdicts)
    with reading(arguments.verdicts, "give the verdicts.json that `ltlab study` writes"):
        if arguments.specifications:
            figure = plot_specifications(study, arguments.specifications, arguments.title)
        else:
            figure = plot(study, claims, arguments.title)
    save(figure, arguments.output, arguments.svg)


if __name__ == "__main__":
    run_script("plot_study.py", main)
