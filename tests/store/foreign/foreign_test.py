"""Runs whose files other programs rewrote: h5repack, h5py, older and newer formats of HDF5.

usage: foreign_test.py LTLAB

`verify`, `inspect` and `search --resume` take them, or refuse them with a sentence and leave them as they were.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py

LTLAB = os.path.abspath(sys.argv[1])
SEARCH = ["search", "--data", "embedded", "--embedded-train", "300", "--embedded-test", "100", "--validation", "60",
          "--model", "mlp:784-12-10", "--steps", "20", "--batch", "20", "--validate-every", "10", "--rate", "0.5",
          "--kernel", "sparse", "--replicates", "1"]


def run(*arguments):
    return subprocess.run([LTLAB, *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=300)


def repacked(*options):
    def rewrite(source, target):
        subprocess.run(["h5repack", *options, source, target], check=True, capture_output=True)
    return rewrite


def copy_attributes(item, new):
    for name in item.attrs:
        new.attrs.create(name, item.attrs[name], dtype=item.attrs.get_id(name).dtype)


def copy_links(old, new):
    for name in old:
        link = old.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            new[name] = h5py.ExternalLink(link.filename, link.path)


def copied(low, high):
    """By h5py, object after object, into a file of other versions of the format."""
    def rewrite(source, target):
        with h5py.File(source) as old, h5py.File(target, "w", libver=(low, high)) as new:
            copy_attributes(old, new)
            copy_links(old, new)
            for name in old.keys() - new.keys():
                old.copy(name, new)
    return rewrite


def remade(low, high):
    """By h5py, array after array with its own type, since HDF5 does not copy a newer layout into an older format."""
    def rewrite(source, target):
        with h5py.File(source) as old, h5py.File(target, "w", libver=(low, high)) as new:
            def remake(name, item):
                if isinstance(item, h5py.Dataset):
                    values = item[()]
                    made = h5py.h5d.create(new.id, name.encode(), item.id.get_type(), item.id.get_space())
                    made.write(h5py.h5s.ALL, h5py.h5s.ALL, values, h5py.h5t.py_create(values.dtype))
                else:
                    new.require_group(name)
                copy_attributes(item, new[name])
            copy_attributes(old, new)
            old.visititems(remake)
            copy_links(old, new)
    return rewrite


def restated(source, target):
    """By h5py as by hand: the values alone, so that masks take 8 bits."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        new.attrs.update(old.attrs)

        def restate(name, item):
            if isinstance(item, h5py.Dataset):
                new[name] = item[()]
            else:
                new.require_group(name)
            new[name].attrs.update(item.attrs)
        old.visititems(restate)
        copy_links(old, new)


REWRITES = {
    "h5repack": repacked(), "h5repack plain": repacked("-f", "NONE"), "h5repack gzip": repacked("-f", "GZIP=9"),
    "h5repack contiguous": repacked("-f", "NONE", "-l", "CONTI"), "h5repack latest": repacked("-L"),
    "h5repack earliest": repacked("--low=0", "--high=2"),
    "h5py earliest": copied("earliest", "latest"), "h5py 1.8": remade("v108", "v108"),
    "h5py latest": copied("latest", "latest"), "h5py by hand": restated,
}
REFUSED = {"h5py by hand"}


def superblock(path):
    return path.read_bytes()[8]


class Foreign(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.whole = cls.folder / "whole"
        made = run(*SEARCH, "--levels", 2, "--control", "random-reinit", "--out", cls.whole)
        assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def rewritten(self, rewrite, pattern):
        folder = self.folder / "rewritten"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.whole, folder)
        for path in sorted(folder.rglob(pattern)):
            rewrite(path, path.with_suffix(".new"))
            path.with_suffix(".new").rename(path)
        return folder

    def check_taken(self, result):
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def check_refused(self, result, folder, before):
        self.assertEqual(result.returncode, 3, result.stdout + result.stderr)
        self.assertIn("SHA-256", result.stdout + result.stderr)
        changed = [path for path, content in before.items() if path.read_bytes() != content]
        self.assertEqual((changed, sorted(folder.rglob("*.h5"))), ([], sorted(before)))

    def test_whatever_rewrote_all_files(self):
        seen = set()
        for name, rewrite in REWRITES.items():
            with self.subTest(name):
                folder = self.rewritten(rewrite, "*.h5")
                seen.add(superblock(folder / "run.h5"))
                before = {path: path.read_bytes() for path in folder.rglob("*.h5")}
                levels = 2 if name in REFUSED else 3  # of a run.h5 that is whole, the levels asked for may change
                commands = (["verify", folder], ["inspect", folder], ["inspect", folder / "level-001.h5"],
                            [*SEARCH, "--levels", levels, "--control", "random-reinit", "--resume", "--out", folder])
                for command in commands:
                    if name in REFUSED:
                        self.check_refused(run(*command), folder, before)
                    else:
                        self.check_taken(run(*command))
                if name not in REFUSED:
                    self.check_taken(run("verify", folder))
                    self.assertTrue((folder / "level-003.h5").exists())
        self.assertTrue({0, 2, 3} <= seen, f"superblocks {seen}")

    def test_run_files_alone(self):
        for name in ("h5repack", "h5repack plain", "h5py earliest"):
            with self.subTest(name):
                folder = self.rewritten(REWRITES[name], "run.h5")
                resume = [*SEARCH, "--levels", 3, "--control", "random-reinit", "--resume", "--out", folder]
                self.check_taken(run(*resume))
                self.check_taken(run("verify", folder))

    def test_damage_to_an_old_format_crashes_nothing(self):
        import random
        random.seed(1)
        folder = self.rewritten(REWRITES["h5py earliest"], "level-001.h5")
        path = folder / "level-001.h5"
        whole = path.read_bytes()
        self.assertEqual(superblock(path), 0)
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(random.choice((1, 4, 16))):
                damaged[random.randrange(min(len(damaged), 6000))] = random.choice((0, 1, 127, 128, 255))
            path.write_bytes(damaged)
            result = run("verify", path)
            self.assertIn(result.returncode, (0, 3), result.stdout + result.stderr)  # 0: of bytes that nobody reads
            self.assertEqual(path.read_bytes(), damaged)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
