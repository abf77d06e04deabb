"""End-to-end tests of what `ltlab compare` tells of finished runs: usage: compare_results_test.py LTLAB"""

import csv
import io
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
from scipy import stats

from small_comparison import BASE, CompareTest, modification_times, run

FILE = BASE + """
control = random-reinit,random-mask
variant.global.scope = global
variant.global.output-rate = 0.5
variant.late.rewind = 20
"""


def holm(p_values):
    """By statsmodels' recipe: running maximum of (m - i) p(i), at most 1."""
    order = np.argsort(p_values)
    scaled = np.maximum.accumulate((len(p_values) - np.arange(len(p_values))) * np.asarray(p_values)[order])
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(scaled, 1)
    return corrected


class Finished(CompareTest):
    """A comparison that has run, which no test here may change."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.whole = pathlib.Path(holder.name)
        (cls.whole / "methods.cfg").write_text(FILE)
        cls.command = ["compare", "--config", cls.whole / "methods.cfg", "--out", cls.whole / "out"]
        done = run(*cls.command, "--format", "json")
        assert done.returncode == 0, done.stderr
        cls.json = json.loads(done.stdout)
        cls.variants = {variant["name"]: variant for variant in cls.json["variants"]}

    def runs(self):
        return [self.whole / "out" / name for name in ("base", "global", "late")]

    def test_every_variant_and_control_is_there(self):
        names = [name + control for name in ("base", "global", "late") for control in ("", "/random-mask", "/random-reinit")]
        self.assertEqual(list(self.variants), names)
        for variant in self.variants.values():
            self.assertEqual([result["level"] for result in variant["results"]], [0, 1, 2, 3])
            for result in variant["results"]:
                self.assertEqual(list(result["test_accuracy"]["values_by_seed"]), ["0", "1", "2", "3"])

    def test_finished_runs_are_not_run_again(self):
        before = modification_times(self.whole / "out")
        again = run(*self.command, "--format", "json")
        self.assertEqual(again.stderr, "")
        self.assertEqual(json.loads(again.stdout), self.json)
        self.assertEqual(modification_times(self.whole / "out"), before)
        by_name = run("compare", *self.runs(), "--format", "json")
        self.assertEqual(json.loads(by_name.stdout), self.json)

    def test_a_variant_is_the_search_of_its_settings(self):
        alone = self.write(BASE + "scope = global\noutput-rate = 0.5\nretrain-order = original\n")
        self.assertEqual(run("search", "--config", alone, "--out", self.folder / "alone").returncode, 0)
        for level in range(4):
            files = [folder / f"replicate-2/level-{level:03}.h5" for folder in (self.folder / "alone", self.whole / "out/global")]
            with h5py.File(files[0]) as alone, h5py.File(files[1]) as variant:
                for name in alone["weights"]:
                    np.testing.assert_array_equal(alone["weights"][name], variant["weights"][name])
        pair = run("compare", f"alone={self.folder / 'alone'}", self.whole / "out/global", "--format", "json")
        variants = {variant["name"]: variant for variant in json.loads(pair.stdout)["variants"]}
        for alone, result in zip(variants["alone"]["results"], variants["global"]["results"]):
            self.assertEqual(alone["test_accuracy"], result["test_accuracy"])
            self.assertEqual(result["against_base"]["mean_difference"], 0)

    def test_the_dense_network_that_variants_share_is_trained_once(self):
        def finished(name):
            with h5py.File(self.whole / f"out/{name}/replicate-0/level-000.h5") as file:
                return file.attrs["finished_utc"], file.attrs["wall_seconds"]

        self.assertEqual(finished("global"), finished("base"))
        self.assertNotEqual(finished("late"), finished("base"))  # which keeps the weights at its rewind step
        for name in ("base", "global", "late"):
            verified = run("verify", self.whole / "out" / name)
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def pairs(self):
        """Of each variant where the base has its density: its values by seed, the base's, and the result."""
        base = {result["compared_at_density"]: result for result in self.variants["base"]["results"]}
        for name, variant in self.variants.items():
            for own in variant["results"]:
                other = base.get(own["compared_at_density"])
                self.assertEqual(own["against_base"] is None, name == "base" or other is None)
                if own["against_base"]:
                    yield [np.array(list(r["test_accuracy"]["values_by_seed"].values())) for r in (own, other)], own

    def values(self, result, figure="test_accuracy"):
        return np.array(list(result[figure]["values_by_seed"].values()))

    def check_difference(self, difference, own, other):
        """One paired difference of the JSON, beside scipy."""
        self.assertEqual((difference["test"], difference["n"]), ("paired t", 4))
        self.assertAlmostEqual(difference["mean_difference"], np.mean(own - other), delta=1e-14)
        expected = stats.ttest_rel(own, other)
        self.assertAlmostEqual(difference["t"], expected.statistic, places=9)
        self.assertAlmostEqual(difference["p_uncorrected"], expected.pvalue, places=11)
        low, high = stats.t.interval(0.95, 3, np.mean(own - other), stats.sem(own - other))
        np.testing.assert_allclose(difference["student_interval_95"], (low, high), rtol=1e-9)
        effect = np.mean(own - other) / np.std(own - other, ddof=1)
        # Three degrees of freedom: sqrt(2 / 3) gamma(3 / 2) / gamma(1) = 0.7236.
        self.assertAlmostEqual(difference["hedges_g"], effect * 0.7236012545582676, places=9)
        magnitudes = np.abs(own - other).round(12)
        if magnitudes.all() and len(set(magnitudes)) == 4:  # scipy is exact only without ties and zeros
            self.assertAlmostEqual(difference["signed_rank_p"], stats.wilcoxon((own - other).round(12)).pvalue, places=11)

    def one_sided(self, own, other):
        """p of being below by half a point, and of not being within it."""
        not_below = stats.ttest_rel(own + 0.005, other, alternative="greater").pvalue
        not_above = stats.ttest_rel(own - 0.005, other, alternative="less").pvalue
        return not_below, max(not_below, not_above)

    def check_family(self, differences, pairs):
        """The tests of a variant at falling density: Holm's and the fixed sequence's p-values."""
        np.testing.assert_allclose([d["p_holm"] for d in differences], holm([d["p_uncorrected"] for d in differences]), rtol=1e-9)
        for i, name in enumerate(("not_worse_p", "equivalent_p")):
            expected = np.maximum.accumulate([self.one_sided(*pair)[i] for pair in pairs])
            np.testing.assert_allclose([d[name] for d in differences], expected, rtol=1e-9)

    def test_differences_agree_with_scipy(self):
        all_differences = []
        for variant in self.variants.values():
            pairs, differences = [], []
            for (own, base), result in self.pairs():
                if not any(result is one for one in variant["results"]):
                    continue
                if not np.any(own - base):
                    self.assertIsNone(result["against_base"]["p_holm"])
                    continue
                self.check_difference(result["against_base"], own, base)
                pairs.append((own, base))
                differences.append(result["against_base"])
            if differences:
                self.check_family(differences, pairs)
            all_differences += differences
        self.assertGreater(len(all_differences), 10)
        np.testing.assert_allclose([d["p_holm_of_all"] for d in all_differences],
                                   holm([d["p_uncorrected"] for d in all_differences]), rtol=1e-9)

    def test_differences_from_dense_agree_with_scipy(self):
        for variant in self.variants.values():
            dense = self.values(variant["results"][0])
            self.assertIsNone(variant["results"][0]["against_dense"])
            pairs = [(self.values(result), dense) for result in variant["results"][1:]]
            differences = [result["against_dense"] for result in variant["results"][1:]]
            for difference, pair in zip(differences, pairs):
                self.check_difference(difference, *pair)
            self.check_family(differences, pairs)

    def test_networks_of_other_orders_are_tested_by_welch(self):
        config = self.write(BASE + "control = random-mask\n")
        self.assertEqual(run("search", "--config", config, "--out", self.folder / "new").returncode, 0)
        pair = run("compare", self.folder / "new", self.whole / "out/base", "--format", "json")
        variants = {variant["name"]: variant for variant in json.loads(pair.stdout)["variants"]}
        level = 2
        mask, other = variants["new/random-mask"]["results"][level], variants["base"]["results"][level]
        self.assertEqual(mask["against_base"]["test"], "paired t")  # a control sees its ticket's order
        expected = stats.ttest_ind(self.values(other), self.values(variants["new"]["results"][level]), equal_var=False)
        self.assertEqual(other["against_base"]["test"], "Welch")
        self.assertAlmostEqual(other["against_base"]["t"], expected.statistic, places=9)
        self.assertAlmostEqual(other["against_base"]["p_uncorrected"], expected.pvalue, places=11)
        self.assertIsNone(other["against_base"]["signed_rank_p"])

    def test_levels_match_until_the_first_that_does_not(self):
        for variant in self.variants.values():
            dense = self.values(variant["results"][0], "validation_accuracy")
            matching = variant["matching"]
            self.assertEqual(matching["judged_by"], "validation accuracy")
            p = [self.one_sided(self.values(result, "validation_accuracy"), dense)[0] for result in variant["results"][1:]]
            self.assertEqual([level["matches"] for level in matching["levels"]], [one < 0.05 for one in p])
            until = next((i for i, one in enumerate(p) if not one < 0.05), len(p))
            density = None if until == 0 else variant["results"][until]["density"]
            self.assertEqual(matching["sparsest_density"], density)
            self.assertEqual(matching["ended_first"], until == len(p))

    def test_intervals_agree_with_scipy(self):
        for variant in self.variants.values():
            for result in variant["results"]:
                for figure in ("test_accuracy", "validation_accuracy", "early_stop_test_accuracy", "early_stop_step"):
                    values = self.values(result, figure)
                    self.assertAlmostEqual(result[figure]["mean"], np.mean(values), places=11)
                    self.assertAlmostEqual(result[figure]["standard_deviation"], np.std(values, ddof=1), places=11)
                    student = stats.t.ppf(0.975, 3) * stats.sem(values)
                    np.testing.assert_allclose(result[figure]["student_interval_95"], np.mean(values) + np.array([-1, 1]) * student,
                                               rtol=1e-9)

    def test_areas_and_front_agree_with_numpy(self):
        points, grid = [], self.json["area_densities"]
        x = -np.log(grid)
        for variant in self.variants.values():
            results = {result["compared_at_density"]: result for result in variant["results"]}
            for seed, area in variant["area_under_curve"]["values_by_seed"].items():
                y = [results[density]["test_accuracy"]["values_by_seed"][seed] for density in grid]
                self.assertAlmostEqual(area, np.trapz(y, x) / x[-1], places=11)
            points += [(result["flops"], result["test_accuracy"]["mean"], result["on_pareto_front"]) for result in variant["results"]]
        common = set.intersection(*({result["compared_at_density"] for result in variant["results"]} for variant in self.variants.values()))
        self.assertEqual(grid, sorted(common, reverse=True))
        for flops, accuracy, on_front in points:
            beaten = any(f <= flops and a >= accuracy and (f, a) != (flops, accuracy) for f, a, _ in points)
            self.assertFalse(on_front and beaten)
            self.assertTrue(beaten or on_front or any((f, a) == (flops, accuracy) and o for f, a, o in points))

    def test_costs_are_of_all_trainings_that_it_takes(self):
        own = []
        for level in range(4):
            with h5py.File(self.whole / f"out/base/replicate-0/level-{level:03}.h5") as file:
                own.append(file.attrs["flops"])
        results = self.variants["base"]["results"]
        self.assertAlmostEqual(results[2]["relative_flops"], sum(own[:3]) / own[0], places=6)
        self.assertAlmostEqual(results[0]["relative_flops"], 1)
        self.assertLess(self.variants["base/random-mask"]["results"][3]["relative_flops"], 1)

    def test_formats(self):
        terminal = run("compare", *self.runs())
        self.assertIn("Held against 'base', at an equal budget of steps: mlp:784-20-10 on embedded", terminal.stdout)
        self.assertIn("60 steps of 20 images a level", terminal.stdout)
        interval = r"\d\d\.\d\d \[\d\d\.\d\d, \d\d\.\d\d\](?: \+)?"
        self.assertRegex(terminal.stdout, rf"\nlate +({interval} +){{4}}")  # of more variants than densities a row each
        self.assertRegex(run("compare", self.runs()[0]).stdout, rf"\n100\.00 %(  +{interval}){{3}}\n")
        self.assertIn("Pareto front", terminal.stdout)
        markdown = run("compare", *self.runs(), "--format", "markdown").stdout
        self.assertIn("| variant | sparsest matching |", markdown)
        tables = [block.splitlines() for block in markdown.split("\n\n") if block.startswith("|")]
        self.assertEqual(len(tables), 7)
        for table in tables:
            self.assertEqual(len({line.count("|") for line in table}), 1, table)
        latex = run("compare", *self.runs(), "--format", "latex", "--margin", "0.9").stdout
        self.assertEqual(latex.count("\\begin{tabular}"), 7)
        self.assertIn("\\label{tab:difference}", latex)
        marked = sum(result[name]["p_holm"] is not None and result[name]["p_holm"] < 0.05 for variant in self.variants.values()
                     for result in variant["results"] for name in ("against_base", "against_dense") if result[name])
        areas = sum(variant["area_against_base"]["p_holm"] < 0.05 for variant in list(self.variants.values())[1:])
        self.assertEqual(latex.count("\\textbf{"), marked + areas)
        self.assertEqual(markdown.count("**") // 2, marked + areas)
        self.assertEqual(len(re.findall(r" \*(?:  | *$)", terminal.stdout, re.M)), marked + areas)
        self.assertNotRegex(latex, r"(?m)^[^%].*(?<!\\)%")
        self.assertIn("booktabs", latex)
        table = list(csv.DictReader(io.StringIO(run("compare", *self.runs(), "--format", "csv").stdout)))
        self.assertEqual(len(table), 9 * 4)
        for row, result in zip(table, (r for variant in self.variants.values() for r in variant["results"])):
            self.assertEqual(float(row["test_accuracy_mean"]), result["test_accuracy"]["mean"])
            self.assertEqual(row["dense_p_uncorrected"] == "", result["against_dense"] is None)

    def test_chosen_densities(self):
        few = json.loads(run("compare", *self.runs(), "--densities", "0.25", "--format", "json").stdout)
        for variant in few["variants"]:
            all_results = self.variants[variant["name"]]["results"]
            self.assertEqual([r["density"] for r in variant["results"]], [all_results[0]["density"], all_results[2]["density"]])
            self.assertEqual(variant["results"][1]["relative_flops"], all_results[2]["relative_flops"])
        self.check_refused(run("compare", *self.runs(), "--densities", "0.3"), "no", "density 0.3")
        self.check_refused(run("compare", *self.runs(), "--densities", "0.2,0.3"), "--densities", "fall")

    def test_pairs_and_chosen_tables(self):
        pairs = json.loads(run("compare", *self.runs(), "--pairs", "--format", "json").stdout)["pairs"]
        names = list(self.variants)
        self.assertEqual({(pair["a"], pair["b"]) for pair in pairs}, set(itertools.combinations(names, 2)))
        pair = next(pair for pair in pairs if (pair["a"], pair["b"]) == ("global", "late") and pair["density"] < 0.3)
        own, other = (next(r for r in self.variants[name]["results"] if r["compared_at_density"] == pair["density"]) for name in ("global", "late"))
        self.check_difference(pair["difference"], self.values(own), self.values(other))
        few = run("compare", *self.runs(), "--table", "cost,front").stdout
        self.assertIn("Cost: FLOPs", few)
        self.assertIn("Pareto front", few)
        self.assertNotIn("Early-stop step", few)
        self.check_refused(run("compare", *self.runs(), "--table", "costs"), "--table", "unknown table 'costs' (did you mean 'cost'?)")

    def test_margin_and_tolerance(self):
        wide = json.loads(run("compare", *self.runs(), "--margin", "0.5", "--format", "json").stdout)
        self.assertTrue(wide["variants"][0]["matching"]["ended_first"])
        papers = json.loads(run("compare", *self.runs(), "--criterion", "one-deviation", "--format", "json").stdout)
        for variant in papers["variants"]:
            dense = self.values(variant["results"][0])
            expected = [bool(np.mean(self.values(r)) >= np.mean(dense) - np.std(dense, ddof=1)) for r in variant["results"][1:]]
            self.assertEqual([level["matches"] for level in variant["matching"]["levels"]], expected)
        self.check_refused(run("compare", *self.runs(), "--criterion", "one"), "--criterion", "unknown criterion 'one'")
        for option in ("--margin", "--density-tolerance"):
            self.check_refused(run("compare", *self.runs(), option, "0"), option, "between 0 and 1")

    def test_other_settings_in_the_folder_are_refused_before_anything_is_run(self):
        changed = FILE.replace("late.rewind = 20", "late.rewind = 30").replace("levels = 3", "levels = 4")
        refused = run("compare", "--config", self.write(changed), "--out", self.whole / "out")
        self.check_refused(refused, "out/late' with other settings", "rewind: 20 before, 30 now")
        self.assertEqual(len(list((self.whole / "out").rglob("level-004*"))), 0)

    def test_less_than_is_recorded_is_refused(self):
        for fewer, words in (("levels = 2", "level"), ("replicates = 3", "replicate"), ("control = random-mask", "control")):
            line = next(line for line in FILE.splitlines() if line.startswith(fewer.split()[0]))
            refused = run("compare", "--config", self.write(FILE.replace(line, fewer)), "--out", self.whole / "out")
            self.check_refused(refused, words, "out/base")

    def test_a_damaged_level_is_named(self):
        copy = self.folder / "copy"
        shutil.copytree(self.whole / "out/base", copy)
        (copy / "replicate-1/level-002.h5").write_bytes(b"torn")
        self.check_refused(run("compare", copy), "level-002.h5", status=3)

    def test_a_control_is_not_named_alone(self):
        control = self.whole / "out/base/replicate-0/random-reinit-0"
        self.check_refused(run("compare", control, self.whole / "out/late"), "control", "out/base")

    def test_missing_levels_are_told(self):
        copy = self.folder / "copy"
        shutil.copytree(self.whole / "out/base", copy)
        (copy / "replicate-3/level-003.h5").unlink()
        fewer = run("compare", copy)
        self.assertEqual(fewer.returncode, 0, fewer.stderr)
        self.assertIn("] (3)", fewer.stdout)

    def test_a_replicate_that_has_not_begun_is_left_out(self):
        copy = self.folder / "copy"
        shutil.copytree(self.whole / "out/base", copy)
        for level in copy.glob("replicate-3/level-*.h5"):
            level.unlink()
        self.assertIn("Means of 3 seeds", run("compare", copy).stdout)
        for level in copy.glob("replicate-*/level-*.h5"):
            level.unlink()
        self.check_refused(run("compare", copy), "has not trained its dense network yet", status=3)

    def test_copies_for_the_landscape_are_no_variants(self):
        copy = self.folder / "copy"
        shutil.copytree(self.whole / "out/base", copy)
        measured = run("landscape", copy / "replicate-0", "--what", "instability", "--levels", "1", "--points", "3")
        self.assertEqual(measured.returncode, 0, measured.stderr)
        self.assertTrue((copy / "replicate-0/copy-1/level-001.h5").exists())
        self.assertEqual(run("compare", copy).stdout.replace("copy", "base"), run("compare", self.whole / "out/base").stdout)

    def test_plot(self):
        figure = self.folder / "comparison.png"
        script = pathlib.Path(__file__).resolve().parents[2] / "scripts/plot_comparison.py"
        drawn = subprocess.run([sys.executable, "-B", script, "-", "-o", figure, "--svg"], input=json.dumps(self.json),
                               capture_output=True, text=True)
        self.assertEqual((drawn.returncode, drawn.stderr), (0, ""))
        self.assertEqual(figure.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertIn("late/random-mask", figure.with_suffix(".svg").read_text())
        wrong = subprocess.run([sys.executable, "-B", script, "-", "-o", figure], input="{}", capture_output=True, text=True)
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("ltlab compare --format json", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
