#!/usr/bin/env python3
"""Tests `ltlab data` as a user runs it. usage: data_command_test.py LTLAB SHARED_DATA

Where MNIST is found in $LTLAB_DATA or SHARED_DATA, it is also fetched, from a web server on loopback.
"""
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

LTLAB = SHARED_DATA = None
MNIST_FILES = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


def find_mnist():
    """The folder of the four files of MNIST, gzip'd, or None."""
    for directory in (os.environ.get("LTLAB_DATA"), SHARED_DATA):
        for folder in (pathlib.Path(directory or ".") / "mnist", pathlib.Path(directory or ".")):
            if all((folder / f"{name}.gz").is_file() for name in MNIST_FILES):
                return folder
    return None


def write_sample(folder):
    """A made-up Fashion-MNIST of 30 + 10 images of 4 x 5 pixels, some files gzip'd and some not."""
    folder.mkdir(parents=True)
    for part, count in (("train", 30), ("t10k", 10)):
        images = struct.pack(">4I", 0x803, count, 4, 5) + bytes(i * 7 % 256 for i in range(count * 20))
        labels = struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)


class WebServer:
    def __init__(self, folder):
        self.log = folder / "requests.log"
        script = pathlib.Path(__file__).parent / "web_server.py"
        self.process = subprocess.Popen([sys.executable, "-B", script, folder, self.log], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.address = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()  # closes its input, so that it ends


class DataCommand(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)

    def run_data(self, *arguments, status=0):
        environment = {**os.environ, "LTLAB_DATA": str(self.folder / "data"), "HOME": str(self.folder),
                       "XDG_CACHE_HOME": "", "no_proxy": "127.0.0.1"}
        done = subprocess.run([LTLAB, "data", *map(str, arguments)], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_help_and_usage(self):
        self.assertIn("ltlab data fetch NAME", self.run_data("--help"))
        self.assertIn("list, info, fetch or verify", self.run_data(status=2))
        self.assertIn("did you mean 'fetch'", self.run_data("fetsh", "mnist", status=2))
        self.assertIn("did you mean 'mnist'", self.run_data("info", "mnits", status=2))
        self.assertIn("did you mean 'mirror'", self.run_data("fetch", "mnist", "--miror", "x", status=2))
        self.assertIn("name a source", self.run_data("info", status=2))
        self.assertIn("--validation takes a whole number", self.run_data("info", "embedded", "--validation", -1, status=2))
        self.assertIn("needs no fetching", self.run_data("fetch", "embedded", status=2))

    def test_list_says_where_data_are(self):
        self.assertRegex(self.run_data("list"), r"(?s)embedded +built in.*fashion-mnist +not found.*cifar10 +not found")
        write_sample(self.folder / "data" / "fashion-mnist")
        self.assertRegex(self.run_data("list"), f"fashion-mnist +in {self.folder}/data/fashion-mnist\n")
        (self.folder / "data" / "fashion-mnist" / "t10k-labels-idx1-ubyte").unlink()
        self.assertIn("lacks t10k-labels-idx1-ubyte.gz", self.run_data("list"))

    def test_info(self):
        write_sample(self.folder / "files")
        self.assertIn("no fashion-mnist in", self.run_data("info", "fashion-mnist", status=5))
        arguments = ("info", "fashion-mnist", "--data-dir", "files", "--validation", 6)
        text = self.run_data(*arguments)
        self.assertRegex(text, r"images +30 training, 10 test")
        self.assertRegex(text, r"split +24 training, 6 validation, seed 0")
        told = json.loads(self.run_data(*arguments, "--json"))
        self.assertEqual(told["image"], {"channels": 1, "height": 4, "width": 5})
        self.assertEqual(told["train_per_class"], [3] * 10)
        self.assertEqual(told["split"], {"seed": 0, "training": 24, "validation": 6})
        self.assertIn(told["fingerprint"], text)
        self.assertIn("choose fewer by --validation", self.run_data("info", "fashion-mnist", "--data-dir", "files"))

    def test_options_are_named_as_those_of_a_search(self):
        arguments = ("info", "embedded", "--json", "--validation", 5000)
        told = [json.loads(self.run_data(*arguments, "--data-seed", seed)) for seed in (0, 1)]
        self.assertEqual([each["split"]["seed"] for each in told], [0, 1])
        self.assertNotEqual(told[0]["fingerprint"], told[1]["fingerprint"])  # the search draws others, too
        for old in ("--dir", "--split-seed"):
            self.assertIn("unknown option", self.run_data("info", "embedded", old, 1, status=2))

    def test_verify_tells_which_files_are_not_the_published_ones(self):
        folder = self.folder / "data" / "fashion-mnist"
        write_sample(folder)
        message = self.run_data("verify", "fashion-mnist", status=3)
        self.assertIn("2 of 4 files of fashion-mnist are not the published ones", message)
        images = folder / "train-images-idx3-ubyte.gz"
        images.write_bytes(images.read_bytes()[:-9])
        self.assertIn(f"'{images}' is a truncated gzip file", self.run_data("verify", "fashion-mnist", status=3))

    def test_verify_embedded(self):
        self.assertIn("read whole, 60000 + 10000 images", self.run_data("verify", "embedded"))

    def test_fetch_faults(self):
        served = self.folder / "served"
        write_sample(served)
        with WebServer(served) as server:
            message = self.run_data("fetch", "mnist", "--mirror", f"{server.address}/plain", status=3)
            self.assertIn("is not the published file", message)
            self.assertEqual(list((self.folder / "data" / "mnist").iterdir()), [])
            message = self.run_data("fetch", "cifar10", "--mirror", f"{server.address}/plain", status=5)
            self.assertIn("HTTP status 404", message)
        message = self.run_data("fetch", "mnist", "--mirror", f"{server.address}/plain", status=5)
        self.assertIn("check the network", message)

    def test_fetch_mnist(self):
        mnist = find_mnist()
        if mnist is None:
            self.skipTest("no MNIST")
        served = self.folder / "served"
        served.mkdir()
        for name in MNIST_FILES:
            shutil.copy(mnist / f"{name}.gz", served)
        with WebServer(served) as server:
            part = self.folder / "data" / "mnist" / "train-images-idx3-ubyte.gz.part"
            part.parent.mkdir(parents=True)
            part.write_bytes((served / "train-images-idx3-ubyte.gz").read_bytes()[:4_000_000])
            text = self.run_data("fetch", "mnist", "--mirror", f"{server.address}/plain")
            self.assertEqual(text.count("fetched, verified"), 4)
            self.assertIn("plain train-images-idx3-ubyte.gz 4000000\n", server.log.read_text())
            text = self.run_data("fetch", "mnist", "--mirror", f"{server.address}/plain")
            self.assertEqual(text.count("was there, verified"), 4)
        self.assertEqual(self.run_data("verify", "mnist").count("the published file"), 4)


if __name__ == "__main__":
    LTLAB, SHARED_DATA = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
