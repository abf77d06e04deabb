"""A folder of files of torch, for tests whose arguments are SCRIPTS_DIR LTLAB; where there is no torch they are skipped."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import torch
    from torch import nn
except ImportError:
    print("skipped: no torch")
    sys.exit(0)

SCRIPTS, LTLAB = Path(sys.argv.pop(1)).resolve(), os.path.abspath(sys.argv.pop(1))
os.environ["LTLAB"] = LTLAB
sys.path.insert(0, str(SCRIPTS))
import ltlab_io  # noqa: E402


def script(*words, folder):
    command = [sys.executable, "-B", SCRIPTS / "ltlab_io.py", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)


def verify(folder):
    result = subprocess.run([LTLAB, "verify", str(folder)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def mlp(*widths):
    """Linear layers with ReLUs between."""
    torch.manual_seed(1)
    layers = [layer for a, b in zip(widths, widths[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)

    def save(self, state, name="state.pt", legacy=False):
        torch.save(state, self.folder / name, _use_new_zipfile_serialization=not legacy)
        return self.folder / name

    def imported(self, document, initial=None):
        """The run of an import from a file of each format, which ltlab verifies; both are the same."""
        runs = []
        for legacy in (False, True):
            folder = self.folder / f"run-{len(list(self.folder.iterdir()))}"
            loaded = [ltlab_io.load_state_dict(self.save(each, legacy=legacy)) if each is not None else None
                      for each in (document, initial)]
            ltlab_io.import_pytorch(loaded[0], folder, loaded[1])
            verify(folder)
            runs.append(ltlab_io.read_run(folder))
        levels = [run.level(0) for run in runs]
        self.assertEqual(*[list(level.weights) for level in levels])
        for name, values in levels[0].weights.items():
            self.assertEqual(values.tobytes(), levels[1].weights[name].tobytes())
        return runs[0]

    def refused(self, content, message=""):
        """A file of these bytes, which the script refuses by a sentence in one line."""
        path = self.folder / "hostile.pt"
        path.write_bytes(content)
        with self.assertRaisesRegex(ltlab_io.RunError, message) as caught:
            ltlab_io.import_pytorch(ltlab_io.load_state_dict(path), self.folder / "run")
        self.assertFalse((self.folder / "run").exists())
        self.assertLess(len(str(caught.exception)), 600)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)
