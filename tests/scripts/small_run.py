"""A small search and ways to read it, for tests whose arguments are SCRIPTS_DIR LTLAB."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS, LTLAB = Path(sys.argv.pop(1)), sys.argv.pop(1)
os.environ["LTLAB"] = LTLAB
sys.path.insert(0, str(SCRIPTS))

HASTY = ["--validation", "100", "--batch", "20", "--rate", "0.5", "--kernel", "sparse"]
TRAINING = [*HASTY, "--steps", "60", "--validate-every", "20", "--levels", "2"]
SMALL = TRAINING + ["--data", "embedded", "--embedded-train", "600", "--embedded-test", "100"]


def ltlab(*words):
    result = subprocess.run([LTLAB, *map(str, words)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def script(*words, **options):
    command = [sys.executable, "-B", SCRIPTS / "ltlab_io.py", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, **options)


class RunTest(unittest.TestCase):
    """Has a small search, made once for all: two replicates with both controls."""

    folder = Path(tempfile.mkdtemp())
    search = folder / "search"


def make_search():
    unittest.addModuleCleanup(shutil.rmtree, RunTest.folder)
    ltlab("search", *SMALL, "--model", "mlp:784-20-10", "--replicates", 2, "--control", "random-reinit,random-mask",
          "--out", RunTest.search)
