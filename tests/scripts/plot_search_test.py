"""Tests scripts/plot_search.py on small made-up runs. Usage: plot_search_test.py SCRIPTS_DIR"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

SCRIPTS = Path(sys.argv.pop(1))
sys.path.insert(0, str(SCRIPTS))
import plot_search  # noqa: E402


def write_level(folder, level, **changed):
    folder.mkdir(parents=True, exist_ok=True)
    attributes = {
        "density": 0.8**level,
        "early_stop_step": np.uint64(1000 + 100 * level),
        "test_accuracy": 0.98 - 0.001 * level,
        "early_stop_test_accuracy": 0.97 - 0.001 * level,
    }
    with h5py.File(folder / f"level-{level:03}.h5", "w") as file:
        file.attrs.update(attributes | changed)


def write_run(folder):
    folder.mkdir(parents=True)
    h5py.File(folder / "run.h5", "w").close()  # the collection, which links to the replicates
    for replicate in (folder / "replicate-0", folder / "replicate-1"):
        replicate.mkdir(parents=True)
        h5py.File(replicate / "run.h5", "w").close()
        for level in range(3):
            write_level(replicate, level)
        for trial, accuracy in enumerate((0.90, 0.92)):
            write_level(replicate / f"random-reinit-{trial}", 1, test_accuracy=accuracy)


class PlotSearchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.run_folder = self.folder / "run"
        write_run(self.run_folder)

    def plot(self, *arguments):
        command = [sys.executable, "-B", SCRIPTS / "plot_search.py", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    def test_interval_is_students(self):
        mean, half = plot_search.interval([1.0, 2.0, 3.0])
        self.assertAlmostEqual(mean, 2.0)
        self.assertAlmostEqual(half, 4.302653 / np.sqrt(3), places=5)  # t(0.975, 2 degrees of freedom)
        self.assertEqual(plot_search.interval([5.0]), (5.0, 0.0))

    def test_a_replicates_trials_count_once(self):
        replicates = plot_search.replicate_folders(self.run_folder)
        reinit = plot_search.read_branch(replicates, plot_search.branches_in(replicates)[1])
        self.assertEqual(len(reinit), 2)
        density, mean, half = plot_search.curve(reinit, "test_accuracy")
        np.testing.assert_allclose(density, [0.8])
        np.testing.assert_allclose(mean, [0.91])
        np.testing.assert_allclose(half, [0.0], atol=1e-12)

    def test_every_control_that_is_there_is_drawn(self):
        write_level(self.run_folder / "replicate-1/any-other-control-0", 2)
        write_level(self.run_folder / "replicate-1/copy-0", 2)
        branches = plot_search.branches_in(plot_search.replicate_folders(self.run_folder))
        self.assertEqual([b.control for b in branches], ["", "random-reinit", "any-other-control"])
        self.assertEqual(branches[2].label, "any other control")

    def test_a_control_that_falls_far_below_is_in_view(self):
        write_level(self.run_folder / "replicate-0/supermask-0", 1, test_accuracy=0.15, early_stop_test_accuracy=0.15)
        replicates = plot_search.replicate_folders(self.run_folder)
        measured = {b: plot_search.read_branch(replicates, b) for b in plot_search.branches_in(replicates)}
        self.assertEqual([b.control for b in measured if measured[b]], ["", "random-reinit", "supermask"])
        figure = plot_search.plot({b: levels for b, levels in measured.items() if levels}, 2, "LeNet, MNIST")
        self.assertEqual(figure._suptitle.get_text(), "LeNet, MNIST")
        axes = figure.axes[1]
        low, high = axes.get_ylim()
        self.assertTrue(0 < low < 15 and 98 < high < 100)
        # Tickets are not pressed together: linearly these would lie 0.024 of the axis apart.
        places = axes.transData.transform([(1, accuracy) for accuracy in (15, 96, 98)])[:, 1]
        self.assertGreater(places[2] - places[1], 0.15 * (places[2] - places[0]))

    def test_writes_png_and_svg(self):
        for run in (self.run_folder, self.run_folder / "replicate-0"):
            image = self.folder / "plot.png"
            result = self.plot(run, "-o", image, "--svg")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(image.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            self.assertIn("<svg", image.with_suffix(".svg").read_text())

    def test_says_what_is_wrong(self):
        (self.run_folder / "replicate-1" / "level-002.h5").write_bytes(b"torn")
        for run, message in ((self.folder, "run.h5"), (self.run_folder, "level-002.h5")):
            result = self.plot(run, "-o", self.folder / "plot.png")
            self.assertEqual(result.returncode, 3)
            self.assertIn(message, result.stderr)
            self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    unittest.main()
