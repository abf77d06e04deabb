"""End-to-end tests of `ltlab landscape` and scripts/plot_landscape.py: usage: landscape_command_test.py LTLAB SCRIPTS"""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

try:
    import matplotlib
except ImportError:
    matplotlib = None
    print("no matplotlib: plots are left out")

try:
    import torch
except ImportError:
    torch = None
    print("no torch: imports are left out")

SCRIPTS = Path(sys.argv.pop())
LTLAB = os.environ["LTLAB"] = sys.argv.pop()  # which scripts ask, too
sys.path.insert(0, str(SCRIPTS))
import ltlab_io  # noqa: E402
DATA = ["--data", "embedded", "--embedded-train", 600, "--embedded-test", 100, "--validation", 100]
TRAINING = ["search", *DATA, "--batch", 20, "--validate-every", 20, "--kernel", "sparse"]
SEARCH = [*TRAINING, "--steps", 60, "--levels", 2, "--rate", 0.6, "--replicates", 2, "--control", "random-reinit",
          "--rewind", 10]


def run(*words):
    return subprocess.run([LTLAB, *map(str, words)], capture_output=True, text=True)


def output_of(*words):
    result = run(*words)
    assert result.returncode == 0, result.stderr
    return result.stdout


class LandscapeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.search = cls.folder / "search"
        output_of(*SEARCH, "--model", "mlp:784-20-10", "--out", cls.search)
        cls.ticket = cls.search / "replicate-0"

    def json_of(self, *words):
        return json.loads(output_of("landscape", *words, "--json"))

    def summary(self, level, run=None):
        with h5py.File((run or self.ticket) / f"level-{level:03}.h5") as file:
            return dict(file.attrs)

    def test_lines_end_where_training_did(self):
        document = self.json_of(self.search, "--points", 3, "--images", 100)
        lines = document["lines"]
        self.assertEqual(document["what"], "interpolation")
        self.assertEqual(document["batch_norm"], "estimated")
        self.assertEqual([(line["line"], line["level"]) for line in lines],
                         2 * [("training", 0), ("training", 1), ("pruning", 1), ("training", 2), ("pruning", 2)])
        for line in lines:
            folder, points = Path(line["run"]), line["points"]
            self.assertEqual([point["alpha"] for point in points], [0, 0.5, 1])
            self.assertAlmostEqual(points[-1]["test_loss"], self.summary(line["level"], folder)["test_loss"], places=5)
            if line["line"] == "pruning":
                before = self.summary(line["level"] - 1, folder)["test_loss"]
                self.assertAlmostEqual(points[0]["test_loss"], before, places=5)
            error = [1 - point["test_accuracy"] for point in points]
            self.assertAlmostEqual(line["barrier"]["test_error"], max(error) - (error[0] + error[-1]) / 2)

    def test_text_tells_means_over_replicates(self):
        text = output_of("landscape", self.search, "--levels", "0,2", "--points", 5, "--images", 100)
        for words in ("from the weights a level starts with", "from the trained weights of the level before", "over 2 runs",
                      "barrier", "±"):
            self.assertIn(words, text)

    def test_lines_between_two_runs(self):
        other = self.search / "replicate-1"
        lines = self.json_of(self.ticket, other, "--points", 3, "--images", 100)["lines"]
        self.assertEqual([(line["line"], line["level"]) for line in lines], [("runs", 0), ("runs", 1), ("runs", 2)])
        for line in lines:
            self.assertAlmostEqual(line["points"][0]["test_loss"], self.summary(line["level"])["test_loss"], places=5)
            self.assertAlmostEqual(line["points"][2]["test_loss"], self.summary(line["level"], other)["test_loss"], places=5)

    def test_csv_and_hdf5_tell_the_same(self):
        out = self.folder / "lines.h5"
        words = [self.ticket, "--levels", 1, "--points", 4, "--images", 100]
        rows = list(csv.DictReader(io.StringIO(output_of("landscape", *words, "--csv", "--out", out))))
        with h5py.File(out) as file:
            table = file["lines"][:]
            self.assertEqual(file.attrs["format"], b"ltlab-landscape")
            self.assertEqual(file.attrs["batch_norm"], b"estimated")
        self.assertEqual(len(rows), 2 * 4)
        self.assertEqual(list(table.dtype.names), list(rows[0]))
        for row, stored in zip(rows, table, strict=True):
            for name, value in row.items():
                if isinstance(stored[name], bytes):
                    self.assertEqual(value, stored[name].decode())
                else:
                    self.assertAlmostEqual(float(value), stored[name], places=6)
        refused = run("landscape", *words, "--out", out)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--force replaces it", refused.stderr)
        out.write_bytes(b"no longer what it was")
        output_of("landscape", *words, "--out", out, "--force")
        with h5py.File(out) as file:
            self.assertEqual(len(file["lines"]), len(rows))
        level = self.search / "replicate-0" / "level-001.h5"
        for place, message in ((level, "folder of a run"), (self.folder / "none" / "x.h5", "no folder")):
            refused = run("landscape", *words, "--out", place, "--force")
            self.assertEqual(refused.returncode, 2)
            self.assertIn(message, refused.stderr)

    def test_sharpness(self):
        words = [self.ticket, "--what", "sharpness", "--images", 60, "--eigenvalues", 3]
        levels = self.json_of(*words)["sharpness"]
        self.assertEqual([level["level"] for level in levels], [0, 1, 2])
        for level in levels:
            self.assertEqual(level["images"], 60)
            self.assertEqual(len(level["largest_eigenvalues"]), 3)
            self.assertEqual(level["largest_eigenvalues"], sorted(level["largest_eigenvalues"], reverse=True))
            self.assertGreater(level["largest_eigenvalues"][0], 0)
            self.assertLess(level["least_eigenvalue"], level["largest_eigenvalues"][2])
        with h5py.File(self.ticket / "level-002.h5") as file:
            survivors = sum(int(file[f"mask/fc{i}.weight"][:].sum()) for i in (1, 2)) + 20 + 10
        self.assertEqual(levels[2]["survivors"], survivors)
        rows = list(csv.DictReader(io.StringIO(output_of("landscape", *words, "--csv"))))
        self.assertEqual(len(rows), 9)
        self.assertAlmostEqual(float(rows[4]["eigenvalue"]), levels[1]["largest_eigenvalues"][1], places=5)
        self.assertIn("largest eigenvalues", output_of("landscape", *words))

    def test_instability_keeps_its_copies(self):
        folder = self.folder / "copied"
        shutil.copytree(self.search, folder)
        words = [folder, "--what", "instability", "--levels", "0,2", "--points", 3, "--images", 100]
        document = self.json_of(*words)
        lines = document["lines"]
        pairs = ("0-1", "0-2", "1-2")
        self.assertEqual([(line["line"], line["level"], line["pair"]) for line in lines],
                         2 * [("copies", level, pair) for level in (0, 2) for pair in pairs])
        self.check_instability(document["instability"], lines)
        copies = [folder / "replicate-1" / f"copy-{copy}" for copy in (0, 1, 2)]
        for level in (0, 2):
            self.assertEqual([self.summary(level, copy)["first_step"] for copy in copies], [10, 10, 10])
        for copy, point in zip(copies, (lines[9]["points"][0], lines[9]["points"][2], lines[10]["points"][2])):
            self.assertAlmostEqual(self.summary(2, copy)["test_loss"], point["test_loss"], places=5)
        self.assertIn(", 0 faults", output_of("verify", folder))
        self.assertIn("copy-1", output_of("inspect", folder))
        text = output_of("landscape", *words)
        for word in ("stable", "noise", "over 2 runs"):
            self.assertIn(word, text)
        rows = list(csv.DictReader(io.StringIO(output_of("landscape", *words, "--csv"))))
        self.assertEqual([row["pair"] for row in rows], 4 * [pair for pair in pairs for _ in range(3)])
        stamps = {path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}
        self.assertEqual(self.json_of(*words)["lines"], lines)
        self.assertEqual({path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}, stamps)
        output_of("search", "--resume", "--out", folder)
        self.assertIn(", 0 faults", output_of("verify", folder))

    def check_instability(self, levels, lines):
        """Against numpy."""
        for level in levels:
            of_level = [line for line in lines if line["level"] == level["level"]]
            np.testing.assert_allclose(level["pairs"], [line["barrier"]["test_error"] for line in of_level])
            means = np.reshape(level["pairs"], (2, 3)).mean(axis=1)
            self.assertAlmostEqual(level["mean"], means.mean())
            self.assertAlmostEqual(level["half_width"], 12.7062047 * means.std(ddof=1) / 2**0.5, places=6)
            first, last = ([1 - line["points"][end]["test_accuracy"] for line in of_level] for end in (0, 2))
            errors = np.array([[first[0], last[0], last[1]], [first[3], last[3], last[4]]])  # of copies 0, 1, 2 of each run
            self.assertAlmostEqual(level["noise"], errors.var(axis=1, ddof=1).mean() ** 0.5)
            self.assertIn(level["stability"], ("stable", "unstable", "undecided"))

    def test_batch_norm_statistics_are_estimated_or_interpolated(self):
        folder = self.folder / "normalized"
        output_of(*TRAINING, "--levels", 0, "--steps", 20, "--model", "linear 8; batch-norm relu; linear classes", "--out", folder)
        words = [folder, "--points", 3, "--images", 100]
        estimated, interpolated = (self.json_of(*words, "--batch-norm", way)["lines"][0]["points"]
                                   for way in ("estimated", "interpolated"))
        self.assertEqual(self.json_of(*words)["lines"][0]["points"], estimated)
        self.assertAlmostEqual(interpolated[2]["test_loss"], self.summary(0, folder)["test_loss"], places=5)
        for a, b in zip(estimated, interpolated, strict=True):
            self.assertNotEqual(a["test_loss"], b["test_loss"])

    def test_instability_of_a_control(self):
        folder = self.folder / "control"
        shutil.copytree(self.search, folder)
        control = folder / "replicate-0" / "random-reinit-0"
        document = self.json_of(control, "--what", "instability", "--levels", 1, "--copies", 2, "--points", 3, "--images", 100)
        self.assertEqual(len(document["lines"]), 1)
        self.assertIsNone(document["instability"][0]["half_width"])
        with h5py.File(control / "level-001.h5") as level, h5py.File(control / "copy-0" / "level-001.h5") as copy:
            np.testing.assert_array_equal(level["initial/fc1.weight"][:], copy["initial/fc1.weight"][:])
        self.assertIn(", 0 faults", output_of("verify", folder))

    def test_interrupted_instability_goes_on(self):
        folder = self.folder / "interrupted"
        output_of(*TRAINING, "--levels", 0, "--steps", 3000, "--model", "mlp:784-20-10", "--out", folder)
        words = [LTLAB, "landscape", folder, "--what", "instability", "--points", 3, "--images", 100, "--workers", 1]
        process = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (folder / "copy-0" / "run.h5").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        stderr = process.communicate()[1]
        if process.returncode != 0:  # on a fast machine it may have ended before
            self.assertEqual(process.returncode, 130, stderr)
            self.assertIn("the same command goes on", stderr)
        self.assertEqual(len(self.json_of(*words[2:])["lines"]), 3)
        self.assertIn(", 0 faults", output_of("verify", folder))

    @unittest.skipUnless(matplotlib, "no matplotlib")
    def test_plots(self):
        files = []
        for what in ("interpolation", "sharpness"):
            files.append(self.folder / f"plot-{what}.h5")
            output_of("landscape", self.search, "--what", what, "--levels", "0,2", "--images", 60, "--out", files[-1])
        image = self.folder / "plot.png"
        command = ["/usr/bin/python3", "-B", SCRIPTS / "plot_landscape.py"]
        result = subprocess.run([*command, *files, "-o", image], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(image.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        for bad in (self.ticket / "level-000.h5", self.folder / "none.h5"):
            result = subprocess.run([*command, bad, "-o", image], capture_output=True, text=True)
            self.assertEqual(result.returncode, 3)
            self.assertIn(bad.name, result.stderr)
            self.assertNotIn("Traceback", result.stderr)

    @unittest.skipUnless(torch, "no torch")
    def test_of_an_import_there_is_no_loss(self):
        imported = self.folder / "imported"
        ltlab_io.import_pytorch({"a.weight": torch.ones(5, 784), "b.weight": torch.ones(10, 5)}, imported)
        refused = run("landscape", imported)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("does not tell the data it was trained on", refused.stderr)
        self.assertNotIn("loading data", refused.stderr)

    def test_says_what_is_wrong(self):
        damaged, other = self.folder / "damaged", self.folder / "other"
        shutil.copytree(self.ticket, damaged)
        (damaged / "level-001.h5").write_bytes(b"torn")
        output_of(*TRAINING, "--levels", 0, "--steps", 60, "--model", "mlp:784-10", "--out", other)
        for status, words, message in (
                (2, [], "name a run folder"),
                (2, [self.folder / "none"], "there is no"),
                (3, [self.folder], "holds no run.h5"),
                (2, [self.ticket, "--levels", "7"], "no level 7"),
                (2, [self.ticket, "--levels", "0-3"], "0,5,10"),
                (2, [self.ticket, "--what", "sharpnes"], "did you mean 'sharpness'"),
                (2, [self.ticket, "--points", 1], "at least 2"),
                (2, [self.ticket, "--eigenvalues", 2], "alone"),
                (2, [self.ticket, "--copies", 2], "alone"),
                (2, [self.ticket, "--what", "sharpness", "--batch-norm", "estimated"], "alone"),
                (2, [self.ticket, "--what", "instability", "--copies", 1], "between 2 and 1000"),
                (2, [self.ticket, "--batch-norm", "new"], "estimated"),
                (2, [self.ticket, "--what", "sharpness", "--points", 5], "alone"),
                (2, [self.ticket, "--what", "sharpness", "--probes", 1], "at least 2"),
                (2, [self.ticket, "--json", "--csv"], "not both"),
                (2, [self.ticket, self.search], "single runs"),
                (2, [self.ticket, other], "other models"),
                (2, [self.ticket, self.ticket, "--what", "sharpness"], "one run"),
                (3, [damaged], "level-001.h5")):
            result = run("landscape", *words)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
