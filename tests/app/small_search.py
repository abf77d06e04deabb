"""Small searches, for end-to-end tests whose first arguments are LTLAB DATA_FOLDER."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

LTLAB = os.environ["LTLAB"] = os.path.abspath(sys.argv[1])  # scripts ask it, too
DATA = pathlib.Path(os.environ.get("LTLAB_DATA", sys.argv[2]))
HAS_MNIST = (DATA / "mnist").is_dir()
SLOWDOWN = int(os.environ.get("LTLAB_SLOWDOWN", 1))  # of a program under sanitizers, whose searches last as long with fewer steps

SMALL = {"--data": "embedded", "--embedded-train": 1500, "--embedded-test": 300, "--validation": 300,
         "--model": "mlp:784-40-10", "--steps": 300, "--batch": 20, "--validate-every": 50, "--levels": 3, "--rate": 0.5}


def small(changes):
    """Arguments of a small search, with changes: ["--steps", 5, "--resume"]."""
    values, flags, words = dict(SMALL), [], list(changes)
    while words:
        word = words.pop(0)
        if words and not str(words[0]).startswith("--"):
            values[word] = words.pop(0)
        else:
            flags.append(word)
    if values["--data"] != "embedded":
        values = {name: value for name, value in values.items() if not name.startswith("--embedded")}
    return [str(word) for item in values.items() for word in item] + flags


def run(*arguments, data=DATA, **options):
    environment = dict(os.environ, LTLAB_DATA=str(data))
    return subprocess.run([LTLAB, *map(str, arguments)], capture_output=True, text=True, env=environment, **options)


def write_mnist(folder):
    """Files as MNIST's, of few images: bright where their label says."""
    folder.mkdir(parents=True)
    for part, size in (("train", 400), ("t10k", 60)):
        labels = bytes(i % 10 for i in range(size))
        images = b"".join(bytes(255 if pixel // 78 == label else 0 for pixel in range(784)) for label in labels)
        extents = b"".join(n.to_bytes(4, "big") for n in (size, 28, 28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + extents + images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + extents[:4] + labels)


def contents(folder, with_kernels=False):
    """Every dataset of every file below, as bytes; wall-clock columns left out, and the measured kernels unless wanted."""
    import h5py
    import numpy

    result = {}
    for path in sorted(folder.rglob("*.h5")):
        with h5py.File(path) as file:
            def visit(name, item):
                if not isinstance(item, h5py.Dataset) or (name == "kernels" and not with_kernels):
                    return
                value = item[()]
                if name == "metrics":
                    value = numpy.stack([value[n].astype("f8") for n in value.dtype.names if n != "wall_seconds"])
                result[f"{path.relative_to(folder)}/{name}"] = value.tobytes()
            file.visititems(visit)
    return result


class SearchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def search(self, out, *arguments, **options):
        return run("search", *small(arguments), "--out", self.folder / out, **options)

    def check_refused(self, result, status, *words):
        self.assertEqual(result.returncode, status, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
