"""Tests that importing state_dicts runs no code, tells layers' order and ends in a run or a sentence, whatever the file
holds. Usage: state_dicts_test.py SCRIPTS_DIR LTLAB"""

import argparse
import io
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import unittest
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

try:
    import torch
    from torch import nn
except ImportError:
    print("skipped: no torch")
    sys.exit(0)

SCRIPTS, LTLAB = Path(sys.argv.pop(1)).resolve(), os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, str(SCRIPTS))
import ltlab_io  # noqa: E402
import ltlab_networks  # noqa: E402
import ltlab_state_dicts  # noqa: E402

PROOF = "THE_CODE_RAN"  # a file that every attack below would make


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


def zip_of(pickled, storages=(), root="archive"):
    """A file of torch's zip format that holds this pickle and {key: bytes}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{root}/data.pkl", pickled)
        for key, content in dict(storages).items():
            archive.writestr(f"{root}/data/{key}", content)
    return file.getvalue()


def legacy_of(pickled, storages=()):
    """A file of torch's earlier format that holds this pickle and {key: (count, bytes)}."""
    head = [pickle.dumps(value, 2) for value in (ltlab_state_dicts.MAGIC, 1001, {"little_endian": True})]
    tail = b"".join(struct.pack("<q", count) + content for count, content in dict(storages).values())
    return b"".join([*head, pickled, pickle.dumps(list(dict(storages)), 2), tail])


class Calls:
    """Pickled, it calls a function when it is loaded."""

    def __init__(self, function, *arguments):
        self.what = function, arguments

    def __reduce__(self):
        return self.what


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def stack_global(module, name):
    return text(module) + text(name) + b"\x93"


def storage(kind="FloatStorage", key="0", count=4):
    """The instructions that push a storage."""
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + pickle.dumps(
        count, 2)[2:-1] + b"tQ"


def rebuilt(arguments, function="_rebuild_tensor_v2"):
    """A pickle of {"fc.weight": function(...)}, whose arguments these instructions push."""
    return b"\x80\x02}" + text("fc.weight") + f"ctorch._utils\n{function}\n(".encode() + arguments + b"tRs."


def numbers(*values):
    return b"(" + b"".join(pickle.dumps(value, 2)[2:-1] for value in values) + b"t"


REST = b"\x89" + b"ccollections\nOrderedDict\n)R"  # requires_grad, backward_hooks
COMMAND = f"touch {PROOF}"


def attacks():
    """{name: pickle} of what runs code in pickle.load() or torch.load()."""
    system = Calls(os.system, COMMAND)
    state = mlp(4, 3).state_dict()
    return {
        "GLOBAL": b"\x80\x02cposix\nsystem\n" + text(COMMAND) + b"\x85R.",
        "STACK_GLOBAL": b"\x80\x04" + stack_global("posix", "system") + text(COMMAND) + b"\x85R.",
        "os.system": b"\x80\x02cos\nsystem\n" + text(COMMAND) + b"\x85R.",
        "INST": b"(S'" + COMMAND.encode() + b"'\niposix\nsystem\n.",
        "OBJ": b"\x80\x02(cposix\nsystem\n" + text(COMMAND) + b"o.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + numbers(["touch", PROOF]) + b"\x81.",
        "NEWOBJ_EX": b"\x80\x04" + stack_global("subprocess", "Popen") + numbers(["touch", PROOF]) + b"}\x92.",
        "EXT1": b"\x80\x02\x82\x01.",
        "PERSID": b"Pposix\n.",
        "reduce": pickle.dumps(system, 2),
        "reduce, protocol 0": pickle.dumps(system, 0),
        "reduce, protocol 5": pickle.dumps(system, 5),
        "in an OrderedDict": pickle.dumps(OrderedDict([("fc.weight", 1), ("fc.bias", system)]), 2),
        "as a key": b"\x80\x02}cposix\nsystem\n" + text(COMMAND) + b"\x85RK\x01s.",
        "in a tuple in a list": pickle.dumps({"a": [(1, (system,))]}, 2),
        "as an OrderedDict's items": b"\x80\x02ccollections\nOrderedDict\ncposix\nsystem\n" + text(COMMAND) + b"\x85R\x85R.",
        "as an OrderedDict's attribute": pickle.dumps(OrderedDict(), 2)[:-1] + b"}" + text("_metadata") + pickle.dumps(
            system, 2)[2:-1] + b"sb.",
        "dropped from the stack": pickle.dumps(system, 2)[:-1] + b"0" + pickle.dumps(3, 2)[2:],
        "in a persistent id": b"\x80\x02(" + text("storage") + b"ctorch\nFloatStorage\n" + pickle.dumps(
            system, 2)[2:-1] + text("cpu") + b"K\x04tQ.",
        "a module's persistent id": b"\x80\x02(" + text("module") + b"cposix\nsystem\n" + text("a") + text("b") + b"tQ.",
        "eval": pickle.dumps(Calls(eval, f"open({PROOF!r}, 'w')"), 2),
        "exec": pickle.dumps(Calls(exec, f"open({PROOF!r}, 'w')"), 2),
        "open": pickle.dumps(Calls(open, PROOF, "w"), 2),
        "getattr": b"\x80\x02cbuiltins\ngetattr\n(cos\n__dict__\n" + text("get") + b"tR.",
        "getattr of what is allowed": b"\x80\x02cbuiltins\ngetattr\n(ccollections\nOrderedDict\n" + text(
            "__class__") + b"tR.",
        "a dotted name": b"\x80\x04" + stack_global("collections", "OrderedDict.fromkeys.__class__") + b".",
        "a dotted module": b"\x80\x04" + stack_global("torch._utils", "torch.os.system") + text(COMMAND) + b"\x85R.",
        "__import__": pickle.dumps(Calls(__import__, "this"), 2),
        "importlib": b"\x80\x02cimportlib\nimport_module\n" + text("os") + b"\x85R.",
        "runpy": b"\x80\x02crunpy\n_run_code\n" + numbers(f"open({PROOF!r}, 'w')", {}) + b"R.",
        "numpy's load": b"\x80\x02cnumpy\nload\n" + text("x.npy") + b"\x85R.",
        "numpy's reconstruct": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n" + numbers(0, (0,), b"b") + b"R.",
        "torch.load": b"\x80\x02ctorch\nload\n" + text("x.pt") + b"\x85R.",
        "torch.hub": b"\x80\x02ctorch.hub\nload\n" + numbers("owner/repo", "model") + b"R.",
        "torch's own unpickler": b"\x80\x02ctorch.storage\n_load_from_bytes\n" + numbers(pickle.dumps(system)) + b"R.",
        "_rebuild_* of torch that calls": b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n" + numbers(1, 2, 3, 4) + b"R.",
        "setstate": pickle.dumps(Calls(os.system, COMMAND), 2)[:-1] + b"}b.",
        "set on a function": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}" + text("__defaults__") + pickle.dumps(
            system, 2)[2:-1] + b"sb.",
        "behind a state_dict": pickle.dumps([{key: 1 for key in state}, system], 2),
        "a numpy scalar's bytes": b"\x80\x02cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n" + numbers(
            "O8", False, True) + b"R" + pickle.dumps(system, 2)[2:-1] + b"tR.",
    }


def odd_tensors():
    """{name: (pickle, what is stored)} of tensors that make no sense."""
    four = {"0": bytes(16)}
    plain = storage() + numbers(0)[1:-1]
    return {
        "huge sizes": (rebuilt(plain + numbers(2**40, 2**40) + numbers(1, 1) + REST), four),
        "sizes whose product wraps": (rebuilt(plain + numbers(2**32, 2**32) + numbers(0, 0) + REST), four),
        "sizes beyond 64 bits": (rebuilt(plain + numbers(2**80, 2) + numbers(1, 1) + REST), four),
        "negative sizes": (rebuilt(plain + numbers(-2, -2) + numbers(1, 1) + REST), four),
        "negative strides": (rebuilt(plain + numbers(2, 2) + numbers(-2, 1) + REST), four),
        "strides beyond the storage": (rebuilt(plain + numbers(2, 2) + numbers(2**30, 1) + REST), four),
        "an offset beyond the storage": (rebuilt(storage() + b"K\x04" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "a negative offset": (rebuilt(storage() + b"J\xff\xff\xff\xff" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "one number spread over all": (rebuilt(plain + numbers(2**20, 2**20) + numbers(0, 0) + REST), four),
        "none of too many": (rebuilt(plain + numbers(2**48, 2**48, 0) + numbers(1, 1, 1) + REST), four),
        "more axes than numpy has": (rebuilt(plain + numbers(*[1] * 64) + numbers(*[1] * 64) + REST), four),
        "sizes that are texts": (rebuilt(plain + numbers("a", "b") + numbers(1, 1) + REST), four),
        "sizes that are true": (rebuilt(plain + numbers(True, True) + numbers(1, 1) + REST), four),
        "a size that is no tuple": (rebuilt(plain + b"K\x02" + numbers(1, 1) + REST), four),
        "fewer strides": (rebuilt(plain + numbers(2, 2) + numbers(1) + REST), four),
        "no storage": (rebuilt(text("nothing") + b"K\x00" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "a function as storage": (rebuilt(b"ctorch._utils\n_rebuild_tensor_v2\nK\x00" + numbers(2, 2) + numbers(
            2, 1) + REST), four),
        "a storage that says more": (rebuilt(storage(count=400) + b"K\x00" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "a storage that says 2^62": (rebuilt(storage(count=2**62) + b"K\x00" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "a storage that is missing": (rebuilt(storage(key="7") + b"K\x00" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "a storage outside": (rebuilt(storage(key="../data.pkl") + b"K\x00" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "a storage of functions": (rebuilt(b"(" + text("storage") + b"ccollections\nOrderedDict\n" + text("0") + text(
            "cpu") + b"K\x04tQK\x00" + numbers(2, 2) + numbers(2, 1) + REST), four),
        "no arguments": (rebuilt(b""), four),
        "a parameter of text": (rebuilt(text("a") + REST, "_rebuild_parameter"), four),
        "a parameter of nothing": (rebuilt(b"", "_rebuild_parameter"), four),
        "a storage told in two ways": (b"\x80\x02}" + text("a") + storage() + b"s" + text("b") + storage(
            "DoubleStorage") + b"s.", four),
    }


def endless():
    """{name: pickle} of what takes memory or time for ever in pickle.load()."""
    return {
        "a memo of 4 billion": b"\x80\x02]r\xff\xff\xff\xff.",
        "many memos": b"\x80\x02]" + b"".join(b"p%d\n" % (k * (2**61 - 1)) for k in range(1, 3000)) + b".",
        "a text of 4 GB": b"\x80\x02X\xff\xff\xff\xffa.",
        "bytes of 2^62": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"a.",
        "a frame of 2^62": b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.",
        "a number of many digits": b"L" + b"9" * 1_000_000 + b"L\n.",
        "two million instructions": b"\x80\x02" + b"}" * 2_000_000 + b".",
        "tuples in tuples": b"\x80\x02)" + b"q\x00h\x00\x86" * 100_000 + b".",
        "tuples as a key": b"\x80\x02}" + b")" + b"q\x00h\x00\x86" * 60 + b"K\x01s.",
        "keys that collide": b"\x80\x02}(" + b"".join(
            b"\x8a\x0b" + (k * (2**61 - 1)).to_bytes(11, "little") + b"N" for k in range(60_000)) + b"u.",
        "lists in lists": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        "a list in itself": b"\x80\x02]q\x00h\x00a.",
        "a dict in itself": b"\x80\x02}q\x00" + text("state_dict") + b"h\x00s.",
        "no end": b"\x80\x02]",
        "no mark": b"\x80\x02t.",
        "an empty stack": b"\x80\x02.",
        "an unknown instruction": b"\x80\x02\xff.",
    }


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


class NoCodeTest(FolderTest):
    def test_the_attacks_are_real(self):
        """Loaded by pickle itself, most of them leave the proof; else the tests below would show nothing."""
        code = f"""if True:
            import os, pickle, sys
            for pickled in pickle.load(sys.stdin.buffer):
                try:
                    pickle.loads(pickled)
                except Exception:
                    pass
                if os.path.exists({PROOF!r}):
                    os.remove({PROOF!r})
                    print("ran")"""
        result = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(list(attacks().values())),
                                capture_output=True, cwd=self.folder)
        self.assertGreaterEqual(result.stdout.count(b"ran"), 20, result.stdout + result.stderr)

    def test_no_attack_runs_code_in_either_format(self):
        for name, pickled in attacks().items():
            for content in (zip_of(pickled, {"0": bytes(16)}), legacy_of(pickled, {"0": (4, bytes(16))})):
                with self.subTest(name):
                    modules = set(sys.modules)
                    self.refused(content)
                    self.assertFalse((self.folder / PROOF).exists())
                    self.assertFalse({"this", "runpy"} & (set(sys.modules) - modules))

    def test_no_attack_hides_before_or_behind_a_state_dict_of_the_earlier_format(self):
        plain = pickle.dumps({}, 2)
        for pickled in attacks().values():
            head = [pickle.dumps(value, 2) for value in (ltlab_state_dicts.MAGIC, 1001, {"little_endian": True})]
            for place in range(5):
                parts = [*head, plain, pickle.dumps([], 2)]
                parts[place] = pickled
                self.refused(b"".join(parts))
            self.assertFalse((self.folder / PROOF).exists())

    def test_the_sentence_names_what_was_asked_for(self):
        message = self.refused(zip_of(attacks()["GLOBAL"]), "posix.system.*nothing was run.*--trust")
        self.assertIn("hostile.pt", message)
        self.refused(zip_of(b"\x80\x02cos\nsys\x1b[31mtem\n."), r"os.sys\?\[31mtem")

    def test_the_command_line_runs_nothing_and_trusts_only_when_told(self):
        path, state = self.folder / "hostile.pt", self.save(mlp(4, 3).state_dict(), "good.pt")
        torch.save({"state_dict": torch.load(state), "extra": Calls(os.system, COMMAND)}, path)
        for words in ([path, "run"], [state, "run", "--initial", path]):
            result = script("import-pytorch", *words, folder=self.folder)
            self.assertEqual((result.returncode, result.stdout), (3, ""))
            self.assertRegex(result.stderr, r"\Altlab_io.py: .*posix.system.*\n\Z")
            self.assertFalse((self.folder / PROOF).exists())
            self.assertFalse((self.folder / "run").exists())
        result = script("import-pytorch", path, "run", "--trust", folder=self.folder)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue((self.folder / PROOF).exists())
        verify(self.folder / "run")

    def test_openlths_files_run_nothing(self):
        place = self.folder / "replicate_1" / "level_0" / "main"
        place.mkdir(parents=True)
        state = mlp(4, 3).state_dict()
        good = {"mask.pth": {"0.weight": torch.ones(3, 4).int()}, "model_ep0_it0.pth": state, "model_ep2_it0.pth": state}
        for hostile in good:
            for name, content in good.items():
                torch.save({"0.weight": Calls(os.system, COMMAND)} if name == hostile else content, place / name)
            result = script("import-openlth", "replicate_1", "run", folder=self.folder)
            self.assertEqual(result.returncode, 3, hostile)
            self.assertRegex(result.stderr, rf"\Altlab_io.py: .*{hostile}: .*posix.system.*\n\Z")
            self.assertFalse((self.folder / PROOF).exists())

    def test_tensors_that_make_no_sense(self):
        for name, (pickled, stored) in odd_tensors().items():
            with self.subTest(name):
                self.refused(zip_of(pickled, stored))
                self.refused(legacy_of(pickled, {key: (len(content) // 4, content) for key, content in stored.items()}))

    def test_what_would_never_end(self):
        for name, pickled in endless().items():
            with self.subTest(name):
                self.refused(zip_of(pickled))
                self.refused(legacy_of(pickled))

    def test_tensors_that_share_all_their_numbers(self):
        """A megabyte of zeros as ten thousand layers would take 10 GB."""
        tensor = storage(count=2**18) + b"K\x00" + numbers(512, 512) + numbers(512, 1) + REST + b"tR"
        state = b"\x80\x02}(" + b"".join(
            text(f"{i}.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n(" + tensor for i in range(10_000)) + b"u."
        self.refused(zip_of(state, {"0": bytes(2**20)}), "overlap")

    def test_zip_archives_that_are_none_of_torchs(self):
        for name, change in {
                "compressed": {"compression": zipfile.ZIP_DEFLATED}, "no data.pkl": {"name": "a/other.pkl"},
                "TorchScript": {"name": "a/constants.pkl"}, "deeper": {"name": "a/b/data.pkl"}}.items():
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", change.get("compression", zipfile.ZIP_STORED)) as archive:
                archive.writestr(change.get("name", "a/data.pkl"), pickle.dumps({}, 2) + bytes(10_000_000))
            with self.subTest(name):
                self.refused(file.getvalue())
        content = bytearray(zip_of(rebuilt(storage() + b"K\x00" + numbers(2, 2) + numbers(2, 1) + REST), {"0": bytes(16)}))
        place = content.index(bytes(16))
        content[place + 3] ^= 1
        self.refused(bytes(content), "CRC")


class OtherFilesTest(FolderTest):
    def test_what_is_no_file_of_torch(self):
        good = self.save(mlp(4, 3).state_dict()).read_bytes()
        legacy = self.save(mlp(4, 3).state_dict(), legacy=True).read_bytes()
        for name, (content, message) in {
                "a web page": (b"\n<!DOCTYPE html><html></html>", "web page"), "nothing": (b"", "empty"),
                "text": (b"hello", "no file of torch.save"), "one byte": (b"\x80", "damaged"),
                "a pickle": (pickle.dumps({"a": 1}), "not of torch.save"), "gzip": (b"\x1f\x8b\x08\0\0", "gzip"),
                "HDF5": (b"\x89HDF\r\n\x1a\n", "HDF5"), "Git LFS": (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
                "zeros": (bytes(1000), "no file of torch.save"), "half a zip": (good[:len(good) // 2], "damaged"),
                "half a legacy": (legacy[:len(legacy) // 2], "damaged"), "one byte less": (legacy[:-1], "ends too early"),
        }.items():
            with self.subTest(name):
                self.refused(content, message)

    def test_every_truncation(self):
        for legacy in (False, True):
            content = self.save(mlp(3, 2).state_dict(), legacy=legacy).read_bytes()
            for size in range(0, len(content), 7):
                self.refused(content[:size])

    def test_folders_pipes_and_missing_files(self):
        os.mkfifo(self.folder / "pipe")
        for name, message in {"none": "No such file", ".": "is a folder", "pipe": "no file",
                              "/dev/zero": "no file"}.items():
            result = script("import-pytorch", name, "run", folder=self.folder)
            self.assertEqual(result.returncode, 3)
            self.assertRegex(result.stderr, rf"\Altlab_io.py: .*{message}.*\n\Z")

    def test_whole_modules(self):
        for legacy in (False, True):
            path = self.save(mlp(4, 3), legacy=legacy)
            self.refused(path.read_bytes(), "Sequential.*model.state_dict")
            folder = self.folder / f"run-{legacy}"
            result = script("import-pytorch", path, folder, "--trust", folder=self.folder)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(ltlab_io.read_run(folder).attributes["model"], "mlp:4-3")

    def test_trusted_files_that_torch_cannot_load(self):
        (self.folder / "bad.pt").write_bytes(zip_of(b"\x80\x02cnot_there\nNothing\n)R."))
        for name, content in {"bad.pt": zip_of(b"\x80\x02cbuiltins\nlen\nK\x01\x85R."), "page.pt": b"<html>"}.items():
            (self.folder / name).write_bytes(content)
            result = script("import-pytorch", name, "run", "--trust", folder=self.folder)
            self.assertEqual(result.returncode, 3)
            self.assertRegex(result.stderr, r"\Altlab_io.py: PyTorch cannot load .*\n\Z")


class CheckpointsTest(FolderTest):
    def test_state_dicts_in_checkpoints(self):
        model = mlp(6, 5, 3)
        state, adam = model.state_dict(), torch.optim.Adam(model.parameters())
        model(torch.randn(2, 6)).sum().backward()
        adam.step()
        extra = {"epoch": 3, "optimizer": adam.state_dict(), "best": np.float64(0.9), "accuracies": [0.1, 0.2],
                 "args": argparse.Namespace(lr=0.1), "accuracy": torch.tensor(0.5)}
        for document in ({"state_dict": state, **extra}, {"model_state_dict": state, **extra}, {"net": state, **extra},
                         {"model": state, **extra}, {"checkpoint": {"weights": state}}, {**extra, "anything": state},
                         {"state_dict": state, "state_dict_ema": state, **extra}):
            run = self.imported(document)
            self.assertEqual(run.attributes["model"], "mlp:6-5-3")
            np.testing.assert_array_equal(run.level(0).weights["fc1.weight"], model[0].weight.detach().numpy())
        two = {"teacher": state, "student": mlp(6, 5, 3).state_dict()}
        self.refused(self.save(two).read_bytes(), "several state_dicts .student, teacher")
        self.refused(self.save({"epoch": 3}).read_bytes(), "no weights")
        self.refused(self.save([1, 2]).read_bytes(), "no weights")
        self.refused(self.save({**state, 3: torch.ones(2)}).read_bytes(), "a tensor's name is 3, which is no text")
        self.refused(self.save(torch.ones(3, 3)).read_bytes(), "no weights")

    def test_initial_weights_of_a_checkpoint(self):
        before = mlp(6, 5, 3).state_dict()
        after = {key: values + 1 for key, values in before.items()}
        run = self.imported({"state_dict": after}, {"model": before})
        np.testing.assert_array_equal(run.init["fc1.weight"], before["0.weight"].numpy())
        for wrong in (mlp(6, 4, 3), mlp(6, 5, 3, 2)):
            with self.assertRaisesRegex(ltlab_io.RunError, "the initial state_dict has"):
                ltlab_io.import_pytorch(after, self.folder / "wrong", wrong.state_dict())
        self.assertFalse((self.folder / "wrong").exists())

    def test_sixteen_bits_become_32(self):
        for kind in (torch.bfloat16, torch.float16):
            state = {key: values.to(kind) for key, values in mlp(6, 5, 3).state_dict().items()}
            run = self.imported(state)
            self.assertEqual(run.attributes["model"], "mlp:6-5-3")
            for name, key in run.level(0).imported_names.items():
                np.testing.assert_array_equal(run.level(0).weights[name], state[key].float().numpy())
            ltlab_io.import_pytorch(state, self.folder / f"memory-{kind}")

    def test_numbers_of_any_kind_come_back(self):
        kinds = (torch.bfloat16, torch.float16, torch.float64, torch.int64, torch.uint8, torch.bool)
        state = {**mlp(6, 5, 3).state_dict(), **{f"number.{str(k)[6:]}": torch.tensor(1).to(k) for k in kinds}}
        back = ltlab_io.state_dict(self.imported(state).level(0))
        for key, value in state.items():
            self.assertEqual(back[key].shape, value.shape, key)
            self.assertTrue(torch.equal(back[key], value.to(back[key].dtype)), key)

    def test_whatever_is_not_float32_comes_back(self):
        state = mlp(6, 5).state_dict()
        kinds = (torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
        for kind in kinds:
            state[f"buffer.{str(kind)[6:]}"] = torch.tensor([[1, 0], [3, 4]]).to(kind)
        state["steps"], state["none"] = torch.tensor(7), torch.zeros(0)
        back = ltlab_io.state_dict(self.imported(state).level(0))
        self.assertEqual(sorted(back), sorted(state))
        for key, values in state.items():
            self.assertTrue(torch.equal(back[key], values.to(back[key].dtype)), key)
            self.assertEqual(back[key].dtype, torch.uint8 if values.dtype == torch.bool else values.dtype)

    def test_views_and_transposed_tensors(self):
        large = torch.arange(60.0).reshape(10, 6) + 1
        state = {"a.weight": large[2:7], "b.weight": large[:5, :3].T.contiguous().T[:5].T}
        run = self.imported(state)
        for name, key in run.level(0).imported_names.items():
            np.testing.assert_array_equal(run.level(0).weights[name], state[key].numpy())

    def test_what_cannot_be_a_networks(self):
        ones = torch.ones(3, 4)
        for name, (state, message) in {
                "NaN": ({"a.weight": ones * float("nan")}, "a.weight: not all values are finite"),
                "infinite": ({"a.weight": ones, "a.bias": torch.tensor([1, float("inf"), 2])}, "a.bias: not all"),
                "whole numbers": ({"a.weight": ones.int()}, "no float32"), "booleans": ({"a.weight": ones > 0}, "no float32"),
                "double": ({"a.weight": ones.double()}, "float32"), "no elements": ({"a.weight": torch.ones(0, 4)}, "a shape"),
                "only biases": ({"a.bias": torch.ones(3)}, "no weights"),
                "a mask of another shape": ({"a.weight_orig": ones, "a.weight_mask": torch.ones(4, 3)}, "mask's shape"),
                "a fractional mask": ({"a.weight_orig": ones, "a.weight_mask": ones / 2}, "other than 0 and 1"),
                "weights twice": ({"a.weight_orig": ones, "a.weight_mask": ones, "a.weight": ones}, "twice"),
                "a slash": ({"a/b.weight": ones}, "slashes"), "a line": ({"a\nb.weight": ones}, "200 letters"),
                "a long name": ({"a" * 300 + ".weight": ones}, "200 letters"),
        }.items():
            for legacy in (False, True):
                with self.subTest(name):
                    self.refused(self.save(state, legacy=legacy).read_bytes(), message)
        complex_or_sparse = {"a.weight": ones, "b": torch.ones(2).to(torch.complex64)}, {"a.weight": ones.to_sparse()}
        for state in complex_or_sparse:
            self.refused(self.save(state).read_bytes())
            with self.assertRaisesRegex(ltlab_io.RunError, "sparse, quantized or complex"):
                ltlab_io.import_pytorch(state, self.folder / "memory")

    def test_nan_where_a_mask_prunes_is_kept(self):
        state = {"a.weight_orig": torch.tensor([[float("nan"), 1.0]]), "a.weight_mask": torch.tensor([[0.0, 1.0]])}
        back = ltlab_io.state_dict(self.imported(state).level(0))
        self.assertTrue(torch.isnan(back["a.weight_orig"][0, 0]))

    def test_single_layers_have_names(self):
        self.assertEqual(list(self.imported(nn.Linear(4, 3).state_dict()).level(0).weights), ["fc1.weight", "fc1.bias"])
        self.imported(nn.Conv2d(4, 3, 2).state_dict())


def by_name(state):
    return {key: state[key] for key in sorted(state)}


def shuffled(state, random):
    keys = list(state)
    return {keys[place]: state[keys[place]] for place in random.permutation(len(keys))}


class OrderTest(FolderTest):
    def check_order(self, state, changed):
        """Imported in another order of its keys, a chain is as in its own."""
        right, run = self.imported(state), self.imported(changed)
        self.assertEqual(run.attributes["model"], right.attributes["model"])
        self.assertEqual(run.level(0).imported_names, right.level(0).imported_names)
        self.assertEqual(list(run.level(0).weights), list(right.level(0).weights))
        return run

    def test_keys_sorted_by_name(self):
        openlth = OrderedDict((key.replace("0.", "fc_layers.0.").replace("2.", "fc_layers.1.").replace("4.", "fc."), values)
                              for key, values in mlp(12, 9, 7, 5).state_dict().items())
        self.assertEqual(list(by_name(openlth))[0], "fc.bias")
        run = self.check_order(openlth, by_name(openlth))
        self.assertEqual(run.attributes["model"], "mlp:12-9-7-5")
        twelve = mlp(8, *[8] * 11, 8).state_dict()  # "10.weight" before "2.weight"; equal layers, told by their numbers
        self.assertEqual(list(by_name(twelve))[2], "10.bias")
        self.check_order(twelve, by_name(twelve))
        lenet = nn.Sequential(OrderedDict(c1=nn.Conv2d(1, 6, 5), c2=nn.Conv2d(6, 16, 5), a=nn.Linear(400, 120),
                                          b=nn.Linear(120, 84), output=nn.Linear(84, 10))).state_dict()
        self.assertEqual(self.check_order(lenet, by_name(lenet)).attributes["model"], "lenet-5")

    def test_keys_in_any_order(self):
        state = mlp(12, 9, 7, 5).state_dict()
        self.check_order(state, dict(reversed(state.items())))
        random = np.random.default_rng(0)
        for _ in range(5):
            self.check_order(state, shuffled(state, random))

    def test_convolutions_with_norms(self):
        layers = [nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, bias=False),
                  nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Flatten(),
                  nn.ReLU(), nn.Linear(32, 10)]
        state = nn.Sequential(*layers).state_dict()
        self.check_order(state, by_name(state))

    def test_residual_networks_with_prefixes_and_sorted(self):
        state = network_of("resnet-20")
        for prefix in ("", "module.", "model.module.", "_orig_mod."):
            wrapped = {prefix + key: values for key, values in state.items()}
            for changed in (wrapped, by_name(wrapped)):
                folder = self.folder / f"{prefix}-{changed is wrapped}"
                ltlab_io.import_pytorch(changed, folder)
                run = ltlab_io.read_run(folder)
                self.assertEqual(run.attributes["model"], "resnet-20")
                self.assertEqual(list(run.level(0).weights), [key for key in state if "tracked" not in key])
                self.assertEqual(run.level(0).imported_names["conv1.weight"], f"{prefix}conv1.weight")
        verify(run.folder)

    def test_what_cannot_be_told_is_refused(self):
        equal = {"b.weight": torch.ones(5, 5), "a.weight": torch.ones(5, 5)}
        self.refused(self.save(by_name(equal)).read_bytes(), "several ways; save")
        self.imported(equal)  # not sorted: as it was computed
        branches = {"a.weight": torch.ones(5, 4), "b.weight": torch.ones(5, 4), "c.weight": torch.ones(3, 5)}
        self.refused(self.save(branches).read_bytes(), "no way; save")
        self.assertEqual(self.imported(dict(reversed(branches.items()))).attributes["model"], "imported")

    def test_other_entries_hide_no_sorting(self):
        equal = by_name({"second.weight": torch.ones(5, 5), "first.weight": torch.ones(5, 5)})
        self.refused(self.save(equal | {"epoch": torch.tensor(3)}).read_bytes(), "several ways; save")

    def test_doubtful_orders_are_told(self):
        layers = {name: nn.Linear(8, 8).state_dict() for name in ("input", "second", "middle", "out")}
        state = {f"{name}.{kind}": values for name, layer in layers.items() for kind, values in layer.items()}
        by_layer = {key: state[key] for key in sorted(state, key=lambda key: key.partition(".")[0])}
        with self.assertWarnsRegex(ltlab_io.InputWarning, "input, middle, out, second;"):
            self.imported(by_layer)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.imported(state)
            self.imported(mlp(8, 8, 8, 8).state_dict())
            self.imported(network_of("resnet-20"))

    def test_many_layers_end_soon(self):
        """Of as many orders as there are, two tell enough; of those that fit nowhere, the search ends."""
        many = {f"{letter}{number}.weight": torch.ones(2, 2) for letter in "abcdefgh" for number in range(40)}
        for changed in (by_name(many), shuffled(many, np.random.default_rng(0))):
            self.refused(self.save(changed).read_bytes(), "several ways")
        many["z.weight"] = torch.ones(3, 2)  # which only one of the others may come before, and none behind
        many["y.weight"] = torch.ones(2, 4)
        self.refused(self.save(by_name(many)).read_bytes(), "several ways|no way")

    def test_networks_that_are_no_chains_keep_their_order(self):
        state = OrderedDict([("stem.weight", torch.ones(8, 3, 3, 3)), ("stem.bias", torch.ones(8)),
                             ("block.long.weight", torch.ones(16, 8, 3, 3)), ("block.short.weight", torch.ones(16, 8, 1, 1)),
                             ("head.weight", torch.ones(10, 16))])
        run = self.imported(state)
        self.assertEqual(list(run.level(0).imported_names.values()), list(state))

    def test_onnx_of_sorted_keys_can_run(self):
        try:
            import onnx
        except ImportError:
            self.skipTest("skipped: no onnx")
        state = mlp(12, 9, 7, 5).state_dict()
        wrong = {f"{name}.{kind}": state[f"{place}.{kind}"] for name, place in (("c", 0), ("b", 2), ("a", 4))
                 for kind in ("weight", "bias")}
        path = self.save(by_name(wrong))
        for words in (["import-pytorch", path, "run"], ["export-onnx", "run/level-000.h5", "network.onnx"]):
            result = script(*words, folder=self.folder)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        model = onnx.load(str(self.folder / "network.onnx"))
        shapes = {array.name: tuple(array.dims) for array in model.graph.initializer}
        self.assertEqual([shapes[node.input[1]] for node in model.graph.node if node.op_type == "Gemm"],
                         [(9, 12), (7, 9), (5, 7)])


def network_of(model):
    """A state_dict of a built-in network, with ltlab's names."""
    torch.manual_seed(2)
    state, channels = OrderedDict(), {"images": 3}
    for step in ltlab_networks.steps(model):
        before = channels[step.inputs[0]]
        channels[step.name] = step.outputs or before + (step.padding if step.kind == "padding" else 0)
        module = {"convolution": lambda: nn.Conv2d(before, step.outputs, step.kernel, bias=step.bias),
                  "batch_norm": lambda: nn.BatchNorm2d(before), "linear": lambda: nn.Linear(before, 10)}.get(step.kind)
        if module:
            state.update({f"{step.name}.{key}": values for key, values in module().state_dict().items()})
    return state


if __name__ == "__main__":
    unittest.main()
