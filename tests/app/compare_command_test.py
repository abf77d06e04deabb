"""End-to-end tests of `ltlab compare`: usage: compare_command_test.py LTLAB"""

import csv
import io
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np
from scipy import stats

LTLAB = os.path.abspath(sys.argv.pop(1))

BASE = """
data = embedded
embedded-train = 1200
embedded-test = 300
validation = 200
model = mlp:784-20-10
steps = 60
batch = 20
validate-every = 20
levels = 3
rate = 0.5
replicates = 4
kernel = sparse
"""
FILE = BASE + """
control = random-reinit,random-mask
variant.global.scope = global
variant.global.output-rate = 0.5
variant.late.rewind = 20
"""


def run(*arguments):
    return subprocess.run([LTLAB, *map(str, arguments)], capture_output=True, text=True)


def modification_times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}


def holm(p_values):
    """By statsmodels' recipe: running maximum of (m - i) p(i), at most 1."""
    order = np.argsort(p_values)
    scaled = np.maximum.accumulate((len(p_values) - np.arange(len(p_values))) * np.asarray(p_values)[order])
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(scaled, 1)
    return corrected


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="methods.cfg"):
        path = self.folder / name
        path.write_text(text)
        return path

    def check_refused(self, result, *words, status=2):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr)


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
        alone = self.write(BASE + "scope = global\noutput-rate = 0.5\n")
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
            self.assertIsNone(result["against_base"]["p_holm"])

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

    def test_differences_agree_with_scipy(self):
        p_values, corrected = [], []
        for (own, base), result in self.pairs():
            test = result["against_base"]
            self.assertAlmostEqual(test["mean_difference"], np.mean(own - base), delta=1e-14)
            if not np.any(own - base):
                self.assertIsNone(test["p_uncorrected"])
                continue
            self.assertEqual(test["pairs"], 4)
            expected = stats.ttest_rel(own, base)
            self.assertAlmostEqual(test["t"], expected.statistic, places=9)
            self.assertAlmostEqual(test["p_uncorrected"], expected.pvalue, places=11)
            effect = np.mean(own - base) / np.std(own - base, ddof=1)
            self.assertAlmostEqual(test["cohen_d"], effect, places=9)
            # Three degrees of freedom: sqrt(2 / 3) gamma(3 / 2) / gamma(1) = 0.7236.
            self.assertAlmostEqual(test["hedges_g"], effect * 0.7236012545582676, places=9)
            magnitudes = np.abs(own - base).round(12)
            if magnitudes.all() and len(set(magnitudes)) == 4:  # scipy is exact only without ties and zeros
                self.assertAlmostEqual(test["signed_rank_p"], stats.wilcoxon((own - base).round(12)).pvalue, places=11)
            p_values.append(test["p_uncorrected"])
            corrected.append(test["p_holm"])
        self.assertGreater(len(p_values), 10)
        np.testing.assert_allclose(corrected, holm(p_values), rtol=1e-12)

    def test_equivalence_with_dense_agrees_with_scipy(self):
        p_values, corrected, one_sided, one_sided_corrected = [], [], [], []
        for variant in self.variants.values():
            dense = np.array(list(variant["results"][0]["test_accuracy"]["values_by_seed"].values()))
            self.assertIsNone(variant["results"][0]["with_dense"])
            for result in variant["results"][1:]:
                difference = np.array(list(result["test_accuracy"]["values_by_seed"].values())) - dense
                not_below = stats.ttest_1samp(difference, -0.005, alternative="greater").pvalue
                not_above = stats.ttest_1samp(difference, 0.005, alternative="less").pvalue
                self.assertAlmostEqual(result["with_dense"]["p_not_below"], not_below, places=11)
                self.assertAlmostEqual(result["with_dense"]["p_not_above"], not_above, places=11)
                p_values.append(max(not_below, not_above))
                corrected.append(result["with_dense"]["p_holm"])
                one_sided.append(not_below)
                one_sided_corrected.append(result["with_dense"]["p_not_below_holm"])
        np.testing.assert_allclose(corrected, holm(p_values), rtol=1e-9)
        np.testing.assert_allclose(one_sided_corrected, holm(one_sided), rtol=1e-9)

    def test_equivalence_with_base_agrees_with_scipy(self):
        p_values, corrected = [], []
        for (own, base), result in self.pairs():
            test = result["equivalence_with_base"]
            if not np.any(own - base):
                self.assertIsNone(test)
                continue
            not_below = stats.ttest_rel(own + 0.005, base, alternative="greater").pvalue
            not_above = stats.ttest_rel(own - 0.005, base, alternative="less").pvalue
            self.assertAlmostEqual(test["p_uncorrected"], max(not_below, not_above), places=11)
            p_values.append(test["p_uncorrected"])
            corrected.append(test["p_holm"])
        np.testing.assert_allclose(corrected, holm(p_values), rtol=1e-9)

    def test_intervals_agree_with_numpy_and_scipy(self):
        for variant in self.variants.values():
            for result in variant["results"]:
                for figure in ("test_accuracy", "early_stop_test_accuracy", "early_stop_step"):
                    values = list(result[figure]["values_by_seed"].values())
                    self.assertAlmostEqual(result[figure]["mean"], np.mean(values), places=11)
                    self.assertAlmostEqual(result[figure]["standard_deviation"], np.std(values, ddof=1), places=11)
                    student = stats.t.ppf(0.975, 3) * stats.sem(values)
                    self.assertAlmostEqual(result[figure]["student_half_width_95"], student, places=9)
                    means = [np.mean(sample) for sample in itertools.product(values, repeat=4)]
                    np.testing.assert_allclose(result[figure]["bootstrap_interval_95"], np.percentile(means, [2.5, 97.5]), rtol=1e-12)

    def test_areas_and_front_agree_with_numpy(self):
        points = []
        for variant in self.variants.values():
            results = variant["results"]
            x = -np.log([result["density"] for result in results])
            if abs(results[-1]["density"] - self.json["area_down_to_density"]) < 1e-12:
                for seed, area in variant["area_under_curve"]["values_by_seed"].items():
                    y = [result["test_accuracy"]["values_by_seed"][seed] for result in results]
                    self.assertAlmostEqual(area, np.trapz(y, x) / x[-1], places=11)
            points += [(result["flops"], result["test_accuracy"]["mean"], result["on_pareto_front"]) for result in results]
        self.assertAlmostEqual(self.json["area_down_to_density"],
                               max(variant["results"][-1]["density"] for variant in self.variants.values()))
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
        interval = r"\d\d\.\d\d \[\d\d\.\d\d, \d\d\.\d\d\]"
        self.assertRegex(terminal.stdout, rf"\nlate +({interval} +){{4}}")  # of more variants than densities a row each
        self.assertRegex(run("compare", self.runs()[0]).stdout, rf"\n100\.00 %(  +{interval}){{3}}\n")
        self.assertIn("Pareto front", terminal.stdout)
        markdown = run("compare", *self.runs(), "--format", "markdown").stdout
        self.assertIn("| variant | required % |", markdown)
        tables = [block.splitlines() for block in markdown.split("\n\n") if block.startswith("|")]
        self.assertEqual(len(tables), 7)
        for table in tables:
            self.assertEqual(len({line.count("|") for line in table}), 1, table)
        latex = run("compare", *self.runs(), "--format", "latex").stdout
        self.assertEqual(latex.count("\\begin{tabular}"), 7)
        self.assertNotRegex(latex, r"(?m)^[^%].*(?<!\\)%")
        self.assertIn("booktabs", latex)
        table = list(csv.DictReader(io.StringIO(run("compare", *self.runs(), "--format", "csv").stdout)))
        self.assertEqual(len(table), 9 * 4)
        for row, result in zip(table, (r for variant in self.variants.values() for r in variant["results"])):
            self.assertEqual(float(row["test_accuracy_mean"]), result["test_accuracy"]["mean"])
            self.assertEqual(row["equivalence_p_uncorrected"] == "", result["with_dense"] is None)

    def test_chosen_densities(self):
        few = json.loads(run("compare", *self.runs(), "--densities", "0.25", "--format", "json").stdout)
        for variant in few["variants"]:
            all_results = self.variants[variant["name"]]["results"]
            self.assertEqual([r["density"] for r in variant["results"]], [all_results[0]["density"], all_results[2]["density"]])
            self.assertEqual(variant["results"][1]["relative_flops"], all_results[2]["relative_flops"])
        self.check_refused(run("compare", *self.runs(), "--densities", "0.3"), "no", "density 0.3")
        self.check_refused(run("compare", *self.runs(), "--densities", "0.2,0.3"), "--densities", "fall")

    def test_margin_and_tolerance(self):
        wide = json.loads(run("compare", *self.runs(), "--margin", "0.5", "--format", "json").stdout)
        self.assertIsNotNone(wide["variants"][0]["sparsest_equivalent_density"])
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


class Running(CompareTest):
    def test_what_is_partial_is_gone_on_with(self):
        few = self.write(BASE.replace("levels = 3", "levels = 1") + "variant.late.rewind = 20\n", "few.cfg")
        more = self.write(BASE.replace("levels = 3", "levels = 2") + "variant.late.rewind = 20\n", "more.cfg")
        out = self.folder / "out"
        self.assertEqual(run("compare", "--config", few, "--out", out).returncode, 0)
        before = modification_times(out)
        done = run("compare", "--config", more, "--out", out, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([len(variant["results"]) for variant in json.loads(done.stdout)["variants"]], [3, 3])
        after = modification_times(out)
        for path in before:
            if path.name.startswith("level-"):
                self.assertEqual(before[path], after[path], path)
        self.assertEqual(done.stderr.count("loading data"), 1)

    def test_interrupted_it_goes_on_with_the_same_command(self):
        text = BASE.replace("steps = 60", "steps = 4000").replace("levels = 3", "levels = 1").replace("replicates = 4", "replicates = 2")
        command = ["compare", "--config", self.write(text + "variant.late.rewind = 20\n"), "--out", self.folder / "out"]
        process = subprocess.Popen([LTLAB, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not list(self.folder.glob("out/late/replicate-*/run.h5")) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("the same command goes on", errors)
        again = run(*command)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotIn("variant 'base'", again.stderr)

    def test_pruning_methods_and_what_their_networks_cost(self):
        text = BASE.replace("levels = 3", "levels = 2").replace("replicates = 4", "replicates = 2")
        methods = {"once": "one-shot", "before": "before-training", "gradual": "during-training", "set": "set", "rigl": "rigl"}
        lines = "".join(f"variant.{name}.prune = {time}\n" for name, time in methods.items())
        lines += "".join(f"variant.{name}.prune-every = 10\n" for name in ("gradual", "set", "rigl"))
        out = self.folder / "out"
        done = run("compare", "--config", self.write(text + lines), "--out", out, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("is that of"), 5 * 2)
        for variant in json.loads(done.stdout)["variants"]:
            own = []
            for level in range(3):
                with h5py.File(out / variant["name"] / f"replicate-0/level-{level:03}.h5") as file:
                    own.append(file.attrs["flops"])
            before = {"base": own[0] + own[1], "once": own[0]}.get(variant["name"], 0)
            self.assertAlmostEqual(variant["results"][2]["relative_flops"], (before + own[2]) / own[0], places=2)
            self.assertEqual([result["compared_at_density"] for result in variant["results"]][0], 1)
            self.assertEqual(len(variant["results"]), 3)
            self.assertEqual(run("verify", out / variant["name"]).returncode, 0)

    def test_a_base_may_be_a_preset_whose_control_a_variant_leaves_out(self):
        few = "".join(line for line in BASE.splitlines(True) if not line.startswith(("data", "rate", "replicates", "kernel")))
        text = "preset = quick\nreplicates = 2" + few + "variant.late.rewind = 20\nvariant.late.control = none\n"
        text += "variant.late.preset = lenet-mnist\nvariant.late.data = embedded\n"
        out = self.folder / "out"
        done = run("compare", "--config", self.write(text), "--out", out, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        variants = {variant["name"]: variant for variant in json.loads(done.stdout)["variants"]}
        self.assertEqual(list(variants), ["base", "base/random-reinit", "late"])
        # Of the preset's rates, 0.4 and 0.2, and of the other's, 0.2 and 0.1.
        for name, rate in (("base", 0.4), ("late", 0.2)):
            left = (15680 * (1 - rate) + 200 * (1 - rate / 2)) / 15880
            self.assertAlmostEqual(variants[name]["results"][1]["density"], left, places=4)

    def test_an_equal_budget_of_flops(self):
        text = BASE.replace("levels = 3", "levels = 2").replace("replicates = 4", "replicates = 2") + "budget = flops\n"
        text += "control = random-mask\nvariant.before.prune = before-training\nvariant.before.score = snip\n"
        text += "variant.before.score-images = 10\n"
        text += "variant.late.rewind = 20\nvariant.gradual.prune = during-training\nvariant.set.prune = set\n"
        text += "variant.gradual.prune-every = 2\nvariant.set.prune-every = 20\n"
        out = self.folder / "out"
        command = ["compare", "--config", self.write(text), "--out", out]
        done = run(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("at an equal budget of FLOPs: mlp:784-20-10", done.stdout)
        self.assertIn("60 steps of 20 images where dense, and elsewhere as many as cost the same", done.stdout)
        for name in ("base", "before", "late", "gradual", "set"):
            for path in sorted(out.glob(f"{name}/replicate-0/**/level-00[12].h5")):
                with h5py.File(path) as level, h5py.File(out / "base/replicate-0/level-000.h5") as dense:
                    before = dense.attrs["flops"] * level.attrs["first_step"] / 60
                    self.assertAlmostEqual((before + level.attrs["flops"]) / dense.attrs["flops"], 1, delta=0.03, msg=path)
                    self.assertGreater(level.attrs["steps"], 70)
            self.assertEqual(run("verify", out / name).returncode, 0)
        self.check_refused(run("compare", "--config", self.write(text + "variant.gradual.scope = global\n"), "--out", out),
                           "variant 'gradual'", "--budget flops must know")

    def test_one_replicate_makes_no_claims(self):
        text = BASE.replace("replicates = 4", "replicates = 1") + "variant.late.rewind = 20\n"
        done = run("compare", "--config", self.write(text), "--out", self.folder / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("One seed: no intervals and no tests", done.stdout)
        self.assertNotIn("[", done.stdout)
        self.assertNotIn("  p ", done.stdout)
        self.assertNotIn("Difference", done.stdout)

    def test_a_layer_collapse_is_told(self):
        out = self.folder / "cut"
        result = run("search", "--data", "embedded", "--embedded-train", 600, "--embedded-test", 100, "--validation", 100, "--batch",
                     20, "--steps", 20, "--kernel", "sparse", "--model", "mlp:784-30-30-10", "--rate", 0.9, "--levels", 3,
                     "--scope", "global", "--out", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        words = "Layer collapse in 'cut' from level 2 on: pruning left no weight of fc1.weight, so no path leads"
        self.assertIn(f"\n{words}", run("compare", f"cut={out}", f"again={out}").stdout)
        told = json.loads(run("compare", f"cut={out}", f"again={out}", "--format", "json").stdout)["layer_collapse"]
        self.assertEqual([text[:len(words)] for text in told][:1], [words])
        self.assertEqual(len(told), 2)

    def test_other_models_are_refused_unless_allowed(self):
        for name, model in (("a", "mlp:784-20-10"), ("b", "mlp:784-10-10")):
            config = self.write(BASE.replace("mlp:784-20-10", model).replace("levels = 3", "levels = 1"))
            self.assertEqual(run("search", "--config", config, "--out", self.folder / name).returncode, 0)
        runs = [self.folder / "a", self.folder / "b"]
        self.check_refused(run("compare", *runs), "model: mlp:784-20-10 in 'a', mlp:784-10-10 in 'b'", "--allow-different")
        allowed = run("compare", *runs, "--allow-different")
        self.assertEqual(allowed.returncode, 0, allowed.stderr)
        self.assertIn("differ in more than how they prune", allowed.stdout)


class Refused(CompareTest):
    def compare(self, text, *arguments):
        return run("compare", "--config", self.write(text), "--out", self.folder / "out", *arguments)

    def test_wrong_files(self):
        for lines, words in (
                ("variant.a.shcedule = cosine", ["variant 'a'", "unknown option 'shcedule' (did you mean 'schedule'?)"]),
                ("variant.a.rate = 2", ["variant 'a'", "--rate"]),
                ("variant.a.seed = 2", ["base's seeds"]),
                ("variant.a.replicates = 2", ["base's seeds"]),
                ("variant.base.rate = 0.1", ["variant.base.rate", "not 'base'"]),
                ("variant.a/b.rate = 0.1", ["letters"]),
                ("variant.rate = 0.1", ["variant.NAME.option"]),
                ("variant.a.rate = 0.1\nvariant.a.rate = 0.2", ["set twice"]),
                ("variant.a.steps = 70", ["'a' differs from the base in steps", "--allow-different"]),
                ("variant.a.model = mlp:784-10-10", ["in model"]),
                ("variant.a.budget = flops", ["'a' differs from the base in budget"]),
                ("variant.a.level-steps = 30", ["in level-steps"]),
                ("variant.a.preset = qiuck", ["variant 'a'", "unknown preset 'qiuck' (did you mean 'quick'"]),
                ("variant.a.momentum = 0.9", ["variant 'a'", "--momentum is for --optimizer sgd"]),
                ("wrong", ["methods.cfg", "wrong"]),
                ("", ["no variant"])):
            self.check_refused(self.compare(BASE + lines), "methods.cfg", *words)
            self.assertFalse((self.folder / "out").exists())

    def test_wrong_words(self):
        self.check_refused(run("compare"), "name runs, or a file by --config")
        self.check_refused(run("compare", self.folder / "none"), "holds no run")
        self.check_refused(run("compare", f"={self.folder}"), "gives the run no name")
        self.check_refused(run("compare", "a", "--config", "b"), "not both")
        self.check_refused(run("compare", "a", "--workers", "2"), "--workers is for --config")
        self.check_refused(run("compare", "a", "--format", "html"), "unknown format 'html'")
        self.check_refused(run("compare", "--config", self.folder / "none.cfg"), "cannot read config file")

    def test_help(self):
        self.assertIn("usage: ltlab compare", run("compare", "--help").stdout)
        self.assertIn("compare", run("--help").stdout)


if __name__ == "__main__":
    unittest.main()
