#!/usr/bin/python3
"""Holds a search of preset lenet-mnist against what Frankle & Carbin 2019 (arXiv 1803.03635), section 2, report.

Reads what `ltlab search` stored under RUN_DIR (replicates with the controls random-reinit and random-mask) and prints
one Markdown table row a claim: the claim with the paper's numbers, ours, and whether ours confirm it. Differences are
taken within each replicate (the same initial weights and order of images), and judged by the 95 % interval of their
mean (Student's t): a claim of more or less is confirmed if the interval lies on its side of zero, and refuted if it
lies on the other side; a claim of no difference is not refuted if the interval holds zero.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from scipy.stats import t as student_t

STEP, AT_STOP, AT_END = "early_stop_step", "early_stop_test_accuracy", "test_accuracy"
TICKET, REINIT, MASK = "ticket", "random-reinit", "random-mask"


class Search:
    """Figures of each replicate of a search, by branch and level; trials of a control are averaged."""

    def __init__(self, run: Path) -> None:
        self.replicates = sorted(path.parent for path in run.glob("replicate-*/run.h5"))
        if len(self.replicates) < 2:
            sys.exit(f"claims.py: {run} holds fewer than two replicates; give the folder of a search")
        self.densities = [self._attribute(path, "density") for path in self._levels(self.replicates[0])]

    @staticmethod
    def _levels(folder: Path) -> list[Path]:
        return sorted(folder.glob("level-[0-9][0-9][0-9].h5"))

    @staticmethod
    def _attribute(path: Path, name: str) -> float:
        with h5py.File(path) as file:
            return float(file.attrs[name])

    def level_at(self, percent: float) -> int:
        """The level whose density is nearest to `percent`."""
        return int(np.argmin(np.abs(np.array(self.densities) - percent / 100)))

    def figures(self, branch: str, level: int, name: str) -> np.ndarray:
        """One value a replicate; accuracies in percent."""
        values = []
        for replicate in self.replicates:
            folders = [replicate] if branch == TICKET else sorted(replicate.glob(f"{branch}-*"))
            values.append(np.mean([self._attribute(folder / f"level-{level:03}.h5", name) for folder in folders]))
        return np.array(values) * (1 if name == STEP else 100)


@dataclass(frozen=True)
class Interval:
    """Mean and half width of the 95 % interval."""

    mean: float
    half: float

    def __str__(self) -> str:
        digits = 0 if abs(self.mean) >= 100 else 2
        return f"{self.mean:.{digits}f} ± {self.half:.{digits}f}"

    def verdict(self, more: bool) -> str:
        """Whether the mean is above zero (`more`) or below."""
        low, high = self.mean - self.half, self.mean + self.half
        if (low > 0) if more else (high < 0):
            return "confirmed"
        return "refuted" if ((high < 0) if more else (low > 0)) else "not confirmed"


def interval(values: np.ndarray) -> Interval:
    """Of the mean of one value a replicate."""
    half = student_t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return Interval(float(values.mean()), float(half))


def row(claim: str, ours: str, verdict: str) -> None:
    print(f"| {claim} | {ours} | **{verdict}** |")


def learning_speed(search: Search) -> None:
    """Early-stopping iterations of tickets and the dense network."""
    dense = search.figures(TICKET, 0, STEP)
    at = {percent: search.figures(TICKET, search.level_at(percent), STEP) for percent in (51.3, 21.1, 3.6)}
    difference = interval(at[21.1] - dense)
    row("At 21.1 % the ticket stops early sooner than the dense network (38 % sooner)",
        f"iteration {interval(at[21.1])} against {interval(dense)}: {difference}, "
        f"{100 * (1 - at[21.1].mean() / dense.mean()):.0f} % sooner", difference.verdict(more=False))
    for claim, ours in (("At 51.3 % it is faster than the dense network", at[51.3] - dense),
                        ("... but slower than at 21.1 %", at[51.3] - at[21.1])):
        row(claim, f"iteration {interval(at[51.3])}; difference {interval(ours)}",
            interval(ours).verdict(more="slower" in claim))
    difference = interval(at[3.6] - dense)
    same = "not refuted" if abs(difference.mean) <= difference.half else "refuted"
    row("At 3.6 % it is back at the dense network's speed", f"iteration {interval(at[3.6])}; difference {difference}",
        same)


def accuracy(search: Search) -> None:
    """Test accuracy of tickets and the dense network."""
    dense = search.figures(TICKET, 0, AT_STOP)
    gain = interval(search.figures(TICKET, search.level_at(13.5), AT_STOP) - dense)
    row("At 13.5 % test accuracy at the early stop is more than 0.3 points above the dense network's",
        f"{gain} points above {interval(dense)} %", Interval(gain.mean - 0.3, gain.half).verdict(more=True))
    end = search.figures(TICKET, 0, AT_END)
    gains = [interval(search.figures(TICKET, level, AT_END) - end) for level in range(1, len(search.densities))]
    best = int(np.argmax([gain.mean for gain in gains]))
    row("At iteration 50,000 tickets are up to 0.35 points more accurate",
        f"at most {gains[best]} points, at {100 * search.densities[best + 1]:.1f} %", gains[best].verdict(more=True))
    for name, where, reference in ((AT_STOP, "at the early stop", dense), (AT_END, "at the end", end)):
        ticket = search.figures(TICKET, search.level_at(3.6), name)
        matches = ticket.mean() >= reference.mean() - reference.std(ddof=1)
        row(f"At 3.6 % the ticket still matches the dense network ({where}: its mean at least the dense mean less one "
            "standard deviation)", f"{interval(ticket)} % against {interval(reference)} % (deviation "
            f"{reference.std(ddof=1):.2f})", "confirmed" if matches else "refuted")


def first_drop(search: Search, branch: str) -> int | None:
    """The densest level from which on accuracy at the early stop lies surely below the dense network's; None if it
    never does."""
    dense = search.figures(TICKET, 0, AT_STOP)
    below = [interval(search.figures(branch, level, AT_STOP) - dense).verdict(more=False) == "confirmed"
             for level in range(1, len(search.densities))]
    return next((i + 1 for i in range(len(below)) if all(below[i:])), None)


def controls(search: Search) -> None:
    """Random reinitialization, and random masks."""
    level = search.level_at(21.1)
    for branch, claims in ((REINIT, ("2.51 times as fast as its random reinitialization", "half a point more accurate")),
                           (MASK, ("faster than a random mask", "more accurate than under a random mask"))):
        ticket, control = (search.figures(name, level, STEP) for name in (TICKET, branch))
        difference = interval(control - ticket)
        row(f"At 21.1 % the ticket reaches its least validation loss {claims[0]}",
            f"iteration {interval(ticket)} against {interval(control)}: {control.mean() / ticket.mean():.2f} times as fast",
            difference.verdict(more=True))
        difference = interval(search.figures(TICKET, level, AT_STOP) - search.figures(branch, level, AT_STOP))
        row(f"... and is {claims[1]}", f"{difference} points at the early stop", difference.verdict(more=True))
    steps = [search.figures(REINIT, search.level_at(percent), STEP) for percent in (80, 3.6)]
    difference = interval(steps[1] - steps[0])
    row("Reinitialized networks learn ever more slowly as they are pruned",
        f"iteration {interval(steps[0])} at 80 %, {interval(steps[1])} at 3.6 %", difference.verdict(more=True))
    drops = {branch: first_drop(search, branch) for branch in (TICKET, REINIT, MASK)}
    texts = {branch: "at no level" if drop is None else f"from {100 * search.densities[drop]:.1f} % on"
             for branch, drop in drops.items()}
    last = len(search.densities)
    earlier = (drops[REINIT] or last) < (drops[TICKET] or last)
    row("Accuracy falls below the dense network's from 21.1 % on when reinitialized, only from 2.9 % on for tickets",
        f"surely below: reinitialized {texts[REINIT]}, ticket {texts[TICKET]}, random mask {texts[MASK]}",
        "confirmed" if earlier else "refuted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN_DIR", type=Path, help="folder of a search: the --out of `ltlab search`")
    search = Search(parser.parse_args().run)
    print("| Frankle & Carbin 2019, section 2 | here | |\n|---|---|---|")
    learning_speed(search)
    accuracy(search)
    controls(search)


if __name__ == "__main__":
    main()
