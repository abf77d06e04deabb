"""End-to-end tests of `ltlab study` and `ltlab power`: usage: study_command_test.py LTLAB"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
from scipy import stats

from small_comparison import BASE, CompareTest, modification_times, run

STUDY = BASE + """
question = Do tickets beat their controls?
source = a paper
control = random-mask
variant.snip.prune = before-training
variant.snip.score = snip
variant.snip.score-images = 20
variant.snip.control = none
claim.better = test-accuracy of base at 0.5,0.25 above base/random-mask
claim.by-much = difference of test-accuracy of base at 0.25 to base/random-mask above 90 points
claim.as-good = test-accuracy of snip at 0.25 as good as base within 20 points, unlike base/random-mask
claim.ratio = ratio of test-accuracy of base at 0.25 to base/random-mask is 1.5 within 1
quote.ratio = 1.5, table 1
family.order = better,by-much
"""


class Finished(CompareTest):
    """A study that has run; tests that change it take a copy."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.whole = pathlib.Path(holder.name)
        cls.file, cls.out = cls.whole / "small.cfg", cls.whole / "out"
        cls.file.write_text(STUDY)
        plan = run("study", cls.file, "--out", cls.out, "--plan")
        assert plan.returncode == 0 and not cls.out.exists(), plan.stderr
        cls.plan = plan.stdout
        cls.first = run("study", cls.file, "--out", cls.out)
        assert cls.first.returncode == 0, cls.first.stderr
        cls.json = json.loads((cls.out / "verdicts.json").read_text())
        cls.claims = {claim["name"]: claim for claim in cls.json["claims"]}

    def copy(self):
        """The study's file and folder, to be changed."""
        subprocess.run(["cp", "-a", self.whole, self.folder / "copy"], check=True)
        return self.folder / "copy/small.cfg", self.folder / "copy/out"

    def accuracies(self, folder, level):
        return np.array([h5py.File(self.out / folder.format(seed) / f"level-{level:03}.h5").attrs["test_accuracy"] for seed in range(4)])

    def test_the_plan_counts_what_it_takes(self):
        # Four replicates of base (dense, three tickets, three controls) and of snip (dense and three levels).
        self.assertIn("Plan: 44 trainings, of which 0 are recorded", self.plan)
        self.assertIn("nothing is recorded", self.plan)

    def test_effects_agree_with_scipy(self):
        tests = self.claims["better"]["tests"]
        self.assertEqual(len(tests), 2)
        for test, level in zip(tests, (1, 2)):
            own, other = self.accuracies("base/replicate-{}", level), self.accuracies("base/replicate-{}/random-mask-0", level)
            self.assertTrue(test["paired"])
            self.assertAlmostEqual(test["effect"], np.mean(own - other), places=12)
            np.testing.assert_allclose(test["interval_95"], stats.t.interval(0.95, 3, np.mean(own - other), stats.sem(own - other)), rtol=1e-9)
            self.assertAlmostEqual(test["p_supported"], min(1, 2 * stats.ttest_rel(own, other, alternative="greater").pvalue), places=10)
        self.assertAlmostEqual(self.claims["better"]["p_supported"], max(test["p_supported"] for test in tests), places=15)
        self.assertAlmostEqual(self.claims["better"]["p_supported_of_family"],
                               min(1, 2 * self.claims["better"]["p_supported"]), places=12)
        self.assertEqual(self.claims["by-much"]["decision"], "refuted")
        ratio = self.claims["ratio"]
        own, other = self.accuracies("base/replicate-{}", 2), self.accuracies("base/replicate-{}/random-mask-0", 2)
        self.assertAlmostEqual(ratio["tests"][0]["effect"], np.mean(own) / np.mean(other), places=12)
        low, high = ratio["tests"][0]["interval_95"]
        for bound in (low, high):  # by Fieller: the ratio that the t test just does not reject
            self.assertAlmostEqual(stats.ttest_1samp(own - bound * other, 0).pvalue, 0.05, places=6)
        self.assertEqual(ratio["printed"]["within_interval"], low <= 1.5 <= high)

    def test_what_is_written(self):
        page = (self.out / "verdicts.md").read_text()
        for word in ("Do tickets beat their controls?", "Source: a paper", "Registered ", "| better |", "table 1", "**refuted**"):
            self.assertIn(word, page)
        self.assertNotIn("when results existed", page)
        self.assertEqual({claim["made"] for claim in self.claims.values()}, {"beforehand"})
        self.assertIn("Claims: 4, of which", self.first.stdout)
        registration = json.loads((self.out / "registration.json").read_text())
        self.assertEqual([entry["text"] for entry in registration["entries"]], [STUDY])
        self.assertIn(registration["entries"][0]["digest"], page)

    def test_again_it_runs_nothing(self):
        before = modification_times(self.out)
        again = run("study", self.file, "--out", self.out, "--json")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(modification_times(self.out), before)
        self.assertEqual(json.loads(again.stdout), self.json)

    def test_a_claim_that_is_changed_after_results_is_told_for_ever(self):
        file, out = self.copy()
        changed = STUDY.replace("above 90 points", "above 1 points") + "claim.late = test-accuracy of base at 0.25 above 0.1\n"
        for text in (changed, STUDY):  # and back
            file.write_text(text)
            self.assertEqual(run("study", file, "--out", out).returncode, 0)
        claims = {claim["name"]: claim["made"] for claim in json.loads((out / "verdicts.json").read_text())["claims"]}
        self.assertEqual(claims["by-much"], "changed when results existed")
        self.assertEqual(claims["better"], "beforehand")
        page = (out / "verdicts.md").read_text()
        self.assertIn("`claim.late` was withdrawn when results existed", page)
        self.assertIn("and 2 times again", page)

    def test_a_registration_that_was_tampered_with_is_caught(self):
        file, out = self.copy()
        path = out / "registration.json"
        text = path.read_text()
        path.write_text(text.replace("above 90 points", "above 10 points"))
        self.check_refused(run("study", file, "--out", out), "registration.json", "entry 0 was changed", status=3)
        path.unlink()  # a new one is younger than the results
        self.assertEqual(run("study", file, "--out", out).returncode, 0)
        claims = json.loads((out / "verdicts.json").read_text())["claims"]
        self.assertEqual({claim["made"] for claim in claims}, {"made when results existed"})

    def test_exclusions_and_deviations_are_told(self):
        file, out = self.copy()
        file.write_text(STUDY + "exclude.2 = its machine overheated\ndeviation.steps = 60 steps, not 50,000\n")
        self.assertEqual(run("study", file, "--out", out).returncode, 0)
        page = (out / "verdicts.md").read_text()
        self.assertIn("seed 2: its machine overheated (stated when results existed)", page)
        self.assertIn("60 steps, not 50,000 (stated when results existed)", page)
        self.assertEqual(json.loads((out / "verdicts.json").read_text())["claims"][0]["tests"][0]["n"], 3)

    def test_a_package_is_replicated(self):
        package, fresh = self.out / "replication.json", self.folder / "fresh"
        done = run("study", "--replicate", package, "--out", fresh)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("44 of 44 networks have the same masks and weights, to the bit.", done.stdout)
        self.assertIn("4 of 4 claims have the same verdict.", done.stdout)
        forged = json.loads(package.read_text())
        forged["networks"][5]["figures"]["test_accuracy"] += 0.01
        forged["decisions"]["by-much"] = "supported"
        path = self.folder / "forged.json"
        path.write_text(json.dumps(forged))
        caught = run("study", "--replicate", path, "--out", fresh)
        self.assertEqual(caught.returncode, 3)
        self.assertIn("Beyond the tolerance: base, ", caught.stdout)
        self.assertIn("Another verdict: by-much: supported in the package, refuted now.", caught.stdout)
        self.assertIn("was not replicated", caught.stdout)
        self.assertIn("at most 0.0100 apart", run("study", "--replicate", path, "--out", fresh, "--tolerance", "0.02").stdout)
        path.write_text("{}")
        self.check_refused(run("study", "--replicate", path, "--out", self.folder / "x"), "no replication package", status=3)

    def test_power_of_a_pilot(self):
        done = run("power", self.file, "--pilot", self.out, "--seeds", 8)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = {line.split()[0]: line for line in done.stdout.splitlines() if line and line.split()[0] in self.claims}
        own, other = self.accuracies("base/replicate-{}", 1), self.accuracies("base/replicate-{}/random-mask-0", 1)
        effect, deviation = np.mean(own - other), np.std(own - other, ddof=1)
        self.assertIn(f"{100 * effect:.2f} points", rows["better"])
        self.assertIn(f"{100 * deviation:.2f} points (pairs)", rows["better"])
        t = stats.t.ppf(0.975, 7)
        power = stats.nct.sf(t, 7, effect / deviation * 8 ** 0.5) + stats.nct.cdf(-t, 7, effect / deviation * 8 ** 0.5)
        self.assertIn(f"  {power:.2f}  ", rows["better"])
        self.check_refused(run("power", self.file, "--seeds", 1), "--seeds")
        self.assertIn("nothing is recorded", run("power", self.file, "--pilot", self.folder).stdout)

    def test_plot_and_report(self):
        script = pathlib.Path(__file__).resolve().parents[2] / "scripts/plot_study.py"
        figure = self.folder / "study.png"
        drawn = subprocess.run([sys.executable, "-B", script, self.out / "verdicts.json", "-o", figure, "--svg"], capture_output=True, text=True)
        self.assertEqual((drawn.returncode, drawn.stderr), (0, ""))
        self.assertIn("by-much", figure.with_suffix(".svg").read_text())
        page = self.folder / "report.html"
        self.assertEqual(run("report", self.out, "-o", page).returncode, 0)
        data = json.loads(page.read_text().split('id="data">')[1].split("</script>")[0])
        self.assertEqual(data["studies"], [self.json])
        self.assertEqual([one["name"] for one in data["runs"]], ["base", "snip"])

    def test_it_can_be_compared(self):
        compared = run("compare", "--config", self.file, "--out", self.out, "--table", "accuracy")
        self.assertEqual((compared.returncode, compared.stderr), (0, ""))
        self.assertIn("snip", compared.stdout)


class Running(CompareTest):
    def test_looks_end_a_study_when_all_is_decided(self):
        text = BASE.replace("replicates = 4\n", "").replace("levels = 3", "levels = 1") + "control = random-mask\nlooks = 2,4\n"
        sure = "claim.high = test-accuracy of base at 0.5 above 0\nclaim.low = test-accuracy of base at 0.5 below 2\n"
        out = self.folder / "out"
        done = run("study", self.write(text + sure), "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual([look["seeds"] for look in found["looks"]], [2, 4])
        self.assertLess(found["looks"][0]["alpha"], 0.01)
        seeds = len(list(out.glob("base/replicate-*")))
        self.assertEqual(found["seeds"], seeds)
        unsure = self.folder / "unsure"
        command = ("study", self.write(text + "claim.a = test-accuracy of base at 1 above base/random-mask at 1\n"), "--out", unsure, "--json")
        done = run(*command)
        self.assertEqual(json.loads(done.stdout)["seeds"], 4)
        self.assertEqual(len(list(unsure.glob("base/replicate-*"))), 4)
        # Run again, whole or interrupted in its second look, it finds the same.
        before = modification_times(unsure)
        again = run(*command)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(again.stdout, done.stdout)
        for path, time in before.items():
            self.assertEqual(path.stat().st_mtime_ns, time)
        (unsure / "base/replicate-3/random-mask-0/level-001.h5").unlink()
        mended = run(*command)
        self.assertEqual(mended.returncode, 0, mended.stderr)
        self.assertEqual(json.loads(mended.stdout)["claims"], json.loads(done.stdout)["claims"])

    def test_a_look_is_at_its_own_seeds(self):
        text = BASE.replace("replicates = 4\n", "").replace("levels = 3", "levels = 1") + "control = random-mask\nclaim.a = test-accuracy of base at 0.5 above 0\n"
        out = self.folder / "out"
        self.assertEqual(run("study", self.write(text + "replicates = 4\n"), "--out", out).returncode, 0)
        done = run("study", self.write(text + "looks = 3,4\n"), "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        accuracies = [h5py.File(out / f"base/replicate-{seed}/level-001.h5").attrs["test_accuracy"] for seed in range(3)]
        self.assertEqual(found["seeds"], 3)
        self.assertEqual(found["claims"][0]["tests"][0]["n"], 3)
        self.assertAlmostEqual(found["claims"][0]["tests"][0]["effect"], np.mean(accuracies), places=12)

    def test_a_grid_evaluates_claims_at_each_choice(self):
        text = BASE.replace("replicates = 4", "replicates = 2").replace("levels = 3", "levels = 1") + "control = random-mask\n"
        text += "grid.learning-rate = 0.001,0.003\ngrid.batch = 20,10\nclaim.a = test-accuracy of base at 0.5 above base/random-mask\n"
        text = text.replace("batch = 20\n", "", 1)
        out = self.folder / "out"
        done = run("study", self.write(text), "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        names = ["learning-rate-0.001_batch-20", "learning-rate-0.001_batch-10", "learning-rate-0.003_batch-20", "learning-rate-0.003_batch-10"]
        self.assertEqual([one["name"] for one in json.loads(done.stdout)["specifications"]], names)
        self.assertEqual(sorted(path.name for path in out.iterdir() if path.is_dir()), sorted(names))
        self.assertIn("## Specifications", (out / "verdicts.md").read_text())
        script = pathlib.Path(__file__).resolve().parents[2] / "scripts/plot_study.py"
        for claim, status in (("a", 0), ("b", 3)):
            drawn = subprocess.run([sys.executable, "-B", script, out / "verdicts.json", "-o", self.folder / "curve.svg",
                                    "--specifications", claim], capture_output=True, text=True)
            self.assertEqual(drawn.returncode, status, drawn.stderr)
        self.assertIn("no grid with a claim 'b'", drawn.stderr)
        self.assertIn("learning-rate-0.003, batch-10", (self.folder / "curve.svg").read_text())

    def test_crossed_seeds_share_the_spread_among_them(self):
        text = BASE.replace("replicates = 4\n", "").replace("levels = 3", "levels = 1") + "control = random-mask\n"
        text += "grid.seed-init = 1,2,3\ngrid.seed-order = 1,2\n"
        done = run("compare", "--config", self.write(text), "--out", self.folder / "out", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        dense = json.loads(done.stdout)["results"][0]
        self.assertEqual([one["factors"] for one in dense["components"]], ["seed-init", "seed-order", "seed-init x seed-order, and noise"])
        table = np.array([[h5py.File(self.folder / f"out/seed-init-{i}_seed-order-{o}/base/level-000.h5").attrs["test_accuracy"]
                           for o in (1, 2)] for i in (1, 2, 3)])
        rows, columns = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
        residual = ((table - rows - columns + table.mean()) ** 2).sum() / 2
        self.assertAlmostEqual(dense["components"][2]["variance"], residual, places=12)
        self.assertAlmostEqual(dense["components"][0]["variance"], (2 * rows.var(ddof=1) - residual) / 2, places=12)
        self.check_refused(run("compare", "--config", self.write(text.replace("grid.seed-order", "grid.batch").replace("batch = 20\n", "", 1)),
                               "--out", self.folder / "out"), "crosses seeds alone")

    def test_wrong_files(self):
        for line, words in (
                ("claim.a = test-accuracy of bse at 0.5 above base/random-mask", ["claim.a", "did you mean 'base'"]),
                ("claim.a = test-acc of base at 0.5 above 1", ["claim.a", "test-accuracy"]),
                ("claim.a = test-accuracy of base at 0.5 above 0\nquote.b = 1", ["quote.b", "unknown claim 'b'"]),
                ("claim.a = test-accuracy of base at 0.5 above 0\nfamily.f = a,a", ["family.f", "already"]),
                ("claim.a = test-accuracy of base at 0.5 above 0\nlooks = 4,2", ["looks", "rising"]),
                ("claim.a = test-accuracy of base at 0.5 above 0\nexclude.x = y", ["exclude.x", "whole number"]),
                ("", ["makes no claim"])):
            self.check_refused(run("study", self.write(BASE + "control = random-mask\n" + line), "--out", self.folder / "out"), *words)
            self.assertFalse((self.folder / "out").exists())
        self.check_refused(run("study"), "name one file")
        self.check_refused(run("study", "a", "b"), "name one file")
        self.check_refused(run("study", self.folder / "none.cfg"), "cannot read config file")
        missing = self.write(BASE + "control = random-mask\nclaim.a = test-accuracy of base at 0.9 above base/random-mask\n")
        self.check_refused(run("study", missing, "--out", self.folder / "late"), "claim 'a'", "no networks of density 0.9")


if __name__ == "__main__":
    unittest.main()
