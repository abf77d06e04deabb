"""End-to-end tests of how `ltlab compare` runs its searches: usage: compare_command_test.py LTLAB"""

import json
import signal
import subprocess
import time
import unittest

import h5py

from small_comparison import BASE, LTLAB, CompareTest, modification_times, run


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

    def test_all_networks_of_a_replicate_see_the_images_in_one_order(self):
        text = BASE.replace("levels = 3", "levels = 2").replace("replicates = 4", "replicates = 2") + "control = random-mask\n"
        text += "variant.late.rewind = 20\nvariant.set.prune = set\nvariant.set.prune-every = 10\n"
        text += "variant.none.retrain = none\nvariant.none.prune = one-shot\nvariant.none.control = none\n"
        command = ["compare", "--config", self.write(text), "--out", self.folder / "out"]
        done = run(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        for replicate in (0, 1):
            orders = set()
            for path in self.folder.glob(f"out/*/replicate-{replicate}/**/level-*.h5"):
                with h5py.File(path) as level:
                    orders.add(level.attrs["order_sha256"])
            self.assertEqual(len(orders), 1)

    def test_a_folder_that_was_run_in_new_orders_goes_on_with_them(self):
        text = BASE.replace("levels = 3", "levels = 1").replace("replicates = 4", "replicates = 1") + "variant.late.rewind = 20\n"
        out, new = self.folder / "out", "retrain-order = new\n"
        self.assertEqual(run("compare", "--config", self.write(text + new), "--out", out).returncode, 0)
        before = modification_times(out)
        self.check_refused(run("compare", "--config", self.write(text), "--out", out), "out/base'", "add the line retrain-order = new")
        self.assertEqual(run("compare", "--config", self.write(text + new), "--out", out).returncode, 0)
        self.assertEqual(modification_times(out), before)

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

    def test_settings_are_tuned_by_trials_of_another_seed(self):
        text = BASE.replace("levels = 3", "levels = 1").replace("replicates = 4", "replicates = 2")
        text += "tune.learning-rate = 0.00001,0.003\nvariant.once.prune = one-shot\nvariant.fixed.learning-rate = 0.001\n"
        text += "variant.once.tune.batch-norm = 1\n"
        out = self.folder / "out"
        self.check_refused(run("compare", "--config", self.write(text), "--out", out), "variant 'once'", "batch-norm")
        text = text.replace("tune.batch-norm = 1", "tune.weight-decay = 0,0.001")
        text += "variant.long.levels = 0\nvariant.long.dense-steps = 120\nvariant.long.tune.learning-rate = 0.003\n"
        done = run("compare", "--config", self.write(text), "--out", out, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        tuning = {tuned["variant"]: tuned for tuned in document["tuning"]}
        self.assertEqual(sorted(tuning), ["base", "once"])  # the others set the option themselves
        shared = [line for line in done.stderr.splitlines() if "is that of" in line]  # trials without weight decay
        self.assertEqual(sum("tuning/base/learning-rate" in line for line in shared), 2)
        self.assertEqual(len(tuning["once"]["trials"]), 4)
        self.assertEqual(tuning["base"]["chosen"], "learning-rate-0.003")
        self.assertEqual(tuning["base"]["at_end"], ["learning-rate"])
        self.assertEqual(tuning["once"]["at_end"], ["weight-decay", "learning-rate"])
        with h5py.File(out / "base/run.h5") as file:
            self.assertIn(b"learning-rate = 0.003", file.attrs["config"])
        seeds = set()
        for path in out.glob("tuning/base/*/run.h5"):
            with h5py.File(path) as file:
                seeds.add(int(file.attrs["seed"]))
        self.assertEqual(seeds, {2})  # no replicate's
        for name in tuning:  # by the validation images, as the trials' files tell
            accuracies = {}
            for path in out.glob(f"tuning/{name}/*/level-001.h5"):
                with h5py.File(path) as file:
                    accuracies[path.parent.name] = file.attrs["validation_accuracy"]
            self.assertEqual(accuracies[tuning[name]["chosen"]], max(accuracies.values()))
        results = {variant["name"]: variant["results"] for variant in document["variants"]}
        self.assertAlmostEqual(results["base"][0]["relative_flops"], 3)
        self.assertAlmostEqual(results["fixed"][0]["relative_flops"], 1)
        self.assertAlmostEqual(results["long"][0]["relative_flops"], 2)
        before = modification_times(out)
        self.assertIn("chosen", run("compare", "--config", self.write(text), "--out", out, "--table", "tuning").stdout)
        self.assertEqual(modification_times(out), before)
        for lines, expected in (("tune.seed = 1,2", "seeds are not chosen by their results"),
                                ("tune.rate = 0.2,0.3", "tries values of what is set"),
                                ("tune.learning-rate = 0.1", "set twice"),
                                ("variant.a.rate = 0.2\nvariant.a.tune.rate = 0.1,0.2", "tries values of what is set"),
                                ("variant.tuning.rate = 0.2", "give the variant another name"),
                                ("tune.beta1 = " + ",".join(map(str, range(200))), "from 1 to 256 choices")):
            self.check_refused(run("compare", "--config", self.write(text + lines + "\n"), "--out", out), expected)

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
                ("", ["nothing to compare the base with"])):
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
