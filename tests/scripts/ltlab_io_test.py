"""Tests scripts/ltlab_io.py on runs made by ltlab and by PyTorch. Usage: ltlab_io_test.py SCRIPTS_DIR LTLAB"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

try:
    import torch
    from torch.nn import functional
    from torch.nn.utils import prune
except ImportError:
    torch = None
    print("no torch: what needs it is left out")
try:
    import onnx
    from onnx import numpy_helper
except ImportError:
    onnx = None
    print("no onnx: what needs it is left out")

SCRIPTS, LTLAB = Path(sys.argv.pop(1)), sys.argv.pop(1)
sys.path.insert(0, str(SCRIPTS))
import ltlab_io  # noqa: E402
import ltlab_runs  # noqa: E402

HASTY = ["--validation", "100", "--batch", "20", "--rate", "0.5", "--kernel", "sparse"]
TRAINING = [*HASTY, "--steps", "60", "--validate-every", "20", "--levels", "2"]
SMALL = TRAINING + ["--data", "embedded", "--embedded-train", "600", "--embedded-test", "100"]
COPYING = ("extract", "export-pytorch") if torch else ("extract",)  # commands that write what a level holds
needs_torch = unittest.skipIf(torch is None, "skipped: no torch")
needs_onnx = unittest.skipIf(onnx is None, "skipped: no onnx")


def ltlab(*words):
    result = subprocess.run([LTLAB, *map(str, words)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def script(*words, **options):
    command = [sys.executable, "-B", SCRIPTS / "ltlab_io.py", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, **options)


def same_bits(test, expected, found):
    test.assertEqual(sorted(expected), sorted(found))
    for key, values in expected.items():
        test.assertEqual(values.dtype, found[key].dtype, key)
        test.assertEqual(values.shape, found[key].shape, key)
        test.assertEqual(values.numpy().tobytes(), found[key].numpy().tobytes(), key)


def evaluate(model, images):
    """The logits of an ONNX model whose operators are these, as the ONNX specification defines them."""
    values = {array.name: torch.tensor(numpy_helper.to_array(array)) for array in model.graph.initializer}
    values["images"] = torch.from_numpy(images)
    for node in model.graph.node:
        given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        x, *weights = [values[name] for name in node.input]
        values[node.output[0]] = {
            "Flatten": lambda: x.flatten(1),
            "Relu": lambda: x.clamp(min=0),
            "Gemm": lambda: x @ weights[0].T + weights[1],
            "Add": lambda: x + weights[0],
            "ReduceMean": lambda: x.mean(given["axes"]),
            "MaxPool": lambda: functional.max_pool2d(x, given["kernel_shape"], given["strides"]),
            "Pad": lambda: torch.cat([torch.zeros(len(x), weights[0][1], *x.shape[2:]), x,
                                      torch.zeros(len(x), weights[0][5], *x.shape[2:])], 1),
            "Conv": lambda: functional.conv2d(x, *weights, stride=given["strides"], padding=given["pads"][:2]),
            "BatchNormalization": lambda: functional.batch_norm(x, *weights[2:], *weights[:2], eps=given["epsilon"]),
        }[node.op_type]()
    return values["logits"].numpy()


def datasets_of(path):
    """Names of all datasets in a file."""
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


class RunTest(unittest.TestCase):
    """Has a small search, made once for all: two replicates with both controls."""

    folder = Path(tempfile.mkdtemp())
    search = folder / "search"


def setUpModule():
    unittest.addModuleCleanup(shutil.rmtree, RunTest.folder)
    ltlab("search", *SMALL, "--model", "mlp:784-20-10", "--replicates", 2, "--control", "random-reinit,random-mask",
          "--out", RunTest.search)


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


@needs_torch
class PyTorchTest(RunTest):
    def import_and_verify(self, folder, levels):
        """ltlab itself finds no fault in what was written, and inspects it."""
        ltlab("verify", folder)
        document = json.loads(ltlab("inspect", folder, "--json"))
        self.assertEqual([level["level"] for level in document["levels"]], levels)
        return document

    def test_export_fits_a_pruned_module(self):
        run = ltlab_io.read_run(self.search / "replicate-0")
        level = run.level(2)
        file = self.folder / "ticket.pt"
        self.assertEqual(script("export-pytorch", self.search / "replicate-0/level-002.h5", file).stderr, "")
        module = torch.nn.Sequential(OrderedDict(fc1=torch.nn.Linear(784, 20), relu=torch.nn.ReLU(),
                                                 fc2=torch.nn.Linear(20, 10)))
        for layer in (module.fc1, module.fc2):
            prune.identity(layer, "weight")
        module.load_state_dict(torch.load(file))
        module(torch.zeros(1, 784))
        np.testing.assert_array_equal(module.fc1.weight.detach().numpy(), level.weights["fc1.weight"])
        prune.l1_unstructured(module.fc1, "weight", amount=0.5)  # prunes on from the ticket's mask
        kept = module.fc1.weight_mask.numpy() == 1
        self.assertTrue((kept <= level.masks["fc1.weight"]).all())
        self.assertEqual(kept.sum(), round(level.masks["fc1.weight"].sum() / 2))

    def test_round_trip_of_a_ticket_is_exact(self):
        level = ltlab_io.read_run(self.search / "replicate-0").level(2)
        state = ltlab_io.state_dict(level)
        ltlab_io.import_pytorch(state, self.folder / "back")
        back = ltlab_io.read_run(self.folder / "back")
        self.assertEqual(back.attributes["model"], "mlp:784-20-10")
        imported = back.level(0)
        for name, weights in level.weights.items():
            self.assertEqual(weights.tobytes(), imported.weights[name].tobytes())
        for name, mask in level.masks.items():
            np.testing.assert_array_equal(mask, imported.masks[name])
        same_bits(self, state, ltlab_io.state_dict(imported))
        document = self.import_and_verify(self.folder / "back", [0])
        self.assertEqual(document["levels"][0]["layers"][0]["survivors"], int(level.masks["fc1.weight"].sum()))

    def test_round_trip_from_pytorch_is_exact(self):
        torch.manual_seed(1)
        module = torch.nn.Sequential(OrderedDict(
            first=torch.nn.Conv2d(1, 4, 3), norm=torch.nn.BatchNorm2d(4), flat=torch.nn.Flatten(),
            last=torch.nn.Linear(4 * 36, 3)))
        initial = {key: values.clone() for key, values in module.state_dict().items()}
        prune.random_unstructured(module.first, "weight", amount=0.5)  # weight_orig keeps what is pruned
        with torch.no_grad():
            module.last.weight[0, :5] = torch.tensor([0.0, -0.0, 1e-42, -1e30, 0.0])
        module(torch.randn(5, 1, 8, 8))
        torch.save(module.state_dict(), self.folder / "module.pt")
        torch.save(initial, self.folder / "initial.pt")
        result = script("import-pytorch", self.folder / "module.pt", self.folder / "module", "--initial",
                        self.folder / "initial.pt")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        run = ltlab_io.read_run(self.folder / "module")
        same_bits(self, module.state_dict(), ltlab_io.state_dict(run.level(0)))
        self.assertEqual(run.init["last.weight"].tobytes(), initial["last.weight"].numpy().tobytes())
        self.assertEqual(list(run.level(0).masks), ["first.weight", "last.weight"])
        self.assertEqual(run.level(0).masks["last.weight"][0, :5].tolist(), [False, False, True, True, False])
        self.assertIn("signs_kept", self.import_and_verify(self.folder / "module", [0])["levels"][0]["layers"][0])

    def test_accuracy_in_pytorch_is_ltlabs_to_the_last_image(self):
        source, images, labels = self.make_data(12)
        for model in ("mlp:144-30-10", "conv-2", "resnet-20"):
            run = self.run_of(model, source, *TRAINING)
            for number in run.levels:
                right = int((self.predict(run, number, images) == labels).sum())
                accuracy = run.level(number).attributes["test_accuracy"]
                self.assertEqual(right, round(accuracy * len(labels)), f"{model} {number}")
                self.assertGreater(right, 0.3 * len(labels))

    def test_networks_of_images_come_back(self):
        """To PyTorch and back: what is exported, also with PyTorch's counters of batches, is the same network again."""
        for model, size in (("lenet-5", 12), ("resnet-20:width=2", 6)):
            source, images, labels = self.make_data(size)
            run = self.run_of(model, source, *HASTY, "--steps", 2, "--validate-every", 2, "--levels", 1)
            level, folder = run.level(1), self.folder / f"{model}-back"
            right = int((self.predict(run, 1, images) == labels).sum())
            self.assertEqual(right, round(level.attributes["test_accuracy"] * len(labels)), model)
            ltlab_io.import_pytorch(ltlab_io.pytorch_model(level, model).state_dict(), folder)
            back = ltlab_io.read_run(folder)
            self.assertEqual(back.attributes["model"], model)
            imported = back.level(0)
            for name, weights in level.weights.items():
                self.assertEqual(weights.tobytes(), imported.weights[name].tobytes())
            document = self.import_and_verify(folder, [0])
            self.assertIn("dead_neurons", document["levels"][0]["layers"][0])  # the wiring is known
            self.check_onnx(level, model, images)

    def test_vgg(self):
        """Beside the same network built by hand: predictions of one that is hardly trained tell little."""
        layers, inputs = [], 3
        stages = [(64, 1), (128, 1), (256, 0), (256, 1), (512, 0), (512, 1), (512, 0), (512, 0)]
        for number, (channels, pooled) in enumerate(stages, 1):
            layers += [(f"conv{number}", torch.nn.Conv2d(inputs, channels, 3, padding=1, bias=False)),
                       (f"bn{number}", torch.nn.BatchNorm2d(channels)), (f"relu{number}", torch.nn.ReLU()),
                       *([(f"pool{number}", torch.nn.MaxPool2d(2))] if pooled else [])]
            inputs = channels
        layers += [("mean", torch.nn.AdaptiveAvgPool2d(1)), ("flatten", torch.nn.Flatten()),
                   ("fc1", torch.nn.Linear(512, 10))]
        network, images = torch.nn.Sequential(OrderedDict(layers)), torch.randn(4, 3, 32, 32)
        network(images)  # moves the running statistics
        state = {name: values.numpy() for name, values in network.state_dict().items() if "tracked" not in name}
        masks = {name: values != 0 for name, values in state.items() if values.ndim > 1}
        level = ltlab_io.Level({}, masks, state, {}, None, None)
        with torch.no_grad():
            expected, found = network.eval()(images), ltlab_io.pytorch_model(level, "vgg-11")(images)
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
        self.check_onnx(level, "vgg-11", images.numpy())
        ltlab_io.import_pytorch(ltlab_io.pytorch_model(level, "vgg-11").state_dict(), self.folder / "vgg-11-back")
        back = ltlab_io.read_run(self.folder / "vgg-11-back")
        self.assertEqual(back.attributes["model"], "vgg-11")
        imported = back.level(0)
        for name, weights in state.items():
            self.assertEqual(weights.tobytes(), imported.weights[name].tobytes())

    def run_of(self, model, source, *options):
        folder = self.folder / model
        ltlab("search", *options, "--data", source, "--model", model, "--out", folder)
        return ltlab_io.read_run(folder)

    def predict(self, run, number, images):
        with torch.no_grad():
            network = ltlab_io.pytorch_model(run.level(number), run.attributes["model"])
            return network(torch.from_numpy(images)).argmax(1).numpy()

    def check_onnx(self, level, model, images):
        """Of the exported network: its weights' bits, and that it computes what PyTorch does."""
        if onnx is None:
            return
        file = self.folder / "network.onnx"
        ltlab_io.export_onnx(level, model, file)
        document = onnx.load(str(file))
        for array in document.graph.initializer:
            if array.name in level.weights:
                self.assertEqual(numpy_helper.to_array(array).tobytes(), level.weights[array.name].tobytes())
        with torch.no_grad():
            expected = ltlab_io.pytorch_model(level, model)(torch.from_numpy(images[:4])).numpy()
        np.testing.assert_allclose(evaluate(document, images[:4]), expected, rtol=1e-4, atol=1e-4)

    def make_data(self, size):
        """A source for --data, and its test images as training normalizes them: bright in a place for each class."""
        random = np.random.default_rng(0)
        labels = random.integers(10, size=800)
        images = random.integers(80, size=(800, size, size)).astype(np.uint8)
        places = (size * size - 8) // 9 * labels[:, None] + np.arange(8)
        images.reshape(800, size * size)[np.arange(800)[:, None], places] += 150
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["images"], file["labels"] = images[:500], labels[:500]
            file["test_images"], file["test_labels"] = images[500:], labels[500:]
        source = f"h5:{self.folder / 'data.h5'}:/images,/labels,/test_images,/test_labels"
        about = json.loads(ltlab("data", "info", source, "--validation", 100, "--json"))["normalization"]
        test = images[500:, None].astype(np.float32) * np.float32(about["scale"][0]) + np.float32(about["shift"][0])
        return source, test, labels[500:]

    @needs_onnx
    def test_onnx_holds_the_network(self):
        folder = self.search / "replicate-0"
        result = script("export-onnx", folder / "level-002.h5", self.folder / "ticket.onnx")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        model = onnx.load(str(self.folder / "ticket.onnx"))
        onnx.checker.check_model(model, full_check=True)
        self.assertEqual([node.op_type for node in model.graph.node], ["Flatten", "Gemm", "Relu", "Gemm"])
        images = np.random.default_rng(0).normal(size=(5, 784)).astype(np.float32)
        self.check_onnx(ltlab_io.read_run(folder).level(2), "mlp:784-20-10", images)

    def test_names_of_lenet_and_conv_become_ours(self):
        state = ltlab_io.state_dict(ltlab_io.read_run(self.search / "replicate-0").level(1))
        renamed = {key.replace("fc1", "a.b").replace("fc2", "head"): values for key, values in state.items()}
        ltlab_io.import_pytorch(renamed, self.folder / "renamed")
        run = ltlab_io.read_run(self.folder / "renamed")
        self.assertEqual(list(run.level(0).weights), ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])
        same_bits(self, renamed, ltlab_io.state_dict(run.level(0)))

    def test_nothing_of_a_run_is_written_over(self):
        for stored in ("level-000.h5", "replicate-0/run.h5"):
            folder = self.folder / f"part-{stored[:5]}"
            (folder / stored).parent.mkdir(parents=True)
            shutil.copy(self.search / "replicate-0" / Path(stored).name, folder / stored)
            before = (folder / stored).read_bytes()
            with self.assertRaisesRegex(ltlab_io.RunError, "a part of one"):
                ltlab_io.import_pytorch(torch.nn.Linear(3, 2).state_dict(), folder)
            self.assertEqual((folder / stored).read_bytes(), before)

    def test_initial_weights_are_those_of_all(self):
        state = torch.nn.Linear(3, 2).state_dict()
        with self.assertRaisesRegex(ltlab_io.RunError, "has not .*bias"):
            ltlab_io.import_pytorch(state, self.folder / "half", {"weight": state["weight"]})

    def test_says_what_is_wrong(self):
        with self.assertRaisesRegex(ltlab_io.RunError, "holds a run already"):
            ltlab_io.import_pytorch({"a.weight": torch.ones(2, 2)}, self.search / "replicate-0")
        with self.assertRaisesRegex(ltlab_io.RunError, "float32"):
            ltlab_io.import_pytorch({"a.weight": torch.ones(2, 2).double()}, self.folder / "double")
        with self.assertRaisesRegex(ltlab_io.RunError, "no weights"):
            ltlab_io.import_pytorch({"a.bias": torch.ones(2)}, self.folder / "none")
        self.assertFalse((self.folder / "double").exists())
        result = script("import-openlth", self.folder, self.folder / "openlth")
        self.assertEqual(result.returncode, 3)
        self.assertIn("replicate_N", result.stderr)
        self.assertNotIn("Traceback", result.stderr)


@needs_torch
class OpenLthTest(unittest.TestCase):
    """A folder as OpenLTH's lottery/runner.py leaves it with --rewinding_steps, of LeNet with its names of layers.
    Files, keys and types are those that a real run of it wrote."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.replicate, self.folder = Path(folder.name) / "replicate_1", Path(folder.name) / "run"
        torch.manual_seed(0)
        shapes = {"fc_layers.0": (30, 784), "fc_layers.1": (20, 30), "fc": (10, 20)}
        self.start = {f"{name}.{kind}": torch.randn(shape if kind == "weight" else shape[:1])
                      for name, shape in shapes.items() for kind in ("weight", "bias")}
        self.before = {key: torch.randn(values.shape) for key, values in self.start.items()}
        pretraining = self.replicate / "level_pretrain" / "main"
        pretraining.mkdir(parents=True)
        torch.save(self.before, pretraining / "model_ep0_it0.pth")
        torch.save(self.start, pretraining / "model_ep2_it0.pth")
        self.masks, self.models = [{f"{name}.weight": torch.ones(shape) for name, shape in shapes.items()}], []
        for level in range(3):
            place = self.replicate / f"level_{level}" / "main"
            place.mkdir(parents=True)
            kept = 1 if level == 0 else 0.8
            masks = {key: mask * (torch.rand(mask.shape) < kept) for key, mask in self.masks[-1].items()}
            trained = {key: values + torch.randn(values.shape) for key, values in self.start.items()}  # not masked
            self.masks.append(masks)
            self.models.append(trained)
            torch.save({key: mask.int() for key, mask in masks.items()}, place / "mask.pth")
            start = {key: values * masks.get(key, 1) for key, values in self.start.items()}
            torch.save(start, place / "model_ep2_it0.pth")
            torch.save(trained, place / "model_ep10_it0.pth")
            torch.save({"ep": 10, "it": 0, "model_state_dict": trained}, place / "checkpoint.pth")
            (place / "logger").write_text("".join(f"test_loss,{step},{loss}\ntest_accuracy,{step},{accuracy}\n"
                                                  f"test_examples,{step},200.0\n" for step, loss, accuracy in
                                                  ((100, 2.3, 0.1), (4690, 0.2, f"0.9{level}"))))
            (place / "sparsity_report.json").write_text('{"total": 1.0, "unpruned": 1.0}')
        self.masks.pop(0)

    def test_levels_masks_and_weights(self):
        result = script("import-openlth", self.replicate, self.folder)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        ltlab("verify", self.folder)
        run = ltlab_io.read_run(self.folder)
        self.assertEqual(run.attributes["model"], "mlp:784-30-20-10")
        self.assertEqual(run.attributes["rewind_step"], 100)
        self.assertEqual(run.levels, [0, 1, 2])
        self.assertEqual(run.init["fc1.weight"].tobytes(), self.before["fc_layers.0.weight"].numpy().tobytes())
        names = {"fc1": "fc_layers.0", "fc2": "fc_layers.1", "fc3": "fc"}
        for number, (masks, trained) in enumerate(zip(self.masks, self.models)):
            level = run.level(number)
            self.assertEqual(level.attributes["test_accuracy"], float(f"0.9{number}"))
            self.assertEqual((level.attributes["first_step"], level.attributes["steps"]), (100, 4690))
            state = ltlab_io.state_dict(level)
            for name, imported in names.items():
                mask = masks[f"{imported}.weight"].numpy() == 1
                np.testing.assert_array_equal(level.masks[f"{name}.weight"], mask)
                values = trained[f"{imported}.weight"].numpy()
                np.testing.assert_array_equal(level.weights[f"{name}.weight"], np.where(mask, values, 0))
                self.assertTrue(torch.equal(state[f"{imported}.weight_orig"], trained[f"{imported}.weight"]))
                self.assertTrue(torch.equal(state[f"{imported}.bias"], trained[f"{imported}.bias"]))
                np.testing.assert_array_equal(run.initial_weights(number)[f"{name}.weight"],
                                              np.where(mask, self.start[f"{imported}.weight"].numpy(), 0))

    def test_residual_networks_come_back(self):
        """With OpenLTH's shortcuts of 1x1 convolutions, which ltlab has no model of, and batch norm's counters."""
        network = torch.nn.Module()
        network.conv, network.bn = torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4)
        network.blocks = torch.nn.Sequential(torch.nn.Module())
        network.blocks[0].conv1 = torch.nn.Conv2d(4, 8, 3, bias=False)
        network.blocks[0].shortcut = torch.nn.Sequential(torch.nn.Conv2d(4, 8, 1, bias=False), torch.nn.BatchNorm2d(8))
        network.fc = torch.nn.Linear(8, 10)
        state, place = network.state_dict(), self.replicate.parent / "replicate_2" / "level_0" / "main"
        place.mkdir(parents=True)
        masks = {key: (torch.rand(values.shape) < 0.5).int() for key, values in state.items() if values.ndim > 1}
        torch.save(masks, place / "mask.pth")
        for name in ("model_ep0_it0.pth", "model_ep2_it0.pth"):
            torch.save(state, place / name)
        ltlab_io.import_openlth(place.parent.parent, self.folder)
        ltlab("verify", self.folder)
        run = ltlab_io.read_run(self.folder)
        self.assertEqual(run.attributes["model"], "imported")
        found = ltlab_io.state_dict(run.level(0))
        for key in masks:
            self.assertTrue(torch.equal(found.pop(f"{key}_mask"), masks[key].float()))
        same_bits(self, state, {key.removesuffix("_orig"): values for key, values in found.items()})

    def test_inspected_level_by_level(self):
        ltlab_io.import_openlth(self.replicate, self.folder)
        levels = json.loads(ltlab("inspect", self.folder, "--json"))["levels"]
        for level, masks in zip(levels, self.masks):
            survivors = [int(mask.sum()) for mask in masks.values()]
            self.assertEqual([layer["survivors"] for layer in level["layers"]], survivors)
        pruned = levels[0]["layers"][0]["survivors"] - levels[1]["layers"][0]["survivors"]
        self.assertEqual(levels[1]["layers"][0]["pruned"], pruned)

    def test_compared(self):
        ltlab_io.import_openlth(self.replicate, self.folder)
        variants = json.loads(ltlab("compare", self.folder, f"again={self.folder}", "--format", "json"))["variants"]
        for variant in variants:
            accuracies = [round(level["test_accuracy"]["mean"], 4) for level in variant["results"]]
            self.assertEqual(accuracies, [0.9, 0.91, 0.92])

    def test_verify_finds_imported_masks_that_are_not_nested(self):
        full = {key: torch.ones_like(mask).int() for key, mask in self.masks[2].items()}
        torch.save(full, self.replicate / "level_2" / "main" / "mask.pth")
        ltlab_io.import_openlth(self.replicate, self.folder)
        result = subprocess.run([LTLAB, "verify", self.folder], capture_output=True, text=True)
        self.assertEqual(result.returncode, 3)
        self.assertIn("keeps weights that level 1 had pruned", result.stdout)

    def test_gaps_and_missing_models_are_refused(self):
        (self.replicate / "level_1" / "main" / "mask.pth").rename(self.folder.parent / "mask.pth")
        with self.assertRaisesRegex(ltlab_io.RunError, "without a gap"):
            ltlab_io.import_openlth(self.replicate, self.folder)
        (self.folder.parent / "mask.pth").rename(self.replicate / "level_1" / "main" / "mask.pth")
        for path in (self.replicate / "level_2" / "main").glob("model_*"):
            path.unlink()
        with self.assertRaisesRegex(ltlab_io.RunError, "model_epE_itI"):
            ltlab_io.import_openlth(self.replicate, self.folder)
        self.assertFalse(self.folder.exists())


if __name__ == "__main__":
    unittest.main()
