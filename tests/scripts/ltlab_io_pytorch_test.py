"""Tests scripts/ltlab_io.py between ltlab's runs and those of PyTorch, ONNX and OpenLTH. Usage: ltlab_io_pytorch_test.py
SCRIPTS_DIR LTLAB"""

import json
import shutil
import subprocess
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np

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

from small_run import HASTY, LTLAB, TRAINING, RunTest, ltlab, make_search, script  # finds the scripts

import ltlab_io

# One with all that a model's text can say, and one of features alone.
OWN_MODELS = ("conv 4 5x3 padding 1 relu; batch-norm relu; residual; conv 6 stride 2; batch-norm relu; conv 6; batch-norm; "
              "end relu; max-pool 2x2 relu; dropout 0.2; conv 5 1x1 relu; residual; conv 5; end; average-pool 2x2 stride 1; "
              "linear 9 relu; linear classes",
              "linear 12; batch-norm relu; dropout 0.3; linear 8 relu; linear classes")

needs_torch = unittest.skipIf(torch is None, "skipped: no torch")
needs_onnx = unittest.skipIf(onnx is None, "skipped: no onnx")


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
            "Identity": lambda: x,
            "GlobalAveragePool": lambda: x.mean((2, 3), keepdim=True),
            "AveragePool": lambda: functional.avg_pool2d(x, given["kernel_shape"], given["strides"]),
            "MaxPool": lambda: functional.max_pool2d(x, given["kernel_shape"], given["strides"]),
            "Pad": lambda: torch.cat([torch.zeros(len(x), weights[0][1], *x.shape[2:]), x,
                                      torch.zeros(len(x), weights[0][5], *x.shape[2:])], 1),
            "Conv": lambda: functional.conv2d(x, *weights, stride=given["strides"], padding=given["pads"][:2]),
            "BatchNormalization": lambda: functional.batch_norm(x, *weights[2:], *weights[:2], eps=given["epsilon"]),
        }[node.op_type]()
    return values["logits"].numpy()


def setUpModule():
    make_search()


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

    def test_models_of_the_users_own(self):
        """As accurate in PyTorch as in ltlab, also where run.h5 has but the model's name for it, and in ONNX the same."""
        source, images, labels = self.make_data(12)
        for number, model in enumerate(OWN_MODELS):
            folder = self.folder / f"own-{number}"
            ltlab("search", *HASTY, "--steps", 40, "--validate-every", 20, "--levels", 1, "--data", source, "--model", model,
                  "--out", folder)
            run = ltlab_io.read_run(folder)
            self.assertEqual((run.attributes["model"], run.attributes["model_text"]), (model, model))
            self.assertEqual(run.attributes["image"], "1x12x12")
            for level in run.levels:
                right = int((self.predict(run, level, images) == labels).sum())
                self.assertEqual(right, round(run.level(level).attributes["test_accuracy"] * len(labels)), model)
            self.check_onnx(run.level(1), model, images, "1x12x12")
            result = script("export-onnx", folder / "level-001.h5", self.folder / "own.onnx")
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_network_of_the_users_own_comes_in_by_its_model(self):
        """It can then be inspected as a whole, exported and trained."""
        class Block(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.norm1 = torch.nn.Conv2d(4, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4)
                self.second, self.norm2 = torch.nn.Conv2d(4, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4)

            def forward(self, x):
                return torch.relu(x + self.norm2(self.second(torch.relu(self.norm1(self.first(x))))))

        network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), Block(),
                                      torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 10)).eval()
        prune.l1_unstructured(network[2].first, "weight", 0.5)
        torch.save(network.state_dict(), self.folder / "own.pt")
        text = ("conv 4 relu\nresidual\n  conv 4\n  batch-norm relu\n  conv 4\n  batch-norm\nend relu\n"
                "global-average-pool\nlinear classes\n")
        (self.folder / "own.txt").write_text(text)
        folder = self.folder / "own-in"
        result = script("import-pytorch", self.folder / "own.pt", folder, "--model", self.folder / "own.txt")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        run = ltlab_io.read_run(folder)
        same_bits(self, network.state_dict(), ltlab_io.state_dict(run.level(0)))
        document = self.import_and_verify(folder, [0])
        self.assertLess(document["levels"][0]["effective_density"], 1)
        source, images, _ = self.make_data(12)
        with torch.no_grad():
            found = ltlab_io.pytorch_model(run.level(0), run.attributes["model"])(torch.from_numpy(images[:5]))
            np.testing.assert_allclose(found, network(torch.from_numpy(images[:5])), rtol=1e-5, atol=1e-6)
        level = "level-000.h5"
        ltlab("search", *HASTY[:-4], "--steps", 20, "--validate-every", 10, "--data", source, "--from", folder / level,
              "--model", run.attributes["model"], "--out", self.folder / "own-trained")
        (self.folder / "own.txt").write_text(text.replace("conv 4 relu", "conv 4 5x5 relu"))
        result = script("import-pytorch", self.folder / "own.pt", self.folder / "no", "--model", self.folder / "own.txt")
        self.assertEqual(result.returncode, 3)
        self.assertIn("layer conv1 of the model has weight (4, 1, 5, 5)", result.stderr)
        self.assertFalse((self.folder / "no").exists())

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
            network = ltlab_io.pytorch_model(run.level(number), run.attributes["model"], run.attributes.get("image"))
            return network(torch.from_numpy(images)).argmax(1).numpy()

    def check_onnx(self, level, model, images, image=None):
        """Of the exported network: its weights' bits, and that it computes what PyTorch does."""
        if onnx is None:
            return
        file = self.folder / "network.onnx"
        ltlab_io.export_onnx(level, model, file, image)
        document = onnx.load(str(file))
        for array in document.graph.initializer:
            if array.name in level.weights:
                self.assertEqual(numpy_helper.to_array(array).tobytes(), level.weights[array.name].tobytes())
        with torch.no_grad():
            expected = ltlab_io.pytorch_model(level, model, image)(torch.from_numpy(images[:4])).numpy()
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
