"""What `ltlab search` says of data and settings that are hardly meant; usage: search_surprises_test.py LTLAB DATA_FOLDER SCRIPTS"""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unittest

import h5py
import numpy as np

from small_search import LTLAB, SLOWDOWN, SearchTest, contents, run, small

SHORT = ["--steps", 20, "--validate-every", 10, "--embedded-train", 300, "--embedded-test", 60, "--validation", 60]
NOBODY = 65534
HOSTILE = ("a#b.h5", "a #b.h5", " lead.h5", "trail.h5 ", "new\nline.h5", '"quoted".h5', "a = b;c,d.h5", "ümlaut.h5",
           "back\\slash\\n.h5", "c:d.h5", "[section].h5", "tab\tbed.h5", "'.h5", "\\\".h5")


def write_arrays(path, labels, images=None):
    """A file of arrays, /images and /labels: noise of 6 features, unless `images` are told."""
    labels = np.asarray(labels, "i8")
    with h5py.File(os.fspath(path), "w") as file:
        file["images"] = np.random.default_rng(1).normal(size=(len(labels), 6)).astype("f4") if images is None else images
        file["labels"] = labels


class Surprises(SearchTest):
    def arrays(self, labels, images=None, name="arrays.h5"):
        write_arrays(self.folder / name, labels, images)
        return f"h5:{self.folder / name}:/images,/labels"

    def search_arrays(self, source, *arguments, out="run", model="mlp:6-5-2"):
        steps = [] if "--steps" in arguments else ["--steps", 10]
        batch = [] if "--batch" in arguments else ["--batch", 10]
        return run("search", "--data", source, "--model", model, *steps, *batch, "--validation", 10, "--levels", 1, *arguments,
                   "--out", self.folder / out)

    def config(self, out):
        with h5py.File(self.folder / out / "run.h5") as file:
            return file.attrs["config"]

    # Settings that are kept

    def check_survives(self, out, *arguments):
        """The settings of a run are read again as they were: it is resumed, and begun anew from --config."""
        done = run("search", *arguments, "--out", self.folder / out)
        self.assertEqual(done.returncode, 0, done.stderr)
        before = self.config(out)
        levels = sorted((self.folder / out).glob("level-*.h5"))
        whole = contents(self.folder / out)
        levels[-1].unlink()
        resumed = run("search", "--resume", "--out", self.folder / out, "--json")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(self.config(out), before)
        self.assertEqual(contents(self.folder / out), whole)
        config = self.folder / f"{out}.cfg"
        config.write_text(json.loads(resumed.stdout)["config"])
        place = [f"--data-dir={self.folder / 'files'}"] if (self.folder / "files").exists() else []
        again = run("search", "--config", config, *place, "--out", self.folder / f"{out}-again")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.config(f"{out}-again"), before)
        return before.decode()

    def test_every_path_is_kept(self):
        (self.folder / "files").mkdir()
        for i, name in enumerate(HOSTILE):
            with self.subTest(name=name):
                source = f"h5:{self.folder}/files/{name}:/images,/labels"
                write_arrays(self.folder / "files" / name, np.arange(60) % 2)
                common = ["--model", "mlp:6-5-2", "--validation", 10, "--steps", 4, "--batch", 10, "--kernel", "sparse"]
                config = self.check_survives(f"data-{i}", "--data", source, *common, "--levels", 1, "--pretrain", 2,
                                             "--pretrain-data", source)
                if "\n" not in name:  # runs from before went by it
                    self.assertTrue(config.startswith(f"data = h5:{name}:/images,/labels\n"), config)
                folder = name.replace(".h5", "")
                self.assertEqual(run("search", "--data", source, *common, "--levels", 1, "--out",
                                     self.folder / folder).returncode, 0)
                self.check_survives(f"from-{i}", "--data", source, *common, "--from", self.folder / folder)

    def test_every_setting_is_kept(self):
        groups = {
            "rates": ["--rate", 0.3, "--output-rate", 0.123456789012345, "--layer-rate", "fc1=0.25", "--convolution-rate", 0.5,
                      "--levels", 2, "--min-survivors", 3, "--scope", "global", "--score", "taylor", "--score-images", 20,
                      "--data-seed", 7, "--label-noise", 0.15, "--init", "kaiming-normal", "--seed", 10**18 - 1,
                      "--seed-init", 3, "--seed-order", 0, "--seed-mask", 10**17, "--seed-split", 5, "--predictions", "none",
                      "--kernel", "sparse,fc2=dense"],
            "sgd": ["--optimizer", "sgd", "--momentum", 0.9, "--nesterov", "--weight-decay", 1e-7, "--learning-rate", "1e-3",
                    "--schedule", "step", "--warmup", 2, "--milestones", "10,1ep", "--decay-factor", 0.3,
                    "--target-density", 0.4, "--rewind", 5, "--retrain", "learning-rate", "--retrain-order", "original",
                    "--augment", "crop-flip", "--dense-steps", "2ep", "--level-steps", "22,1ep", "--control", "random-reinit", "--trials", 2],
            "adam": ["--beta1", 0.8, "--beta2", 0.99, "--epsilon", 1e-9, "--prune", "during-training", "--gradual", "linear",
                     "--prune-begin", 3, "--prune-end", 17, "--prune-every", 4, "--budget", "flops", "--levels", 1,
                     "--granularity", "neuron", "--pretrain", 5, "--pretrain-labels", "random"],
            "bird": ["--prune", "early-bird", "--mask-distance", 0.2, "--settling", "queue", "--densities", "0.5,0.25"],
            "set": ["--prune", "set", "--set-drops", "by-sign", "--prune-every", 4, "--levels", 1],
            "signs": ["--score", "large-final-same-sign", "--wrong-sign", "zero", "--levels", 1],
            "rigl": ["--prune", "rigl", "--drop-fraction", 0.2, "--levels", 1],
            "model": ["--model", "linear 12 relu  # a comment\ndropout 0.1; linear classes", "--levels", 1],
        }
        words = {word for group in groups.values() for word in map(str, group) if word.startswith("--")}
        words |= {str(word) for word in [*SHORT, *small([])] if str(word).startswith("--")}
        usage = run("search", "--help").stdout
        settings = set(re.findall(r"^  (--[a-z0-9-]+)", usage[usage.index("\nData:"):], re.MULTILINE))
        here = {"--pretrain-data", "--from", "--replicates"}  # above, and in other tests
        self.assertGreater(len(settings), 50)
        self.assertEqual(settings - words - here, set(), "a setting that no test reads back")
        for name, arguments in groups.items():
            with self.subTest(name):
                common = small([*SHORT, *([] if "--kernel" in arguments else ["--kernel", "sparse"])])
                for option in ("--levels", "--rate"):
                    del common[common.index(option):common.index(option) + 2]
                if name == "model":
                    del common[common.index("--model"):common.index("--model") + 2]
                self.check_survives(name, *common, *arguments)

    def test_a_config_file_may_quote(self):
        config = self.folder / "search.cfg"
        self.arrays(np.arange(60) % 2, name="a#b.h5")
        config.write_text(f'data = "h5:{self.folder}/a#b.h5:/images,/labels"  # "mine"\nsteps = 10\n[variant.late]\nrewind = 2\n')
        self.check_refused(run("search", "--config", config), 2, "variant.late.rewind")
        compared = run("compare", "--config", config, "--out", self.folder / "compared")
        self.check_refused(compared, 2, "validation")  # which shows that the file was found
        for text, word in (('data = "x', "no second one"), ('data = "x" y', "follows"), ("data", "NAME = VALUE"),
                           ('data = "\\x"', "means nothing"), ("= 3", "NAME = VALUE")):
            config.write_text("steps = 5\n" + text + "\n")
            self.check_refused(run("search", "--config", config), 2, str(config), "line 2", word)

    def test_more_levels_keep_the_target(self):
        done = self.search("run", *SHORT, "--target-density", 0.3, "--levels", 9)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("that reaches --target-density", done.stderr)
        more = run("search", "--resume", "--levels", 20, "--out", self.folder / "run", "--json")
        self.assertEqual(more.returncode, 0, more.stderr)
        self.assertEqual(len(json.loads(more.stdout)["levels"]), 3)
        self.assertIn("levels = 20\ntarget-density = 0.3\n", json.loads(more.stdout)["config"])
        self.assertIn("that reaches --target-density", more.stderr)
        sparser = run("search", "--resume", "--target-density", 0.2, "--out", self.folder / "run", "--json")
        self.assertEqual(len(json.loads(sparser.stdout)["levels"]), 4)

    # Data

    def test_classes_without_images_are_named(self):
        stray = self.search_arrays(self.arrays([*range(10)] * 11 + [255]), model="mlp:6-5-256")
        self.assertEqual(stray.returncode, 0, stray.stderr)
        self.assertIn("warning: no training image of", stray.stderr)
        self.assertRegex(stray.stderr, r"has label 10 to 25[45]: 24[56] of its 256 classes are empty")
        shifted = self.search_arrays(self.arrays(np.arange(60) % 3 + 1), model="mlp:6-5-4", out="shifted")
        self.assertIn("has label 0: 1 of its 4 classes", shifted.stderr)
        info = run("data", "info", self.arrays(np.arange(90) % 9 * 2), "--json")
        self.assertEqual(info.returncode, 0, info.stderr)
        self.assertIn("has label 1, 3, 5, 7, 9, 11, ...: 8 of its 17 classes", info.stderr)
        self.assertEqual(json.loads(info.stdout)["classes_without_training_images"], [1, 3, 5, 7, 9, 11, 13, 15])
        self.assertNotIn("warning", self.search_arrays(self.arrays(np.arange(60) % 2), out="plain").stderr)

    def test_few_images_are_described(self):
        source = self.arrays(np.arange(60) % 2)
        info = run("data", "info", source)
        self.assertEqual(info.returncode, 0, info.stderr)
        self.assertRegex(info.stdout, r"split +none of the usual 5000 validation images: choose fewer by --validation")
        self.assertRegex(run("data", "info", source, "--validation", 10).stdout, "split +40 training, 10 validation, seed 0")
        self.check_refused(run("data", "info", source, "--validation", 50), 2, "--validation")
        model = run("model", "linear 5 relu; linear classes", "--data", source)
        self.assertEqual(model.returncode, 0, model.stderr)
        self.assertIn("fc2", model.stdout)

    def test_pixels_of_any_scale(self):
        labels = np.arange(60) % 2
        noise = np.random.default_rng(1).normal(size=(60, 6)) + labels[:, None]
        plain = None
        for scale in (1, 1e-30, 1e-20, 1e20, 1e30):
            done = self.search_arrays(self.arrays(labels, (noise * scale).astype("f4")), "--json", out=f"run-{scale}")
            self.assertEqual(done.returncode, 0, done.stderr)
            accuracy = json.loads(done.stdout)["levels"][0]["branches"]["ticket"]["test_accuracy"]["mean"]
            plain = accuracy if plain is None else plain
            self.assertAlmostEqual(accuracy, plain, delta=0.11, msg=scale)
        for scale in (1e-42, 1e-38, 3e38):
            done = self.search_arrays(self.arrays(labels, (noise / np.abs(noise).max() * scale).astype("f4")), out="none")
            self.check_refused(done, 3, "standard deviation of", "out of reach of float arithmetic", "another scale")
        for value in (0, 0.1, 1e-42, 3e38, 16777217):
            done = self.search_arrays(self.arrays(labels, np.full((60, 6), value, "f4")), out=f"constant-{value}")
            self.assertEqual(done.returncode, 0, done.stderr)
        noise[3, 4] = 1e30  # among the first images, which are no outlier of their own: all deviate by it
        source = self.arrays(labels, noise.astype("f4"))
        self.assertIn(self.search_arrays(source, out="outlier").returncode, (0, 3))
        with h5py.File(self.folder / "arrays.h5", "w") as file:
            file["images"], file["labels"] = np.random.default_rng(1).normal(size=(60, 6)).astype("f4"), labels
            file["test_images"], file["test_labels"] = noise.astype("f4"), labels
        done = self.search_arrays(source + ",/test_images,/test_labels", out="test")
        self.check_refused(done, 3, "test images: image 3 has a pixel of 1e+30", "replace it")

    def test_a_last_batch_of_one_image_is_refused_before_training(self):
        source = self.arrays(np.arange(61) % 2)  # a sixth for testing, 10 for validation, 41 left
        norm = "linear 5; batch-norm relu; linear classes"
        refused = self.search_arrays(source, model=norm)
        self.check_refused(refused, 2, "41 training images in batches of 10", "bn1", "--batch", "--validation")
        self.check_refused(self.search_arrays(source, "--batch", 1, model=norm), 2, "bn1")
        refused = self.search_arrays(source, "--batch", 9, "--score", "snip", "--score-images", 19, "--prune", "before-training",
                                     model=norm)
        self.check_refused(refused, 2, "--score-images 19", "bn1")
        self.assertFalse((self.folder / "run").exists())
        for out, way in (("other", ["--batch", 9]), ("few", ["--steps", 4])):  # which never comes to the last batch
            done = self.search_arrays(source, *way, out=out, model=norm)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.search_arrays(source, out="none").returncode, 0)

    # Settings that are hardly meant

    def test_milestones_beyond_the_training(self):
        done = self.search("run", *SHORT, "--schedule", "step", "--milestones", "10,20,50", "--levels", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: --milestones 20, 50: training ends at step 20", done.stderr)
        twice = self.search("twice", *SHORT, "--schedule", "step", "--milestones", "10,10", "--levels", 1)
        self.assertIn("10 twice", twice.stderr)
        fine = self.search("fine", *SHORT, "--schedule", "step", "--milestones", "10,19", "--levels", 1)
        self.assertNotIn("warning", fine.stderr)
        self.check_refused(self.search("falls", "--schedule", "step", "--milestones", "20,10"), 2, "--milestones must ascend")
        self.check_refused(self.search("warm", *SHORT, "--warmup", 20), 2, "--warmup must be below --steps")

    def test_changes_of_masks_that_no_training_reaches(self):
        for prune, every, warning in (("set", 10, "--prune-every 10: masks never change from step 0 to 10"),
                                      ("rigl", 10, "masks never change"), ("set", 9, ""),
                                      ("during-training", 10, "all is pruned at once, at step 15"), ("during-training", 9, ""),
                                      ("early-bird", 3, "no mask can settle from step 0 to 15"), ("early-bird", 2, "")):
            with self.subTest(prune=prune, every=every):
                end = ["--prune-end", 10] if prune in ("set", "rigl") else []
                done = self.search("run", *SHORT, "--levels", 1, "--prune", prune, "--prune-every", every, *end, "--force")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(warning and f"warning: --prune-every {every}: ", done.stderr)
                self.assertIn(warning, done.stderr)
                if not warning:
                    self.assertNotIn("warning", done.stderr)

    def test_settings_of_what_there_is_none_of(self):
        for words, warning in ((["--batch", 241, "--levels", 1], "--batch 241: there are but 240 training images"),
                               (["--level-steps", "5,6,7", "--levels", 2], "--level-steps tells 3 levels, and the search has 2"),
                               (["--levels", 0, "--control", "random-reinit"], "--control: the search has no pruned level"),
                               (["--levels", 1, "--convolution-rate", 0.3], "--convolution-rate: the model has no convolution")):
            done = self.search("run", *SHORT, *words, "--force")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("warning: " + warning, done.stderr)
        self.check_refused(self.search("none", "--retrain", "none", "--retrain-order", "original"), 2, "leave out --retrain-order")
        for kernel in ("dense,fc9=dense", "dense,fc1=sparse,fc9=dense"):
            self.check_refused(self.search("none", "--kernel", kernel), 2, "unknown layer", "fc9")
        self.check_refused(run("inspect", self.folder / "run" / "level-001.h5", "--level", 0), 2, "leave it out")

    def test_more_images_for_a_score_than_there_are(self):
        for images, warned in ((241, True), (240, False)):
            done = self.search("run", *SHORT, "--levels", 1, "--prune", "before-training", "--score", "snip",
                               "--score-images", images, "--force")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("warning: --score-images 241: there are but 240 training images" in done.stderr, warned)

    def test_masked_weights_of_another_run(self):
        self.assertEqual(self.search("run", *SHORT, "--levels", 1, "--control", "random-reinit").returncode, 0)
        masked = run("search", *self.without_rates(), "--from", self.folder / "run/random-reinit-0/level-001.h5", "--out",
                     self.folder / "masked")
        self.assertEqual(masked.returncode, 0, masked.stderr)
        self.assertIn("zero where its masks prune", masked.stderr)
        whole = run("search", *self.without_rates(), "--from", self.folder / "run", "--out", self.folder / "whole")
        self.assertNotIn("warning", whole.stderr)

    def without_rates(self):
        arguments = small(SHORT)
        for option in ("--levels", "--rate"):
            del arguments[arguments.index(option):arguments.index(option) + 2]
        return arguments

    # Layer collapse

    COLLAPSE = [*SHORT, "--model", "mlp:784-20-20-10", "--scope", "global", "--rate", 0.9, "--output-rate", 0.9, "--levels", 3]

    def test_layer_collapse_is_told(self):
        done = self.search("run", *self.COLLAPSE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\n +3 .* \| layer collapse *\n")
        self.assertRegex(done.stdout, r"Layer collapse at level [0-9, to]*3: pruning left no weight of fc1.weight, so no path")
        self.assertIn("(effective density 0)", done.stdout)
        self.assertIn("--min-survivors", done.stdout)
        report = json.loads(self.search("run", *self.COLLAPSE, "--resume", "--json").stdout)
        self.assertEqual(report["verdict"]["layer_collapse"][-1],
                         {"level": 3, "replicates_of_effective_density_0": 1, "empty_layers": ["fc1.weight"]})
        inspected = json.loads(run("inspect", self.folder / "run", "--json").stdout)
        self.assertEqual(inspected["levels"][3]["effective_density"], 0)
        kept = self.search("kept", *self.COLLAPSE, "--min-survivors", 50)
        self.assertEqual(kept.returncode, 0, kept.stderr)
        self.assertNotIn("collapse", kept.stdout)
        self.assertNotIn("min-survivors", self.config("run").decode())
        self.assertIn("min-survivors = 50\n", self.config("kept").decode())

    def test_every_pruning_keeps_the_least(self):
        """In each layer of each level; verify finds the same masks, and the counts are those of the plan."""
        ways = [["--prune", time] for time in ("after-training", "one-shot", "before-training", "during-training", "early-bird")]
        ways += [["--prune", time, "--scope", "uniform"] for time in ("set", "rigl")]
        ways += [["--score", score] for score in ("snip", "synflow", "random", "small-final")]
        ways += [["--scope", scope] for scope in ("layerwise", "uniform", "erk")]
        ways += [["--granularity", "neuron"], ["--granularity", "2x2"], ["--control", "inverted-mask,random-mask"]]
        for i, way in enumerate(ways):
            with self.subTest(way):
                own = list(self.COLLAPSE)
                for option in ("--scope", "--output-rate") if "--scope" in way else ():
                    del own[own.index(option):own.index(option) + 2]
                done = self.search(f"run-{i}", *own, *way, "--kernel", "sparse", "--min-survivors", 9)
                self.assertEqual(done.returncode, 0, done.stderr)
                for level in sorted((self.folder / f"run-{i}").rglob("level-*.h5")):
                    with h5py.File(level) as file:
                        for name, mask in file["mask"].items():
                            self.assertGreaterEqual(mask[:].sum(), 9, f"{level} {name}")
                verified = run("verify", self.folder / f"run-{i}")
                self.assertEqual(verified.returncode, 0, verified.stdout)
        for way in (["--granularity", "2:4"], ["--from", self.folder / "run-0"]):
            self.check_refused(run("search", *self.without_rates(), *way, "--min-survivors", 9, "--out", self.folder / "none"),
                               2, "--min-survivors", "leave it out")
        self.check_refused(run("search", *self.without_rates(), "--densities", 0.0001, "--min-survivors", 9, "--out",
                               self.folder / "none"), 2, "--min-survivors")

    # The table again, and narrow terminals

    def test_a_finished_run_on_a_read_only_disk_shows_its_table(self):
        source = self.arrays(np.arange(60) % 2)
        arguments = ["--control", "random-mask", "--replicates", 2]
        done = self.search_arrays(source, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.folder / "arrays.h5").unlink()
        user = self.bound_user()
        before = contents(self.folder / "run")
        levels = self.folder / "run/replicate-1/level-001.h5", self.folder / "kept.h5"
        self.set_modes(0o555, 0o444)
        shown = run("search", "--resume", "--out", self.folder / "run", **user)
        further = run("search", "--resume", "--levels", 2, "--out", self.folder / "run", **user)
        self.set_modes(0o755, 0o644)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(shown.stdout, done.stdout)
        self.check_refused(further, 5, str(self.folder / "run"))
        self.assertEqual(contents(self.folder / "run"), before)
        levels[0].rename(levels[1])  # then it is not finished
        self.set_modes(0o555, 0o444)
        self.check_refused(run("search", "--resume", "--out", self.folder / "run", **user), 5)
        self.set_modes(0o755, 0o644)

    def test_force_deletes_nothing_where_it_cannot_delete_all(self):
        arguments = [*SHORT, "--levels", 1, "--control", "random-mask", "--replicates", 2]
        self.assertEqual(self.search("run", *arguments).returncode, 0)
        before = contents(self.folder / "run")
        user, locked = self.bound_user(), self.folder / "run/replicate-1"
        for path in self.paths():
            if user:
                os.chown(path, NOBODY, NOBODY)
        os.chmod(locked, 0o555)
        refused = self.search("run", *arguments, "--seed", 5, "--force", **user)
        os.chmod(locked, 0o755)
        self.check_refused(refused, 5, "nothing is deleted", "give the same command again")
        self.assertNotIn("--resume", refused.stderr)
        self.assertEqual(contents(self.folder / "run"), before)
        self.assertEqual(self.search("run", *arguments, "--seed", 5, "--force", **user).returncode, 0)

    def bound_user(self):
        """Options of run() as a user whom permissions bind, who may enter the folder."""
        os.chmod(self.folder, 0o755)
        return {"user": NOBODY} if os.geteuid() == 0 else {}

    def paths(self):
        return [self.folder / "run", *(self.folder / "run").rglob("*")]

    def set_modes(self, folders, files):
        for path in self.paths():
            os.chmod(path, folders if path.is_dir() else files)

    def on_terminal(self, columns, *arguments):
        """What the program writes to a terminal of so many columns, as lines; what rewrites a line counts as one."""
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        process = subprocess.Popen([LTLAB, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=terminal, env=environment)
        os.close(terminal)
        written = b""
        while True:
            try:
                read = os.read(controller, 65536)
            except OSError:
                break
            written += read
        os.close(controller)
        self.assertEqual(process.wait(), 0, written)
        return re.split(r"[\r\n]+", written.decode().replace("\x1b[K", ""))

    def test_progress_fits_the_terminal(self):
        arguments = ["--steps", 3000 // SLOWDOWN, "--levels", 1, "--control", "random-reinit", "--rate", 0.5]
        for columns in (40, 80, 200):
            with self.subTest(columns=columns):
                lines = self.on_terminal(columns, "search", *small(arguments), "--out", self.folder / f"run-{columns}")
                progress = [line for line in lines if not line.startswith("ltlab: ")]
                self.assertTrue(any("test" in line for line in progress), lines)
                self.assertTrue(any(line.startswith("[") for line in progress), lines)
                self.assertLessEqual(max(map(len, progress)), columns, progress)
        self.assertTrue(any("early stop at step" in line for line in progress), progress)

    # Imports

    def test_an_import_has_no_landscape(self):
        try:
            import torch
        except ImportError:
            self.skipTest("skipped: no PyTorch")
        sys.path.insert(0, SCRIPTS)
        import ltlab_io

        weights = torch.tensor(np.random.default_rng(1).normal(size=(5, 6)).astype("f4"))
        state = {"0.weight": weights * (weights > 0), "0.bias": torch.zeros(5), "2.weight": torch.ones(2, 5), "2.bias": torch.zeros(2)}
        ltlab_io.import_pytorch(state, self.folder / "imported", initial=state)
        self.check_refused(run("landscape", self.folder / "imported"), 2, "was imported", "search --from", "--data")
        done = run("search", "--data", self.arrays(np.arange(60) % 2), "--model", "mlp:6-5-2", "--validation", 10, "--steps", 10,
                   "--batch", 10, "--from", self.folder / "imported", "--out", self.folder / "run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("zero where its masks prune", done.stderr)


SCRIPTS = sys.argv[3]

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
