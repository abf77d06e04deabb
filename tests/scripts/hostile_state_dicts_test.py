"""Tests that importing state_dicts runs no code and ends in a run or a sentence, whatever the file holds.
Usage: hostile_state_dicts_test.py SCRIPTS_DIR LTLAB"""

import io
import os
import pickle
import struct
import subprocess
import sys
import unittest
import zipfile
from collections import OrderedDict

from state_dict_folder import FolderTest, mlp, script, verify  # ends here where there is no torch; finds the scripts

import ltlab_io
import ltlab_state_dicts
import torch

PROOF = "THE_CODE_RAN"  # a file that every attack below would make


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


if __name__ == "__main__":
    unittest.main()
