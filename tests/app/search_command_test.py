"""End-to-end tests of `ltlab search`: usage: search_command_test.py LTLAB DATA_FOLDER [CLASS...]"""

import json
import os
import resource
import signal
import sys
import unittest

from small_search import HAS_MNIST, SearchTest, run, small, write_mnist


class Reports(SearchTest):
    def test_report_and_json(self):
        done = self.search("run", "--control", "random-reinit,random-mask", "--replicates", 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("early-stop step", "random-mask", "95 % confidence interval over 2 replicates", "12.87"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("\r", done.stderr)
        again = self.search("run", "--control", "random-reinit,random-mask", "--replicates", 2, "--resume", "--json")
        report = json.loads(again.stdout)
        self.assertEqual(len(report["levels"]), 4)
        self.assertEqual(set(report["levels"][3]["branches"]), {"ticket", "random-reinit", "random-mask"})
        verified = run("verify", self.folder / "run")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.assertEqual(verified.stdout.count("pruning recomputed"), 2 * 3)

    def test_a_single_replicate_claims_no_deviation(self):
        done = self.search("run", "--control", "random-mask")
        self.assertIn("One replicate: no confidence interval and no test", done.stdout)
        self.assertNotIn("p <", done.stdout)
        self.assertNotIn("Winning ticket", done.stdout)
        self.assertNotIn("±", done.stdout)
        report = json.loads(self.search("run", "--control", "random-mask", "--resume", "--json").stdout)
        verdict = report["verdict"]
        self.assertIsNone(verdict["dense_test_accuracy"]["standard_deviation"])
        self.assertEqual((verdict["criterion"], verdict["judged_by"]), ("not-worse", "validation accuracy"))
        self.assertIsNone(verdict["sparsest_matching_density_95"])
        self.assertFalse(verdict["is_winning_ticket"])
        self.assertIsNone(report["levels"][0]["branches"]["ticket"]["test_accuracy"]["half_width_95"])
        self.assertIn("random-mask", verdict["controls"])
        without = json.loads(self.search("without", "--levels", 1, "--steps", 20, "--json").stdout)
        self.assertNotIn("controls", without["verdict"])

    def test_the_cost_is_told_and_stored(self):
        import h5py

        arguments = ["--replicates", 2, "--control", "random-reinit", "--levels", 2, "--kernel", "sparse"]
        done = self.search("run", *arguments)
        self.assertRegex(done.stdout, r"\nCost: \d+:\d\d of training, summed over 10 trainings; .* % of the .* of dense training")
        cost = json.loads(self.search("run", *arguments, "--resume", "--json").stdout)["cost"]
        self.assertLess(cost["flops_ratio"], 1)
        self.assertAlmostEqual(cost["flops_ratio"], cost["flops"] / cost["dense_flops"])
        with h5py.File(self.folder / "run/run.h5") as collection, h5py.File(self.folder / "run/replicate-1/level-002.h5") as level:
            for name in ("wall_seconds", "flops", "dense_flops", "kernel_flops"):
                self.assertAlmostEqual(collection.attrs[name] / cost[name], 1)
            self.assertEqual(cost["dense_flops"], 10 * level.attrs["dense_flops"])
            self.assertGreaterEqual(collection.attrs["finished_utc"], level.attrs["finished_utc"])


class Networks(SearchTest):
    def test_kernels_are_explained(self):
        done = self.search("run", "--levels", 1, "--explain-kernels")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("Kernels of", "fc1.weight", "backward-weights", "sparse"):
            self.assertIn(words, done.stdout)
        report = json.loads(self.search("run", "--levels", 1, "--resume", "--explain-kernels", "--json").stdout)
        kernels = report["kernels"][1]["kernels"]
        self.assertEqual(len(kernels), 5)  # the first layer has no backward-data
        for kernel in kernels:
            faster = "dense" if kernel["dense_seconds"] <= kernel["sparse_seconds"] else "sparse"
            self.assertEqual(kernel["kernel"], faster)
        self.assertIsNone(report["kernels"][0]["kernels"][0]["dense_seconds"])

    def test_a_convolutional_network_is_searched(self):
        small_network = "conv 16 relu; conv 16; max-pool 2x2 relu; linear 32 relu; linear classes"
        arguments = ["--model", small_network, "--steps", 6, "--batch", 20, "--validate-every", 3, "--levels", 2,
                     "--embedded-train", 400, "--embedded-test", 100, "--validation", 100, "--rate", 0.8]
        done = self.search("run", *arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(json.loads(done.stdout)["levels"][2]["density"], 0.05)
        self.assertEqual(run("verify", self.folder / "run").returncode, 0)
        # Another process and kernel, other rounding: the same accuracies but for an image or two.
        again = self.search("again", *arguments, "--json", "--kernel", "sparse")
        for one, other in zip(json.loads(done.stdout)["levels"], json.loads(again.stdout)["levels"]):
            a, b = (level["branches"]["ticket"]["test_accuracy"]["mean"] for level in (one, other))
            self.assertAlmostEqual(a, b, delta=0.05)


class Options(SearchTest):
    def test_wrong_options(self):
        self.check_refused(run("search", "--replicate", 2), 2, "did you mean 'replicates'")
        self.check_refused(run("serch"), 2, "did you mean 'search'")
        self.check_refused(run("search", "--init", "glorot"), 2, "glorot-normal")
        for value in ("-5", "1e3", "", "x", 10 ** 18):
            self.check_refused(run("search", "--batch", value), 2, f"--batch takes a whole number of at most 18 digits, not '{value}'")
            self.check_refused(run("search", "--steps", value), 2, f"--steps: '{value}' is no number of steps: write 500")
        self.check_refused(run("search", "--milestones", "1ep,x", "--schedule", "step"), 2, "--milestones: 'x' is no number of steps")
        self.check_refused(run("search", "extra"), 2, "options begin with --")
        self.check_refused(run("search", "--rate"), 2, "--rate takes a value")
        self.check_refused(run("search", "--json=1"), 2, "--json takes no value")
        self.check_refused(run("search", "--rate", 1, "--rate", 2), 2, "--rate", "more than once")
        for option, value, *words in (("rate", "%value%", "--rate takes a number, not '%value%'"),
                                      ("nesterov", "%value%", "--nesterov takes yes or no, not '%value%'"),
                                      ("%canonical_option%", "", "unknown option '%canonical_option%'"),
                                      ("seed", "%option%", "--seed takes a whole number", "'%option%'")):
            self.check_refused(run("search", f"--{option}={value}"), 2, *words)
            (self.folder / "one.cfg").write_text(f"{option} = {value}\n")
            self.check_refused(run("search", "--config", self.folder / "one.cfg", "--out", self.folder / "a"), 2, *words)
            (self.folder / "one.cfg").unlink()
        self.check_refused(run("search", "--out", ""), 2, "--out names no folder")
        os.mkfifo(self.folder / "pipe")
        for file in (self.folder / "pipe", "/dev/zero", self.folder):
            self.check_refused(run("search", "--config", file, "--out", self.folder / "a"), 2, "cannot read config file", str(file))
            self.check_refused(run("search", "--model", file, "--out", self.folder / "a"), 2, f"unknown model '{file}'")
        (self.folder / "pipe").unlink()
        self.check_refused(run("search", "--control", ""), 2, "--control", "random-reinit")
        self.check_refused(run("search", "--data", f"h5:{self.folder}:/a,/b", "--out", self.folder / "a"), 5, "it is a folder")
        self.check_refused(run("search", "--rate", "1.5"), 2, "--rate")
        self.check_refused(run("search", "--kernel", "fast"), 2, "--kernel")
        self.check_refused(run("search", "--workers", 100000), 2, "--workers")
        self.check_refused(run("search", "--beta1", "1.5"), 2, "--beta1")
        self.check_refused(run("search", "--learning-rate", "inf"), 2, "--learning-rate")
        self.check_refused(run("search", "--control", "random-mask,random-mask"), 2, "--control")
        self.check_refused(run("search", "--config", "."), 2, "config file")
        self.check_refused(run("search", "--model", "mlp:10-x", "--out", self.folder / "a"), 2, "mlp")
        self.check_refused(self.search("b", "--model", "mlp:785-10"), 2, "mlp:784-")
        self.check_refused(run("search", "--resume", "--force"), 2, "--force")
        for option, most in (("--replicates", 1000), ("--trials", 1000), ("--batch", 65536),
                             ("--embedded-train", 1000000), ("--embedded-test", 1000000)):
            for value in (0, most + 1, 99999999999):
                control = ["--control", "random-mask"] if option == "--trials" else []
                self.check_refused(run("search", option, value, *control, "--out", self.folder / "a"), 2,
                                   f"{option} must lie between 1 and {most}")
        self.check_refused(run("search", "--levels", 99999999999), 2, "--levels must be at most 10000")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_refused_search_leaves_nothing_behind(self):
        for arguments, status in ((["--model", "mlp:785-10"], 2), (["--validation", 1500], 2), (["--data", "h5:none.h5:/a,/b"], 5)):
            self.check_refused(self.search("new/run", *arguments), status)
            self.assertEqual(list(self.folder.iterdir()), [])
        (self.folder / "mine").mkdir()
        (self.folder / "mine/notes.txt").write_text("mine")
        for out in ("mine", "mine/run"):
            self.check_refused(self.search(out, "--model", "mlp:785-10"), 2)
        self.assertEqual([path.name for path in self.folder.rglob("*")], ["mine", "notes.txt"])
        self.assertEqual(self.search("done", "--levels", 1, "--steps", 20).returncode, 0)
        self.assertEqual({path.suffix for path in (self.folder / "done").iterdir()}, {".h5"})

    def test_a_search_that_runs_out_of_weights_says_so(self):
        few = ["--rate", 0.9, "--model", "mlp:784-2-10", "--steps", 10]
        done = self.search("run", *few, "--levels", 500)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"will end at level \d+, .*too few weights are left")
        self.assertNotIn("too few", self.search("whole", "--levels", 1, "--steps", 10).stderr)
        self.check_refused(run(), 2, "usage")
        usage = run("search", "--help")
        self.assertEqual(usage.returncode, 0)
        self.assertIn("N x CHANNELS x HEIGHT x WIDTH, labels", " ".join(usage.stdout.split()))

    def test_wrong_values_are_told_the_nearest_name(self):
        for option, wrong, nearest, others in (
                ("optimizer", "adma", "adam", "there are sgd, adam, adamw"),
                ("schedule", "cosin", "cosine", "there are constant, step, cosine"),
                ("scope", "layerwize", "layerwise", "there are layerwise, global"),
                ("kernel", "spars", "sparse", "there are auto, dense, sparse"),
                ("data", "fashion-mist", "fashion-mnist", "there are embedded, mnist, fashion-mnist, cifar10, h5:FILE"),
                ("model", "lenet-300-10", "lenet-300-100", "there are lenet-300-100, lenet-5"),
                ("model", "mpl:784-10", "mlp:INPUTS", "there are lenet-300-100, lenet-5"),
                ("init", "glorot-unifrom", "glorot-uniform", "kaiming-normal"),
                ("augment", "crop-flop", "crop-flip", "there are none, crop-flip"),
                ("retrain", "weight", "weights", "there are weights, learning-rate, fine-tune"),
                ("retrain-order", "orginal", "original", "there are new, original"),
                ("pretrain-labels", "randm", "random", "there are true, random"),
                ("pretrain-data", "mnits", "mnist", "there are embedded, mnist"),
                ("control", "random-rinit", "random-reinit", "there are random-reinit, random-mask"),
                ("preset", "lenet-mnits", "lenet-mnist", "quick")):
            with self.subTest(option=option, wrong=wrong):
                self.check_refused(run("search", f"--{option}", wrong, "--out", self.folder / "run"), 2,
                                   f"--{option}: unknown ", f"'{wrong}' (did you mean '{nearest}", others)
                self.assertFalse((self.folder / "run").exists())

    def test_options_that_would_be_ignored_are_refused(self):
        for option, *others in (("--momentum", 0.9), ("--nesterov", "true"), ("--beta1", 0.9, "--optimizer", "sgd"),
                                ("--beta2", 0.9, "--optimizer", "sgd"), ("--epsilon", 0.1, "--optimizer", "sgd"),
                                ("--milestones", 5), ("--decay-factor", 0.5, "--schedule", "cosine"),
                                ("--embedded-train", 900, "--data", "mnist"), ("--embedded-test", 90, "--data", "mnist"),
                                ("--data-dir", "x"), ("--trials", 2), ("--pretrain-data", "mnist"), ("--pretrain-labels", "random")):
            with self.subTest(option=option):
                result = run("search", option, *others, "--out", self.folder / "run")
                self.check_refused(result, 2, f"{option} is for --", "leave it out")
        config = self.folder / "search.cfg"
        config.write_text("optimizer = sgd\nmomentum = 0.9\n")
        refused = run("search", "--config", config, "--trials", 2, "--out", self.folder / "run")
        self.check_refused(refused, 2, "--trials")
        config.write_text("momentum = 0.9\n")
        self.check_refused(run("search", "--config", config, "--out", self.folder / "run"), 2, "--momentum")

    def test_what_a_choice_leaves_without_meaning_is_no_fault_of_the_user(self):
        config = self.folder / "search.cfg"
        config.write_text("optimizer = sgd\nmomentum = 0.9\n")
        done = self.search("run", "--config", config, "--optimizer", "adam", "--levels", 1, "--control", "random-mask", "--trials", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        resumed = run("search", "--resume", "--out", self.folder / "run", "--json")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        config.write_text(json.loads(resumed.stdout)["config"])  # what a run tells of itself may be given back
        again = run("search", "--config", config, "--out", self.folder / "again")
        self.assertEqual(again.returncode, 0, again.stderr)
        # The preset's embedded-train and -test do not apply to other data.
        other = run("search", "--preset", "quick", "--data", "mnist", "--data-dir", "/nonexistent", "--out", self.folder / "b")
        self.check_refused(other, 5, "no mnist in /nonexistent")


class Methods(SearchTest):
    """Scores, granularities, scopes, controls, and tickets of other runs."""

    def test_what_earlier_versions_did_is_told_though_no_line_of_the_run_does(self):
        for number, (words, line) in enumerate((
                (["--prune", "set", "--prune-every", 5, "--set-drops", "magnitude"], "set-drops = magnitude\n"),
                (["--prune", "early-bird", "--prune-every", 2, "--settling", "consecutive"], "settling = consecutive\n"),
                (["--score", "large-final-diff-sign", "--wrong-sign", "negative"], "wrong-sign = negative\n"))):
            done = self.search(f"earlier-{number}", "--steps", 60, "--validate-every", 20, "--levels", 1, *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(line.encode(), (self.folder / f"earlier-{number}" / "run.h5").read_bytes())
            self.assertIn(line, self.config_given_back(f"earlier-{number}"))

    def config_given_back(self, folder):
        """The run's config as --json tells it, which a new search takes."""
        told = run("search", "--resume", "--out", self.folder / folder, "--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        config = self.folder / f"{folder}.cfg"
        config.write_text(json.loads(told.stdout)["config"])
        again = run("search", "--config", config, "--out", self.folder / f"{folder}-again", "--json")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(json.loads(again.stdout)["levels"], json.loads(told.stdout)["levels"])
        verified = run("verify", self.folder / folder)
        self.assertEqual(verified.returncode, 0, verified.stdout)
        return config.read_text()

    def test_methods_are_told_and_resumed(self):
        common = ["--steps", 60, "--validate-every", 20]
        self.assertEqual(self.search("erk", "--scope", "erk", "--score", "snip", "--score-images", 30, "--prune",
                                     "before-training", "--levels", 2, *common).returncode, 0)
        config = self.config_given_back("erk")
        self.assertIn("scope = erk\nscore = snip\nscore-images = 30\n", config)
        self.assertNotIn("output-rate", config)
        self.assertEqual(self.search("bird", "--prune", "early-bird", "--mask-distance", 0.3, "--prune-every", 5,
                                     "--levels", 2, "--level-steps", "80,1ep", *common).returncode, 0)
        self.assertIn("mask-distance = 0.3\n", self.config_given_back("bird"))
        arguments = [word for word in small(common) if word not in ("--levels", "3", "--rate", "0.5")]
        controls = "sign-only,supermask,inverted-mask,global-random-mask,shuffled-weights"
        done = run("search", *arguments, "--granularity", "2:4", "--layer-rate", "fc2=0", "--control", controls,
                   "--trials", 2, "--out", self.folder / "pattern", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        levels = json.loads(done.stdout)["levels"]
        self.assertEqual([round(level["density"], 4) for level in levels], [1, round((784 * 20 + 400) / 31760, 4)])
        self.assertEqual(set(levels[1]["branches"]), {"ticket", *controls.split(",")})
        self.config_given_back("pattern")
        for folder in ("erk", "erk/level-002.h5"):
            out = "from-" + folder.replace("/", "-")
            done = run("search", *arguments, "--from", self.folder / folder, "--seed", 5, "--out", self.folder / out)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"from = {self.folder / folder}\n", self.config_given_back(out))
        other = [word.replace("784-40", "784-30") for word in arguments]
        self.check_refused(run("search", *other, "--from", self.folder / "erk", "--out", self.folder / "other"), 2,
                           "fc1.weight", "30 x 784", "--model")

    def test_wrong_methods(self):
        for arguments, *words in (
                (["--score", "snap"], "did you mean 'snip'"), (["--granularity", "4:2"], "2:4"),
                (["--granularity", "2:4", "--densities", "0.5"], "--densities", "leave out"),
                (["--granularity", "2:4", "--rate", 0.5], "--rate", "leave it out"),
                (["--scope", "erk", "--output-rate", 0.5], "--output-rate", "leave it out"),
                (["--mask-distance", 0.2], "--prune", "early-bird", "leave it out"),
                (["--level-steps", "10,x"], "--level-steps", "'x'"),
                (["--retrain", "none", "--rewind", 5], "--rewind", "leave out"),
                (["--score-images", 50], "--score", "leave it out"), (["--layer-rate", "fc1"], "fc1=0.3"),
                (["--layer-rate", "fc9=0.1"], "--layer-rate", "fc9"), (["--from", "nowhere"], "nowhere"),
                (["--from", "nowhere", "--prune", "one-shot"], "--prune", "leave it out"),
                (["--control", "supermask", "--trials", 2], "--trials", "leave it out")):
            with self.subTest(arguments=arguments):
                self.check_refused(run("search", *arguments, "--out", self.folder / "run"), 2, *words)


class Phases(SearchTest):
    def test_published_data_for_pretraining_need_not_lie_beside_arrays(self):
        import h5py
        import numpy

        write_mnist(self.folder / "data/mnist")
        (self.folder / "own").mkdir()
        with h5py.File(self.folder / "own/arrays.h5", "w") as file:
            file["images"] = numpy.random.default_rng(1).integers(256, size=(120, 28, 28)).astype("u1")
            file["labels"] = numpy.arange(120) % 3

        def search(out, *arguments):
            return run("search", "--data", f"h5:{self.folder}/own/arrays.h5:/images,/labels", "--validation", 20, "--steps", 5,
                       "--batch", 10, "--levels", 1, "--pretrain", 5, "--pretrain-data", "mnist", *arguments, "--out",
                       self.folder / out, data=self.folder / "data")

        found = search("found", "--model", "lenet-300-100")  # of three classes, too
        self.assertEqual(found.returncode, 0, found.stderr)
        resumed = run("search", "--resume", "--levels", 2, "--out", self.folder / "found", data=self.folder / "data")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        write_mnist(self.folder / "own/mnist")
        beside = search("beside", "--model", "lenet-300-100")
        self.assertEqual(beside.returncode, 0, beside.stderr)

    def test_vectors_are_not_augmented(self):
        import h5py
        import numpy

        with h5py.File(self.folder / "arrays.h5", "w") as file:
            file["images"], file["labels"] = numpy.zeros((120, 6), "f4"), numpy.arange(120) % 2
        arguments = ["search", "--data", f"h5:{self.folder}/arrays.h5:/images,/labels", "--model", "mlp:6-4-2", "--validation", 20,
                     "--steps", 10, "--batch", 10, "--levels", 1, "--out", self.folder / "run"]
        self.assertEqual(run(*arguments).returncode, 0)
        self.check_refused(run(*arguments, "--augment", "crop-flip", "--force"), 2, "--augment crop-flip", "1 x 1 x 6")
        self.assertTrue((self.folder / "run/level-001.h5").exists(), "a refused search must delete nothing")

    def test_presets_of_convolutional_networks(self):
        for name in ("conv4-cifar", "conv6-cifar", "resnet20-cifar", "resnet20-cifar-warmup", "vgg16-cifar", "conv4-cifar-quick",
                     "conv6-cifar-quick", "resnet20-cifar-quick", "vgg16-cifar-quick"):  # all that would take long
            with self.subTest(preset=name):
                refused = run("search", "--preset", name, "--data-dir", "/nonexistent", "--out", self.folder / "run")
                self.check_refused(refused, 5, "no cifar10 in /nonexistent")
        for name, rate in (("conv2-cifar", "2e-04"), ("conv2-cifar-quick", "6e-04")):
            with self.subTest(preset=name):
                few = ["--data", "embedded", "--embedded-train", 200, "--embedded-test", 50, "--validation", 50, "--steps", 1,
                       "--levels", 0]
                done = run("search", "--preset", name, *few, "--out", self.folder / name, "--json")
                self.assertEqual(done.returncode, 0, done.stderr)
                config = json.loads(done.stdout)["config"]
                self.assertIn("model = conv-2\n", config)
                self.assertIn(f"learning-rate = {rate}\n", config)
                self.assertIn("convolution-rate = ", config)

    def test_a_kernel_for_each_layer(self):
        import h5py

        done = self.search("run", "--levels", 1, "--kernel", "sparse,fc2=dense", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("kernel = sparse,fc2=dense\n", json.loads(done.stdout)["config"])
        with h5py.File(self.folder / "run/level-001.h5") as level:
            kernels = {(row["parameter"], row["kernel"]) for row in level["kernels"][:]}
        self.assertEqual(kernels, {(b"fc1.weight", b"sparse"), (b"fc2.weight", b"dense")})
        self.check_refused(self.search("run", "--levels", 1, "--resume", "--kernel", "sparse"), 2, "kernel: sparse,fc2=dense before")
        self.check_refused(self.search("other", "--kernel", "fc3=dense"), 2, "--kernel", "'fc3'", "there are fc1, fc2")

    def test_config_file(self):
        config = self.folder / "search.cfg"
        config.write_text("steps = 60\nlevels = 1\nrate = 0.9 # comment\n")
        done = run("search", "--config", config, "--data", "embedded", "--embedded-train", 1500, "--embedded-test", 300,
                   "--validation", 300, "--model", "mlp:784-40-10", "--out", self.folder / "run", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("rate = 0.9\n", json.loads(done.stdout)["config"])
        config.write_text("stpes = 60\n")
        self.check_refused(run("search", "--config", config), 2, str(config), "did you mean 'steps'")
        self.check_refused(run("search", "--config", self.folder / "none"), 2, "cannot read config file")
        for name in ("out", "workers", "data-dir", "json"):
            config.write_text(f"steps = 60\n{name} = 1\n")
            self.check_refused(run("search", "--config", config), 2, str(config), f"'{name}' belongs on the command line, as --{name}")

    def test_bad_data_and_divergence(self):
        write_mnist(self.folder / "mnist")
        for path in (self.folder / "mnist").iterdir():
            path.write_bytes(b"\0" * 100)
        result = run("search", "--data", "mnist", "--data-dir", self.folder, "--out", self.folder / "run")
        self.check_refused(result, 3, "ubyte")
        diverged = self.search("wild", "--optimizer", "sgd", "--learning-rate", "1e30")
        self.check_refused(diverged, 4, "diverged", "learning rate")

    def test_full_disk(self):
        self.assertEqual(self.search("run", "--levels", 1, "--model", "mlp:784-10").returncode, 0)

        def limit_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        result = self.search("run", "--levels", 2, "--resume", "--model", "mlp:784-10", preexec_fn=limit_files)
        self.check_refused(result, 5, str(self.folder / "run"))
        self.assertEqual(run("verify", self.folder / "run").returncode, 0)
        self.assertEqual(self.search("run", "--levels", 2, "--resume", "--model", "mlp:784-10").returncode, 0)

    @unittest.skipUnless(HAS_MNIST, "skipped: no MNIST")
    def test_whole_cycle_on_mnist(self):
        done = run("search", "--preset", "lenet-mnist", "--steps", 1500, "--rate", 0.6, "--target-density", 0.05,
                   "--control", "random-reinit", "--out", self.folder / "run", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        levels = json.loads(done.stdout)["levels"]
        self.assertLess(levels[-1]["density"], 0.08)
        accuracy = [level["branches"]["ticket"]["test_accuracy"]["mean"] for level in levels]
        self.assertGreater(min(accuracy), 0.95)
        self.assertGreater(accuracy[0], 0.96)
        self.assertGreater(accuracy[-1], levels[-1]["branches"]["random-reinit"]["test_accuracy"]["mean"])
        self.assertEqual(run("verify", self.folder / "run").returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
