#!/usr/bin/python3
"""Draws samples and plans at random and holds ltlab's statistics against those of scipy and statsmodels.

Where neither has a statistic, as an interval of a ratio, their tests or distributions make it here by its definition.
A case is named by its seed.
"""

import argparse
import json
import subprocess
import sys
import warnings
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import integrate, optimize, stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests


def draw_samples(random):
    paired = bool(random.random() < 0.5)
    sizes = random.integers(2, 12, size=2)
    if paired:
        sizes[1] = sizes[0]
    spreads = 10.0 ** random.uniform(-3, 0, size=2)
    a, b = (3 + random.uniform(-1, 1) + spread * random.normal(size=size) for size, spread in zip(sizes, spreads))
    return {"a": list(np.abs(a)), "b": list(np.abs(b)), "paired": paired, "level": random.choice([0.8, 0.95, 0.99])}


def test(case, a, b, alternative="two-sided"):
    if case["paired"]:
        return stats.ttest_1samp(np.subtract(a, b), 0, alternative=alternative)
    return stats.ttest_ind(a, b, equal_var=False, alternative=alternative)


def draw_mean_test(random):
    return {**draw_samples(random), "null": random.choice([0.0, random.normal()])}


def mean_test(case):
    a, b = np.array(case["a"]) - case["null"], np.array(case["b"])
    both = test(case, a, b)
    # Limits of the interval are the hypotheses whose p-value is 1 - level.
    estimate, spread = np.mean(case["a"]) - np.mean(b), abs((a.mean() - b.mean()) / both.statistic)
    limits = [optimize.brentq(lambda x: test(case, np.array(case["a"]) - x, b).pvalue - 1 + case["level"], estimate,
                              estimate + side * 1000 * spread, xtol=1e-12, rtol=1e-12) for side in (-1, 1)]
    return [both.statistic, both.pvalue, test(case, a, b, "greater").pvalue, test(case, a, b, "less").pvalue, *limits]


def ratio(case):
    """The limits among the angles at which a contrast is no longer rejected, found by their fine grid."""
    a, b = np.array(case["a"]) / np.mean(case["a"]), np.array(case["b"]) / np.mean(case["b"])

    def excess(angle):
        return test(case, np.cos(angle) * a, np.sin(angle) * b).pvalue - 1 + case["level"]

    def limit(axis, open_limit):
        grid = np.linspace(axis, np.pi / 4, 200)
        accepted = [excess(angle) >= 0 for angle in grid[:-1]] + [True]
        first = accepted.index(True)
        if first == 0:
            return open_limit
        angle = optimize.brentq(excess, grid[first - 1], grid[first] - (grid[first] - axis) * 1e-9, xtol=1e-14)
        return np.tan(angle) * np.mean(case["a"]) / np.mean(case["b"])

    return [limit(0, 0), limit(np.pi / 2, np.inf)]


def draw_signed_rank(random):
    return {"values": list(random.normal(0.3, 1, size=random.integers(2, 15)))}


def signed_rank(case):
    return [stats.wilcoxon(case["values"], mode="exact").pvalue]


def draw_holm(random):
    return {"p": list(random.random(random.integers(1, 10)) ** 3)}


def holm(case):
    return multipletests(case["p"], method="holm")[1]


def draw_power(random):
    claim = random.choice(["different", "above", "not_worse", "equivalent"])
    return {"claim": claim, "paired": bool(random.random() < 0.5), "alpha": random.choice([0.01, 0.05, 0.2]),
            "effect": random.normal(), "deviation": 10 ** random.uniform(-1, 0.5), "margin": random.uniform(0.5, 2),
            "seeds": int(random.choice([2, 3, 5, 8, 30, 200]))}


def power(case):
    n = case["seeds"]
    degrees = n - 1 if case["paired"] else 2 * n - 2
    error = case["deviation"] * ((1 if case["paired"] else 2) / n) ** 0.5
    effect, margin = case["effect"] / error, case["margin"] / error
    if case["claim"] == "equivalent":
        critical = stats.t.isf(case["alpha"], degrees)
        chi = stats.chi(degrees, scale=degrees ** -0.5)  # of the found standard error over the true one

        def density(u):
            low, high = critical * u - margin - effect, margin - critical * u - effect
            return (stats.norm.cdf(high) - stats.norm.cdf(low)) * chi.pdf(u)

        low, high = chi.ppf(1e-15), min(margin / critical, chi.isf(1e-15))
        return [integrate.quad(density, low, high, limit=500, epsabs=1e-11)[0] if low < high else 0]
    critical = stats.t.isf(case["alpha"] / 2 if case["claim"] == "different" else case["alpha"], degrees)

    def above(effect):
        tail = stats.nct.sf(critical, degrees, effect)
        return float(effect > critical) if np.isnan(tail) else tail  # far out it is NaN, and the chance 0 or 1

    if case["claim"] == "different":
        return [above(effect) + above(-effect)]
    return [above(effect + (margin if case["claim"] == "not_worse" else 0))]


def draw_sequential(random):
    looks = int(random.integers(1, 4))
    information = np.cumsum(random.uniform(0.1, 1, size=looks))
    return {"information": list(information / information[-1] * random.choice([1, 0.8])),
            "alpha": random.choice([0.05, 0.1]), "pocock": bool(random.random() < 0.5)}


def sequential(case):
    """Bounds one after the other, by the distribution of all looks so far."""
    t, alpha, bounds = np.array(case["information"]), case["alpha"], []
    spent = (alpha * np.log1p((np.e - 1) * t) if case["pocock"]
             else 4 * stats.norm.sf(stats.norm.isf(alpha / 4) / np.sqrt(t)))
    for looks in range(1, len(t) + 1):
        covariance = np.sqrt(np.minimum.outer(t[:looks], t[:looks]) / np.maximum.outer(t[:looks], t[:looks]))

        def excess(bound):
            z = [*bounds, bound]
            if looks == 1:
                return 2 * stats.norm.sf(bound) - spent[0]
            inside = stats.multivariate_normal.cdf(z, cov=covariance, lower_limit=np.negative(z), abseps=1e-9,
                                                   maxpts=10 ** 6)
            return 1 - inside - spent[looks - 1]

        bounds.append(optimize.brentq(excess, 0.01, 12, xtol=1e-7))
    return 2 * stats.norm.sf(bounds)


def draw_predictions(random):
    images, classes = int(random.integers(1, 300)), int(random.integers(2, 11))
    labels = random.integers(classes, size=images)
    a, b = (np.where(random.random(images) < share, labels, random.integers(classes, size=images))
            for share in random.random(2))
    return {"labels": labels.tolist(), "a": a.tolist(), "b": b.tolist(),
            "probabilities": np.float32(random.uniform(1 / classes, 1, size=images)).tolist()}


def predictions(case):
    labels, a, b, p = (np.array(case[name]) for name in ("labels", "a", "b", "probabilities"))
    table = [[np.sum((a == labels) & (b == labels)), np.sum((a == labels) & (b != labels))],
             [np.sum((a != labels) & (b == labels)), np.sum((a != labels) & (b != labels))]]
    bins = np.digitize(p, np.linspace(0, 1, 16), right=True)
    calibration = sum(abs(np.sum((p - (a == labels))[bins == k])) for k in range(1, 16)) / len(p)
    return [np.mean(a != b), mcnemar(table, exact=True).pvalue, calibration, np.mean((p - (a == labels)) ** 2)]


def draw_components(random):
    levels = random.integers(2, 5, size=random.integers(2, 5))
    values = random.normal(size=levels)
    for axis, extent in enumerate(levels):
        shape = np.ones(len(levels), int)
        shape[axis] = extent
        values = values + random.normal(size=shape)
    return {"values": values.ravel().tolist(), "levels": levels.tolist()}


def components(case):
    """Solves the expectations of statsmodels' mean squares."""
    levels = case["levels"]
    factors = range(len(levels))
    table = pd.DataFrame({f"f{f}": index.ravel() for f, index in enumerate(np.indices(levels))})
    table["value"] = case["values"]
    anova = anova_lm(ols("value ~ " + "*".join(f"C(f{f})" for f in factors), table).fit())
    sets = [set(chosen) for size in range(1, len(levels) + 1) for chosen in combinations(factors, size)]
    squares = [anova.mean_sq[":".join(f"C(f{f})" for f in sorted(chosen))] for chosen in sets]
    expectations = [[np.prod([levels[f] for f in factors if f not in larger]) if larger >= chosen else 0
                     for larger in sets] for chosen in sets]
    return np.linalg.solve(expectations, squares)


# Each statistic: how a case is drawn, what it is to be, and how near.
STATISTICS = {
    "mean_test": (draw_mean_test, mean_test, 1e-6),
    "ratio": (draw_samples, ratio, 1e-6),
    "signed_rank": (draw_signed_rank, signed_rank, 1e-9),
    "holm": (draw_holm, holm, 1e-12),
    "power": (draw_power, power, 1e-7),
    "sequential": (draw_sequential, sequential, 1e-4),
    "predictions": (draw_predictions, predictions, 1e-6),
    "components": (draw_components, components, 1e-8),
}


def same(found, expected, tolerance):
    if not np.isfinite(expected):
        return found is None
    return found is not None and abs(found - expected) <= tolerance * max(1, abs(expected))


def main():
    # statsmodels divides by the residuals that a value a cell does not leave; scipy's noncentral t overflows.
    warnings.simplefilter("ignore", RuntimeWarning)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="ltlab_statistics")
    parser.add_argument("--cases", type=int, default=20, help="of each statistic")
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    options = parser.parse_args()
    names = [(name, seed) for name in STATISTICS for seed in range(options.first, options.first + options.cases)]
    cases = [{"statistic": name, **STATISTICS[name][0](np.random.default_rng(seed))} for name, seed in names]
    run = subprocess.run([options.program], input=json.dumps(cases), capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{options.program}: {run.stderr}")
    wrong = 0
    for (name, seed), case, found in zip(names, cases, json.loads(run.stdout)):
        _, expectation, tolerance = STATISTICS[name]
        expected = expectation(case)
        if len(found) != len(expected) or not all(same(*both, tolerance) for both in zip(found, expected)):
            wrong += 1
            print(f"{name}, seed {seed}: {found}, and expected {list(expected)}: {json.dumps(case)}")
    print(f"{len(cases)} cases, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
