"""Small comparisons, for end-to-end tests whose argument is LTLAB."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

LTLAB = os.path.abspath(sys.argv.pop(1))

BASE = """
data = embedded
embedded-train = 1200
embedded-test = 300
validation = 200
model = mlp:784-20-10
steps = 60
batch = 20
validate-every = 20
levels = 3
rate = 0.5
replicates = 4
kernel = sparse
"""


def run(*arguments):
    return subprocess.run([LTLAB, *map(str, arguments)], capture_output=True, text=True)


def modification_times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="methods.cfg"):
        path = self.folder / name
        path.write_text(text)
        return path

    def check_refused(self, result, *words, status=2):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr)
