"""Tests what plots look like, and that scripts end in a sentence whatever they are given. Usage: plots_test.py
SCRIPTS_DIR"""

import contextlib
import io
import os
import sys
import tempfile
import unittest
import warnings
from pathlib import Path
from unittest import mock

import h5py
import numpy as np

SCRIPTS = Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SCRIPTS))
import ltlab_io  # noqa: E402
import plot_comparison  # noqa: E402
import plot_landscape  # noqa: E402
import plot_search  # noqa: E402
import plot_study  # noqa: E402
import script_errors  # noqa: E402

MAINS = {"plot_comparison.py": plot_comparison.main, "plot_landscape.py": plot_landscape.main,
         "plot_search.py": plot_search.main, "plot_study.py": plot_study.main, "ltlab_io.py": lambda: ltlab_io.run_command(ltlab_io.parse_arguments())}


def lines(kind, runs=2, points=3):
    """Rows of `ltlab landscape`'s table, of three levels whose barriers are far apart."""
    rows = [(kind.encode(), level, f"run-{run}".encode(), 0.8**level, alpha, 0.9 - 0.3 * (level + 1) * (run + 1) * alpha * (1 - alpha))
            for level in range(3) for run in range(runs) for alpha in np.linspace(0, 1, points)]
    return np.array(rows, [("line", f"S{len(kind)}"), ("level", "u8"), ("run", "S5"), ("density", "f8"), ("alpha", "f8"),
                           ("test_accuracy", "f8")])


def write_landscape(path, **tables):
    with h5py.File(path, "w") as file:
        file.attrs["format"] = np.bytes_("ltlab-landscape")
        for name, rows in tables.items():
            file[name] = rows


def write_level(folder, level, **changed):
    folder.mkdir(parents=True, exist_ok=True)
    attributes = {"density": 0.8**level, "early_stop_step": 50, "steps": 60, "test_accuracy": 0.9,
                  "early_stop_test_accuracy": 0.9}
    with h5py.File(folder / f"level-{level:03}.h5", "w") as file:
        file.attrs.update(attributes | changed)


class BarriersTest(unittest.TestCase):
    def test_the_pairs_of_a_run_count_once(self):
        table = lines("copies", runs=3)
        table["run"][table["run"] == b"run-2"] = b"run-1"  # which then has two pairs
        _, mean, half = plot_landscape.barriers(table, "copies")
        for level in range(3):
            rises = [7.5 * (level + 1) * (run + 1) for run in range(3)]
            of_runs = [rises[0], (rises[1] + rises[2]) / 2]
            self.assertAlmostEqual(mean[level], np.mean(of_runs))
            self.assertAlmostEqual(half[level], 12.7062 * np.std(of_runs, ddof=1) / 2**0.5, places=3)


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)


class PicturesTest(FolderTest):
    def test_no_curve_or_interval_crosses_a_legend(self):
        for kinds in (["training"], ["pruning", "copies", "runs"]):
            tables = np.concatenate([lines(kind) for kind in kinds])
            figure = plot_landscape.plot(tables, None)
            figure.draw_without_rendering()
            axes = figure.axes[0]
            self.assertFalse(axes.get_legend().get_window_extent().overlaps(axes.get_window_extent()), kinds)
            self.assertGreaterEqual(axes.get_legend().get_window_extent().y0, 0)

    def test_files_of_other_kinds_are_drawn_together(self):
        """Names of lines are as long as the longest of each file."""
        paths = [self.folder / f"{kind}.h5" for kind in ("runs", "copies", "training")]
        for path in paths:
            write_landscape(path, lines=lines(path.stem))
        tables = plot_landscape.read_tables(paths)[0]
        self.assertEqual(sorted(set(tables["line"])), [b"copies", b"runs", b"training"])
        self.assertEqual(len(plot_landscape.plot(tables, None).axes), 2)

    def test_bands_stay_where_values_can_be(self):
        """Of two seeds the t-interval is 12.7 standard errors wide."""
        for seed, stop in enumerate((10, 60)):
            for level in range(2):
                write_level(self.folder / f"replicate-{seed}", level, early_stop_step=stop, test_accuracy=0.99 - 0.2 * seed)
            h5py.File(self.folder / f"replicate-{seed}" / "run.h5", "w").close()
        replicates = [plot_search.read_levels(folder) for folder in plot_search.replicate_folders(self.folder)]
        figure = plot_search.plot({plot_search.branches_in([])[0]: replicates}, 2)
        steps, accuracy = ([path.vertices[:, 1] for band in axes.collections for path in band.get_paths()]
                           for axes in figure.axes)
        self.assertEqual([(min(ys), max(ys)) for ys in steps], [(0, 0.06)])
        self.assertTrue(all(0 <= min(ys) and max(ys) <= 100 for ys in accuracy))


class SentencesTest(FolderTest):
    def check_sentence(self, name, *words, given="", status=3):
        """The script ends as its process would; a warning would be told as more lines."""
        told = io.StringIO()
        with mock.patch("sys.argv", [name, *words]), mock.patch("sys.stdin", io.StringIO(given)), \
                contextlib.redirect_stderr(told), self.assertRaises(SystemExit) as ended, warnings.catch_warnings():
            warnings.simplefilter("error")
            script_errors.run_script(name, MAINS[name])
        self.assertEqual(ended.exception.code, status, told.getvalue())
        self.assertRegex(told.getvalue(), rf"\A{name}: .+\n\Z")

    def odd_files(self):
        """Names of files that are nothing that a script reads."""
        (self.folder / "empty").touch()
        (self.folder / "text").write_text("<html>")
        (self.folder / "list.json").write_text("[1, 2]")
        (self.folder / "other.json").write_text('{"variants": [{"name": "a", "results": [{}]}]}')
        (self.folder / "none.json").write_text('{"variants": []}')
        os.mkfifo(self.folder / "pipe")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["lines"] = [1.0, 2.0]
        write_landscape(self.folder / "nothing.h5")
        write_landscape(self.folder / "group.h5", lines=np.zeros(3))
        write_landscape(self.folder / "fields.h5", lines=np.zeros(2, [("line", "S4"), ("level", "u8")]))
        write_landscape(self.folder / "uneven.h5", lines=lines("copies")[:-1])
        with h5py.File(self.folder / "run.h5", "w") as file:
            file.attrs["format"] = [1.0, 2.0]
        for name, attributes in {"half.h5": {"format": b"ltlab-run", "format_version": 1}, "level-000.h5": {
                "format": b"ltlab-run", "format_version": 1, "kind": b"level"}}.items():
            with h5py.File(self.folder / name, "w") as file:
                file.attrs.update({key: np.bytes_(value) if isinstance(value, bytes) else value
                                   for key, value in attributes.items()})
        return sorted(path.name for path in self.folder.iterdir()) + ["missing", "."]

    def test_files_that_are_something_else(self):
        for name in self.odd_files():
            for script in ("plot_landscape.py", "plot_comparison.py", "plot_search.py", "plot_study.py"):
                with self.subTest(script=script, file=name):
                    self.check_sentence(script, name, "-o", "out.png")
            with self.subTest(script="ltlab_io.py", file=name):
                self.check_sentence("ltlab_io.py", "extract", name, "out.h5")
        self.check_sentence("plot_comparison.py", "-", "-o", "out.png", given="{}")

    def test_outputs_that_cannot_be(self):
        write_landscape(self.folder / "lines.h5", lines=lines("copies"))
        for output in ("out.unknown", "missing/out.png"):
            self.check_sentence("plot_landscape.py", "lines.h5", "-o", output)

    def test_runs_without_accuracies_or_levels(self):
        h5py.File(self.folder / "run.h5", "w").close()
        self.check_sentence("plot_search.py", ".", "-o", "out.png")
        write_level(self.folder, 0, test_accuracy=np.nan)
        self.check_sentence("plot_search.py", ".", "-o", "out.png")
        write_level(self.folder, 0, test_accuracy=[1.0, 2.0])
        self.check_sentence("plot_search.py", ".", "-o", "out.png")

    def test_claims_of_more_than_is_stored(self):
        """A chunked array of a terabyte takes no place until something is written."""
        text = {name: np.bytes_(value) for name, value in {"format": "ltlab-run", "kind": "level", "branch": "ticket"}.items()}
        for name, shape in {"large.h5": (2**20, 2**20), "deep.h5": None}.items():
            with h5py.File(self.folder / name, "w") as file:
                file.attrs.update(text | {"format_version": 1, "level": 0, "first_step": 0})
                if shape:
                    file.create_dataset("mask/fc1.weight", shape, "u1", chunks=(1024, 1024)).attrs["position"] = 0
                else:
                    file.create_group("mask/" + "/".join("a" * 5000))
            self.check_sentence("ltlab_io.py", "export-pytorch", name, "out.pt")


if __name__ == "__main__":
    unittest.main()
