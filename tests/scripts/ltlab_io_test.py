"""Tests scripts/ltlab_io.py on runs made by ltlab. Usage: ltlab_io_test.py SCRIPTS_DIR LTLAB"""

import json
import os
import resource
import shutil
import subprocess
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from small_run import HASTY, LTLAB, SCRIPTS, RunTest, ltlab, make_search, script  # finds the scripts

import ltlab_io
import ltlab_runs

COPYING = ("extract", "export-pytorch") if find_spec("torch") else ("extract",)  # commands that write what a level holds


def datasets_of(path):
    """Names of all datasets in a file."""
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def setUpModule():
    make_search()


class ReadTest(RunTest):
    def test_table_has_a_row_for_every_level(self):
        table = ltlab_io.read_run(self.search).table()
        self.assertEqual(len(table), 2 * (3 + 2 + 2))
        row = table[(table.run == "replicate-1/random-mask-0") & (table.level == 2)].iloc[0]
        with h5py.File(self.search / "replicate-1/random-mask-0/level-002.h5") as file:
            self.assertEqual(row.test_accuracy, file.attrs["test_accuracy"])
            self.assertEqual(row.branch, "random-mask")
            self.assertEqual(row.config_sha256, file.attrs["config_sha256"].decode())

    def test_levels_are_what_h5py_reads(self):
        run = ltlab_io.read_run(self.search / "replicate-0" / "run.h5")
        self.assertEqual(run.levels, [0, 1, 2])
        self.assertEqual(run.members, ["random-mask-0", "random-reinit-0"])
        level = run.level(1)
        with h5py.File(self.search / "replicate-0/level-001.h5") as file:
            np.testing.assert_array_equal(level.masks["fc1.weight"], file["mask/fc1.weight"][:] == 1)
            np.testing.assert_array_equal(level.weights["fc2.bias"], file["weights/fc2.bias"][:])
            self.assertEqual(list(level.metrics.step), list(file["metrics"]["step"]))
        self.assertEqual(list(level.weights), ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])
        self.assertEqual(set(level.kernels.kernel), {"sparse"})

    def test_predictions_are_those_of_the_level(self):
        level = ltlab_io.read_run(self.search / "replicate-0").level(2)
        with h5py.File(self.search / "replicate-0/level-002.h5") as file:
            for name, count in (("test", 100), ("validation", 100)):
                rows = level.predictions[level.predictions.set == name]
                self.assertEqual(list(rows.image), list(range(count)))
                np.testing.assert_array_equal(rows["class"], file[f"predictions/{name}_class"])
                np.testing.assert_array_equal(rows["probability"], file[f"predictions/{name}_probability"])
                self.assertEqual(file[f"predictions/{name}_class"].dtype, np.uint8)
                self.assertGreaterEqual(rows["probability"].min(), 0.0999)

    def test_initial_weights_of_tickets_and_controls(self):
        run = ltlab_io.read_run(self.search / "replicate-0")
        mask = run.level(2).masks["fc1.weight"]
        np.testing.assert_array_equal(run.initial_weights(2)["fc1.weight"], np.where(mask, run.init["fc1.weight"], 0))
        control = run.member("random-mask-0")
        mask = control.level(2).masks["fc1.weight"]
        np.testing.assert_array_equal(control.initial_weights(2)["fc1.weight"],
                                      np.where(mask, run.init["fc1.weight"], 0))
        fresh = run.member("random-reinit-0").initial_weights(2)["fc1.weight"]
        self.assertFalse((fresh == run.initial_weights(2)["fc1.weight"]).all())

    def test_digests_are_ltlabs(self):
        for path in self.search.rglob("*.h5"):
            with h5py.File(path) as file:
                self.assertEqual(ltlab_io.content_digest(file), file.attrs["content_sha256"].decode(), path)

    def test_an_extracted_level_stands_alone(self):
        run = ltlab_io.read_run(self.search / "replicate-0")
        for member, number in (("", 2), ("random-mask-0", 1), ("random-reinit-0", 2)):
            of = run.member(member) if member else run
            path = self.folder / "alone.h5"
            result = script("extract", of.folder / f"level-{number:03}.h5", path)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            level = ltlab_io.read_level(path)
            self.assertEqual(level.attributes["config"], run.attributes["config"])
            for name, values in of.initial_weights(number).items():
                self.assertEqual(values.tobytes(), level.initial[name].tobytes())
            self.assertEqual(level.weights["fc1.weight"].tobytes(), of.level(number).weights["fc1.weight"].tobytes())
            ltlab("verify", path)
            layers = [json.loads(ltlab("inspect", file, "--json"))["levels"][0]["layers"]
                      for file in (path, of.folder / f"level-{number:03}.h5")]
            self.assertEqual(layers[0][0]["weights_before"], layers[1][0]["weights_before"])
            self.assertIsNotNone(layers[0][0]["effective_survivors"])
            self.assertEqual(layers[0][0]["effective_survivors"], layers[1][0]["effective_survivors"])

    def test_a_level_that_is_not_there(self):
        with self.assertRaisesRegex(ltlab_io.RunError, "has no level 99; it has 0, 1, 2$"):
            ltlab_io.read_run(self.search / "replicate-0").level(99)

    def test_says_what_is_wrong(self):
        for path, message in ((self.folder / "none", "name a run folder"),
                              (self.search / "replicate-0/level-001.h5", "no run or collection")):
            folder = self.folder / "wrong"
            folder.mkdir(exist_ok=True)
            if path.is_file():
                (folder / "run.h5").write_bytes(path.read_bytes())
                path = folder
            with self.assertRaisesRegex(ltlab_io.RunError, message):
                ltlab_io.read_run(path)

    def copy_of_ticket(self, name):
        copy = self.folder / name
        shutil.copytree(self.search / "replicate-0", copy)
        return copy

    def check_sentence(self, status, message, *words, **options):
        result = script(*words, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertRegex(result.stderr, rf"\Altlab_io.py: .*{message}.*\n\Z")

    def test_what_does_not_match_its_digest_is_not_passed_on(self):
        level = self.copy_of_ticket("changed") / "level-001.h5"
        with h5py.File(level, "r+") as file:
            file["weights/fc1.bias"][...] = file["weights/fc1.bias"][:] + 1
        for command in COPYING:
            self.check_sentence(3, "SHA-256", command, level, self.folder / "passed-on")
        with self.assertRaisesRegex(ltlab_io.RunError, "SHA-256"):
            ltlab_io.read_run(level.parent).level(1)
        self.assertFalse((self.folder / "passed-on").exists())

    def test_links_lead_nowhere(self):
        """Links are no part of the digest, which stays right: nothing is read through one, were it to a pipe."""
        os.mkfifo(self.folder / "pipe")
        for number, (name, link) in enumerate((("unmasked", h5py.ExternalLink(str(self.folder / "pipe"), "/x")),
                                               ("weights/more", h5py.ExternalLink("level-000.h5", "/weights/fc1.weight")),
                                               ("initial", h5py.SoftLink("/weights")),
                                               ("weights/more", h5py.SoftLink("/weights/fc1.weight")))):
            level = self.copy_of_ticket(f"linked-{number}") / "level-001.h5"
            with h5py.File(level, "r+") as file:
                file[name] = link
            for command in COPYING:
                self.check_sentence(3, "no array or group of this file", command, level, self.folder / "passed-on")

    def test_a_level_beside_another_run_is_not_completed_by_it(self):
        copy = self.copy_of_ticket("mixed")
        shutil.copy(self.search / "replicate-1" / "level-001.h5", copy)
        self.check_sentence(3, "no level of the run beside it", "extract", copy / "level-001.h5", self.folder / "mixed.h5")

    def test_files_of_a_run_are_not_written_over(self):
        copy = self.copy_of_ticket("whole")
        level, before = copy / "level-001.h5", (copy / "level-001.h5").read_bytes()
        for command in COPYING:
            self.check_sentence(3, "among the files of a run", command, level, level)
            os.mkfifo(self.folder / f"{command}-pipe")
            self.check_sentence(3, "no ordinary file", command, level, self.folder / f"{command}-pipe")
        self.assertEqual(level.read_bytes(), before)
        ltlab("verify", copy)

    def test_a_full_disk_leaves_what_was_there(self):
        out, level = self.folder / "full.out", self.search / "replicate-0" / "level-001.h5"
        small_files = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))}
        for command in COPYING:
            out.write_text("precious")
            self.check_sentence(5, "", command, level, out, **small_files)
            self.assertEqual(out.read_text(), "precious")
        self.assertEqual([path.name for path in self.folder.glob("full.out?*")], [])

    def test_paths_of_any_bytes(self):
        data = os.fsencode(self.folder) + b"/n\xe9.h5"
        with h5py.File(data, "w") as file:
            file["x"], file["y"] = np.random.default_rng(0).random((300, 6), np.float32), np.arange(300) % 2
        subprocess.run([LTLAB, "search", "--data", b"h5:" + data + b":/x,/y", "--model", "mlp:6-4-2", *HASTY, "--steps", "4",
                        "--levels", "1", "--out", self.folder / "bytes"], check=True, capture_output=True)
        result = script("extract", self.folder / "bytes/level-001.h5", self.folder / "bytes.h5")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        ltlab("verify", self.folder / "bytes.h5")


class WithoutOurCodeTest(RunTest):
    """Every dataset, by h5dump, h5py and pandas alone."""

    def test_h5py_and_pandas(self):
        datasets = [(path, name) for path in sorted(self.search.rglob("*.h5")) for name in datasets_of(path)]
        self.assertGreater(len(datasets), 100)
        for path, name in datasets:
            with h5py.File(path) as file:
                values = file[name][()]
            if values.dtype.names or values.ndim == 1:
                self.assertEqual(len(pd.DataFrame(values)), len(values))
            elif values.ndim > 1:
                self.assertEqual(pd.DataFrame(values.reshape(len(values), -1)).size, values.size)

    def test_h5dump(self):
        try:
            subprocess.run(["h5dump", "--version"], capture_output=True)
        except FileNotFoundError:
            self.skipTest("skipped: no h5dump")
        for path in sorted(self.search.glob("replicate-0/**/*.h5")):
            names = datasets_of(path)
            with h5py.File(path) as file:
                masks = {name: file[name][:] for name in names if name.startswith("mask/")}
            words = [word for name in names for word in ("-d", f"/{name}")]
            result = subprocess.run(["h5dump", "-y", "-w", "0", *words, path], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""), path)
            for name, mask in masks.items():
                text = subprocess.run(["h5dump", "-y", "-w", "0", "-d", f"/{name}", path], capture_output=True,
                                      text=True).stdout
                numbers = text[text.index("DATA {") + 6:text.index("}", text.index("DATA {"))]
                np.testing.assert_array_equal(np.array(numbers.replace("\n", " ").split(","), int), mask.ravel())


class WriterTest(unittest.TestCase):
    """Files appear whole or not at all."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_what_the_disk_does_not_keep_is_no_file(self):
        """As where closing fails, or writes are lost: a file of no bytes, of half of them, or with another content."""
        for damage in (lambda path: path.write_bytes(b""), lambda path: os.truncate(path, path.stat().st_size // 2),
                       lambda path: h5py.File(path, "r+").attrs.modify("seed", 2)):
            with self.assertRaisesRegex(OSError, "did not keep") as caught, ltlab_runs.writing(
                    self.folder / "level-000.h5", "level") as file:
                file.attrs["seed"] = 1
                close = file.close
                file.close = lambda: (close(), damage(self.folder / "level-000.h5.tmp"))
            self.assertEqual(caught.exception.errno, 5)
            self.assertEqual(list(self.folder.iterdir()), [])

    def test_no_link_is_followed(self):
        victim = self.folder / "victim"
        victim.write_text("mine")
        (self.folder / "level-000.h5.tmp").symlink_to(victim)
        with ltlab_runs.writing(self.folder / "level-000.h5", "level"):
            pass
        self.assertEqual(victim.read_text(), "mine")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["level-000.h5", "victim"])


class ReferenceTest(unittest.TestCase):
    """The tickets under masks/reference/."""

    FOLDER = SCRIPTS.parent / "masks" / "reference"

    def test_whole_and_small(self):
        paths = sorted(self.FOLDER.glob("*.h5"))
        self.assertEqual([path.stem for path in paths], ["lenet-mnist-01.85", "lenet-mnist-10.83"])
        self.assertLess(sum(path.stat().st_size for path in paths), 1_000_000)
        for path in paths:
            ltlab("verify", path)
            level = ltlab_io.read_level(path)
            self.assertEqual(f"{100 * level.attributes['density']:05.2f}", path.stem[-5:])
            self.assertGreater(level.attributes["test_accuracy"], 0.978)
            for name, mask in level.masks.items():
                self.assertTrue((level.initial[name][mask] != 0).all())
                self.assertTrue((level.initial[name][~mask] == 0).all())


if __name__ == "__main__":
    unittest.main()
