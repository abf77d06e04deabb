"""End-to-end tests of what `ltlab search` resumes, and of what it finds in its folder: usage: search_resume_test.py LTLAB
DATA_FOLDER [CLASS...]"""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

from small_search import LTLAB, SLOWDOWN, SearchTest, contents, run, small, write_mnist


class Interruptions(SearchTest):
    def test_killed_at_random_moments_and_resumed(self):
        whole = ["--control", "random-reinit", "--replicates", 2, "--steps", 4000 // SLOWDOWN, "--kernel", "sparse", "--rewind", 100]
        self.assertEqual(self.search("whole", *whole).returncode, 0)
        kills = 0
        moments = random.Random(1)
        for attempt in range(200):
            process = subprocess.Popen([LTLAB, "search", *small(whole), "--resume", "--out", self.folder / "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            patience = moments.uniform(0.1, 0.6) if kills < 6 else 120
            try:
                _, errors = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                continue
            self.assertEqual(process.returncode, 0, errors)
            break
        self.assertGreaterEqual(kills, 3)
        expected, found = contents(self.folder / "whole"), contents(self.folder / "killed")
        self.assertEqual(expected.keys(), found.keys())
        for name, value in expected.items():
            self.assertEqual(value, found[name], name)
        self.assertEqual(run("verify", self.folder / "killed").returncode, 0)

    def test_measured_kernels_are_replayed_after_a_kill(self):
        """Two ends of one killed search: the level under way gets the same bits in both, by the kernels first chosen."""
        import h5py

        command = [LTLAB, "search", *small(["--steps", 20000 // SLOWDOWN, "--levels", 2, "--kernel", "auto", "--workers", 1])]
        folder, copy = self.folder / "run", self.folder / "copy"
        checkpoint = folder / "level-001.partial.h5"
        moments = random.Random(3)

        def run_until(stop_signal, patience):
            process = subprocess.Popen([*command, "--resume", "--out", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not checkpoint.exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(patience)
            process.send_signal(stop_signal)
            self.assertNotEqual(process.wait(), 0, "the search ended before it was stopped: give it more steps")
            with h5py.File(checkpoint) as file:
                return file.attrs["step"]

        run_until(signal.SIGKILL, moments.uniform(0, 0.2))
        patience = 0.2
        while run_until(signal.SIGINT, patience) == 0:  # a checkpoint within the level, for the next to go on from
            patience += 0.1
        for _ in range(3):
            self.assertGreater(run_until(signal.SIGKILL, moments.uniform(0, 0.3)), 0)
        shutil.copytree(folder, copy)
        for out in (folder, copy):
            self.assertEqual(run(*command[1:], "--resume", "--out", out).returncode, 0)
            self.assertEqual(run("verify", out).returncode, 0)
        here, there = contents(folder, with_kernels=True), contents(copy, with_kernels=True)
        # Among them the seconds measured for the choice, which no second measurement would repeat.
        self.assertIn("level-001.h5/kernels", here)
        for name in (name for name in here if name.startswith(("level-000.h5/", "level-001.h5/"))):
            self.assertEqual(here[name], there[name], name)

    def test_interrupt_saves_and_resumes(self):
        arguments = ["search", *small(["--steps", 20000 // SLOWDOWN, "--levels", 1]), "--out", str(self.folder / "run")]
        process = subprocess.Popen([LTLAB, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("--resume", errors)
        self.assertTrue(list((self.folder / "run").glob("level-*.h5")))
        resumed = run("search", "--resume", "--out", self.folder / "run", "--json")  # its settings come from the run
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(len(json.loads(resumed.stdout)["levels"]), 2)

    def test_pretraining_is_killed_and_resumed(self):
        import h5py

        write_mnist(self.folder / "mnist")
        arguments = ["--pretrain", 6000 // SLOWDOWN, "--pretrain-labels", "random", "--pretrain-data", "mnist", "--data-dir", self.folder,
                     "--validation", 100, "--levels", 1, "--kernel", "sparse", "--replicates", 2]
        whole = self.search("whole", *arguments, "--json")
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.assertEqual(set(json.loads(whole.stdout)["levels"][0]["branches"]), {"ticket"})
        process = subprocess.Popen([LTLAB, "search", *small(arguments), "--out", str(self.folder / "killed")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (self.folder / "killed/replicate-0/pretraining/run.h5").exists():
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 130, "pretraining ended before it was stopped: give it more steps")
        self.assertTrue((self.folder / "killed/replicate-0/pretraining/level-000.partial.h5").exists())
        resumed = run("search", "--resume", "--out", self.folder / "killed")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        expected, found = contents(self.folder / "whole"), contents(self.folder / "killed")
        self.assertEqual(expected, found)
        self.assertEqual(run("verify", self.folder / "killed").returncode, 0)
        with h5py.File(self.folder / "killed/replicate-0/run.h5") as file:
            self.assertEqual(file.attrs["init_origin"], b"pretraining/level-000.h5")
            self.assertEqual(file["pretraining"].attrs["dataset"], b"mnist")
            trained = file["pretraining/level-000/weights/fc1.weight"][:]
            self.assertTrue((file["init/fc1.weight"][:] == trained).all())


class Folders(SearchTest):
    def test_an_existing_run_is_never_overwritten_unasked(self):
        self.assertEqual(self.search("run", "--levels", 1).returncode, 0)
        before = contents(self.folder / "run")
        self.check_refused(self.search("run", "--levels", 1), 2, "holds a run already", "--resume", "--force")
        self.check_refused(self.search("run", "--steps", 301, "--resume"), 2, "steps: 300 before, 301 now")
        self.check_refused(self.search("run", "--replicates", 2, "--resume"), 2, "--replicates")
        self.assertEqual(contents(self.folder / "run"), before)
        (self.folder / "run" / "notes.txt").write_text("mine")
        self.assertEqual(self.search("run", "--levels", 1, "--seed", 5, "--force").returncode, 0)
        self.assertNotEqual(contents(self.folder / "run"), before)
        self.assertEqual((self.folder / "run" / "notes.txt").read_text(), "mine")

    def test_force_deletes_only_what_it_replaces_and_only_when_it_can(self):
        self.assertEqual(self.search("runs/inner", "--levels", 1).returncode, 0)
        self.assertEqual(self.search("runs", "--levels", 1).returncode, 0)
        before = contents(self.folder / "runs")
        self.check_refused(self.search("runs", "--force", "--model", "mlp:77-10"), 2, "mlp:784-")
        self.check_refused(self.search("runs", "--force", "--data", "mnist", "--data-dir", "/nonexistent"), 5)
        self.assertEqual(contents(self.folder / "runs"), before)
        self.assertEqual(self.search("runs", "--levels", 1, "--seed", 3, "--force").returncode, 0)
        self.assertTrue((self.folder / "runs/inner/run.h5").exists())

    def test_files_of_another_run_are_not_taken_for_results(self):
        self.assertEqual(self.search("run", "--levels", 1).returncode, 0)
        self.assertEqual(self.search("other", "--levels", 1, "--seed", 9).returncode, 0)
        shutil.copy(self.folder / "other/level-001.h5", self.folder / "run/level-001.h5")
        self.check_refused(self.search("run", "--levels", 1, "--resume"), 3, "another run")
        (self.folder / "run/run.h5").unlink()
        self.check_refused(self.search("run", "--levels", 1), 3, "no run.h5")

    def test_edited_figures_are_not_taken_for_results(self):
        import h5py

        self.assertEqual(self.search("run", "--levels", 1).returncode, 0)
        with h5py.File(self.folder / "run/level-001.h5", "r+") as file:
            file.attrs["test_accuracy"] = 0.99
        self.check_refused(self.search("run", "--levels", 1, "--resume"), 3, "level-001.h5", "SHA-256")

    def test_force_replaces_what_is_left_of_a_run(self):
        self.assertEqual(self.search("run", "--levels", 1, "--replicates", 2).returncode, 0)
        (self.folder / "run/run.h5").unlink()
        again = self.search("run", "--levels", 1, "--replicates", 2, "--seed", 7, "--force")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(run("verify", self.folder / "run").returncode, 0)

    def test_a_lost_run_file_of_a_collection_is_a_fault_and_made_again(self):
        self.assertEqual(self.search("run", "--levels", 1, "--replicates", 2).returncode, 0)
        run_file = self.folder / "run/run.h5"
        run_file.write_bytes(run_file.read_bytes()[:-100])
        self.check_refused(self.search("run", "--resume"), 3, "damaged", "move it away and make it again with --resume")
        run_file.unlink()
        result = run("verify", self.folder / "run")
        self.assertEqual(result.returncode, 3, result.stdout)
        self.assertIn("run.h5", result.stdout)
        self.check_refused(self.search("run"), 2, "holds a run already")
        resumed = run("search", "--resume", "--out", self.folder / "run", "--json")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(json.loads(resumed.stdout)["levels"][1]["branches"]["ticket"]["test_accuracy"]["n"], 2)
        verified = run("verify", self.folder / "run")
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_a_part_of_a_search_is_not_resumed_alone(self):
        self.assertEqual(self.search("run", "--levels", 1, "--replicates", 2, "--control", "random-mask").returncode, 0)
        for part in ("replicate-1", "replicate-1/", "replicate-0/random-mask-0"):
            refused = run("search", "--resume", "--out", f"{self.folder}/run/{part}")
            self.check_refused(refused, 2, "part of a search", f"--out {self.folder}/run\n")

    def test_one_search_a_folder(self):
        arguments = [LTLAB, "search", *small(["--steps", 20000]), "--out", str(self.folder / "run")]
        first = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            self.check_refused(self.search("run", "--force"), 2, "another process")
        finally:
            first.kill()
            first.wait()


class Resumptions(SearchTest):
    def test_resuming_to_another_end(self):
        self.assertEqual(self.search("run", "--levels", 1).returncode, 0)
        further = run("search", "--resume", "--out", self.folder / "run", "--target-density", 0.3, "--json")
        self.assertEqual(len(json.loads(further.stdout)["levels"]), 3)
        self.check_refused(run("search", "--resume", "--out", self.folder / "typo"), 2, "no run to resume")

    def test_what_is_recorded_is_not_left_out(self):
        whole = ["--levels", 2, "--control", "random-reinit,random-mask", "--trials", 2, "--replicates", 2, "--steps", 20]
        self.assertEqual(self.search("run", *whole).returncode, 0)
        before = contents(self.folder / "run")
        for option, value, *words in (("--levels", 1, "level-002.h5", "--levels"), ("--target-density", 0.7, "level-002.h5"),
                                      ("--control", "random-mask", "random-reinit-0", "--control"),
                                      ("--trials", 1, "random-mask-1", "--trials")):
            with self.subTest(option=option):
                refused = run("search", "--resume", "--out", self.folder / "run", option, value)
                self.check_refused(refused, 2, "recorded already", "leave out", *words)
        self.assertEqual(contents(self.folder / "run"), before)
        self.assertEqual(self.search("three", "--levels", 1, "--replicates", 3, "--steps", 20).returncode, 0)
        self.check_refused(run("search", "--resume", "--out", self.folder / "three", "--replicates", 2), 2, "replicate-2")

    def test_the_data_directory_is_remembered(self):
        for out, replicates in (("one", 1), ("two", 2)):
            with self.subTest(replicates=replicates):
                folder = self.folder / out
                write_mnist(folder / "data/mnist")

                def search(*arguments, data="/nonexistent"):
                    return run("search", *arguments, "--out", "run", cwd=folder, data=data)

                begun = search(*small(["--data", "mnist", "--validation", 100, "--levels", 1, "--replicates", replicates]),
                               "--data-dir", "data")
                self.assertEqual(begun.returncode, 0, begun.stderr)
                self.assertEqual(search("--resume", "--levels", 2).returncode, 0)
                (folder / "data").rename(folder / "moved")
                self.check_refused(search("--resume"), 5, "no mnist in /nonexistent")
                self.assertEqual(search("--resume", data="moved").returncode, 0)
                self.assertEqual(search("--resume", "--data-dir", "moved").returncode, 0)
                self.assertEqual(search("--resume", "--levels", 3).returncode, 0)
                self.assertEqual(run("verify", folder / "run").returncode, 0)

    def test_a_file_of_arrays_may_move(self):
        import h5py
        import numpy

        pixels = numpy.random.default_rng(1).random((120, 6), dtype="f4")
        for name, images in (("data", pixels), ("other", pixels[::-1])):
            (self.folder / name).mkdir()
            with h5py.File(self.folder / name / "arrays.h5", "w") as file:
                file["images"], file["labels"] = images, numpy.arange(120) % 2

        def search(*arguments, cwd=self.folder):
            return run("search", *arguments, "--out", self.folder / "run", cwd=cwd)

        begun = search("--data", "h5:data/arrays.h5:/images,/labels", "--model", "mlp:6-4-2", "--validation", 20,
                       "--steps", 10, "--batch", 10, "--levels", 1)
        self.assertEqual(begun.returncode, 0, begun.stderr)
        self.assertEqual(search("--resume", "--levels", 2, cwd="/").returncode, 0)
        (self.folder / "data").rename(self.folder / "moved")
        self.check_refused(search("--resume"), 5, "arrays.h5", "--data-dir")
        moved = search("--resume", "--data", "h5:moved/arrays.h5:/images,/labels")
        self.assertEqual(moved.returncode, 0, moved.stderr)
        self.assertEqual(search("--resume", "--levels", 3, cwd="/").returncode, 0)
        self.check_refused(search("--resume", "--data-dir", "other"), 3, "other data (fingerprint")
        (self.folder / "moved").rename(self.folder / "again")
        self.assertEqual(search("--resume", "--data-dir", "again").returncode, 0)
        self.check_refused(search("--resume", "--data", "h5:again/arrays.h5:/images,/other"), 2, "data: h5:arrays.h5:/images,/labels before")
        self.assertEqual(run("verify", self.folder / "run").returncode, 0)

    def test_retraining_and_epochs_are_resumed_with_the_run(self):
        import h5py

        arguments = ["--steps", "4ep", "--rewind", "1ep", "--retrain", "learning-rate", "--retrain-order", "original",
                     "--augment", "crop-flip", "--optimizer", "sgd", "--momentum", 0.9, "--schedule", "step",
                     "--milestones", "2ep,200it", "--levels", 1]
        self.assertEqual(self.search("run", *arguments).returncode, 0)
        resumed = run("search", "--resume", "--out", self.folder / "run", "--levels", 2, "--json")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        config = json.loads(resumed.stdout)["config"]
        for line in ("steps = 4ep", "rewind = 1ep", "milestones = 2ep,200", "retrain = learning-rate",
                     "retrain-order = original", "augment = crop-flip"):
            self.assertIn(line + "\n", config)
        with h5py.File(self.folder / "run/level-002.h5") as level:  # 1200 images in batches of 20
            self.assertEqual((level.attrs["first_step"], level.attrs["steps"]), (60, 240))
            self.assertIn("velocity", level["optimizer"])
        whole = self.search("whole", *arguments[:-1], 2)
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.check_refused(run("search", "--resume", "--out", self.folder / "run", "--rewind", 60), 2, "rewind: 1ep before, 60 now")
        self.check_refused(self.search("late", "--rewind", "5ep", "--steps", 300), 2, "--rewind must be below --steps")
        self.assertFalse((self.folder / "late").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
