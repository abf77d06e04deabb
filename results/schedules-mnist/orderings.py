#!/usr/bin/python3
"""Holds a comparison of pruning methods against the orderings that the literature reports.

Reads what `ltlab compare --format json` printed and prints one Markdown table row an ordering: what is claimed and where,
at each density the mean difference of test accuracy in points with the half width of its 95 % interval (Student's t over
seeds, paired), and whether it holds here. `above`: the difference is tested against zero by the paired t test. `as good`:
the difference is tested to lie above -MARGIN (one-sided; the papers say `the same or better`). The tests of an ordering are corrected
for its densities by Holm. Figures in bold are significant at 5 % after correction; a star marks those that are
significantly the wrong way round.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import stats

DENSITIES = (0.2, 0.1, 0.05, 0.02, 0.01)
LEVEL = 0.05
ABOVE, AS_GOOD = "above", "as good"


@dataclass(frozen=True)
class Ordering:
    """A published claim: the first variant is `above` the second, or `as good`."""

    first: str
    relation: str
    second: str
    source: str


FRANKLE_2019 = "Frankle & Carbin 2019"
FRANKLE_2021 = "Frankle et al. 2021"
AT_INITIALIZATION = ("snip", "grasp", "synflow")
ORDERINGS = [
    Ordering("base", ABOVE, "base/random-reinit", FRANKLE_2019),
    Ordering("base", ABOVE, "base/random-mask", FRANKLE_2019),
    Ordering("base", ABOVE, "one-shot", FRANKLE_2019),
    Ordering("base", AS_GOOD, "imp-rewind-500", "Frankle et al. 2020: MNIST needs no late rewinding"),
    Ordering("one-shot-learning-rate", AS_GOOD, "one-shot", "Renda et al. 2020"),
    *(Ordering(after, ABOVE, method, FRANKLE_2021) for after in ("base", "one-shot")
      for method in (*AT_INITIALIZATION, "magnitude-init")),
    *(Ordering(method, ABOVE, "random", FRANKLE_2021) for method in (*AT_INITIALIZATION, "magnitude-init")),
    *(Ordering(f"{method}/{control}", AS_GOOD, method, FRANKLE_2021)
      for method in (*AT_INITIALIZATION, "magnitude-init") for control in ("random-mask", "random-reinit")),
    Ordering("grasp/inverted-mask", AS_GOOD, "grasp", FRANKLE_2021),
    *(Ordering(method, ABOVE, f"{method}/inverted-mask", FRANKLE_2021) for method in ("snip", "synflow")),
    Ordering("synflow", ABOVE, "snip", "Tanaka et al. 2020: where SNIP's layers collapse"),
    Ordering("random-erk", ABOVE, "random", "Evci et al. 2020"),
    Ordering("set", ABOVE, "random-erk", "Mocanu et al. 2018"),
    Ordering("rigl", ABOVE, "random-erk", "Evci et al. 2020"),
    Ordering("rigl", ABOVE, "set", "Evci et al. 2020"),
    Ordering("rigl", ABOVE, "snip", "Evci et al. 2020"),
    Ordering("rigl", AS_GOOD, "gradual-cubic", "Evci et al. 2020"),
]


class Comparison:
    """Test accuracies by variant, density and seed, in points."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text())
        self.margin = 100 * document["margin"]
        self._levels = {variant["name"]: variant["results"] for variant in document["variants"]}
        self.tolerance = document["density_tolerance"]

    def accuracies(self, variant: str, density: float) -> np.ndarray:
        """One a seed, in the order of seeds."""
        for level in self._levels.get(variant, []):
            if abs(level["density"] - density) <= self.tolerance * density:
                values = level["test_accuracy"]["values_by_seed"]
                return 100 * np.array([values[seed] for seed in sorted(values, key=int)])
        sys.exit(f"orderings.py: the comparison has no '{variant}' at {100 * density:g} % density")


@dataclass(frozen=True)
class Test:
    """Of one ordering at one density."""

    difference: float
    half_width: float
    holds: float  # p value against the claim's null hypothesis
    contrary: float  # p value of the opposite direction


def paired(comparison: Comparison, ordering: Ordering, density: float) -> Test:
    differences = comparison.accuracies(ordering.first, density) - comparison.accuracies(ordering.second, density)
    deviation = stats.sem(differences)
    half = stats.t.ppf(1 - LEVEL / 2, differences.size - 1) * deviation
    if ordering.relation == ABOVE:
        p = stats.ttest_1samp(differences, 0).pvalue
        holds, contrary = (p, 1.0) if differences.mean() > 0 else (1.0, p)
    else:
        holds = stats.ttest_1samp(differences, -comparison.margin, alternative="greater").pvalue
        contrary = stats.ttest_1samp(differences, -comparison.margin, alternative="less").pvalue
    return Test(float(differences.mean()), float(half), float(holds), float(contrary))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction (1979)."""
    order = np.argsort(p_values)
    steps = p_values[order] * np.arange(p_values.size, 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return adjusted


def corrected(tests: list[Test]) -> list[Test]:
    """With the p values of all densities, in whichever direction is the likelier one, corrected together."""
    adjusted = holm(np.array([min(test.holds, test.contrary) for test in tests]))
    return [replace(test, holds=p, contrary=1.0) if test.holds <= test.contrary else replace(test, holds=1.0, contrary=p)
            for test, p in zip(tests, adjusted)]


def cell(test: Test) -> str:
    text = f"{test.difference:+.2f} ± {test.half_width:.2f}"
    if test.holds < LEVEL:
        return f"**{text}**"
    return f"**{text}** *" if test.contrary < LEVEL else text


def verdict(tests: list[Test]) -> str:
    """At how many densities the ordering surely holds, and surely does not."""
    holds, contrary = (sum(p < LEVEL for p in ps) for ps in ([t.holds for t in tests], [t.contrary for t in tests]))
    if holds == len(tests):
        return "holds at all"
    parts = [f"holds at {holds}"] if holds else []
    parts += [f"refuted at {contrary}"] if contrary else []
    return ", ".join(parts) or "undecided"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparison", metavar="FILE.json", type=Path, help="of `ltlab compare --format json`")
    comparison = Comparison(parser.parse_args().comparison)
    print("| claimed | by |" + "".join(f" {100 * density:g} % |" for density in DENSITIES) + " here |")
    print("|---|---|" + "---|" * (len(DENSITIES) + 1))
    for ordering in ORDERINGS:
        row = corrected([paired(comparison, ordering, density) for density in DENSITIES])
        cells = " | ".join(cell(test) for test in row)
        print(f"| {ordering.first} {ordering.relation} {'as ' if ordering.relation == AS_GOOD else ''}{ordering.second} | "
              f"{ordering.source} | {cells} | {verdict(row)} |")


if __name__ == "__main__":
    main()
