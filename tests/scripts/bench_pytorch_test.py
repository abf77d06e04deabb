"""Tests scripts/bench_pytorch.py on short runs. Usage: bench_pytorch_test.py SCRIPTS_DIR LTLAB"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
    import torch
except ImportError:
    print("skipped: no torch")
    sys.exit(0)

SCRIPTS = Path(sys.argv.pop(1))
LTLAB = sys.argv.pop(1)
sys.path.insert(0, str(SCRIPTS))
import bench_pytorch  # noqa: E402
import openblas_core  # noqa: E402

SCRIPT = SCRIPTS / "bench_pytorch.py"
PROCESS_FIELDS = {"threads", "torch", "blas", "blas_core", "mkldnn", "peak_rss_mb"}


def run(*words, **environment):
    command = [sys.executable, "-B", SCRIPT, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


def report_of(*words):
    """The JSON report; the BLAS matters to the speed alone, so any will do here."""
    result = run(*words, "--json", "--allow-reference-blas")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def write_random_mnist(folder, images):
    """IDX files of random pixels, `images` to train and `images` to test."""
    random = np.random.default_rng(0)
    for name in ("train", "t10k"):
        pixels, labels = random.integers(256, size=784 * images), random.integers(10, size=images)
        for kind, header, values in (("images-idx3", 16, pixels), ("labels-idx1", 8, labels)):
            content = gzip.compress(bytes(header) + values.astype(np.uint8).tobytes())
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(content)


def layers_with_parameters(model, image_shape):
    """(parameters, shape of the output) of each layer, in the order of computation."""
    layers = []

    def record(layer, _, output):
        parameters = sum(parameter.numel() for parameter in layer.parameters())
        layers.append((parameters, (list(output.shape[1:]) + [1, 1])[:3]))

    for module in model.modules():
        if not list(module.children()) and list(module.parameters()):
            module.register_forward_hook(record)
    model.eval()(torch.zeros(1, *image_shape))
    return layers


class OpenBlasTest(unittest.TestCase):
    def test_the_best_kernels_are_chosen_by_what_the_processor_can_do(self):
        avx512 = "avx512f avx512cd avx512bw avx512dq avx512vl"
        for flags, core in ((f"fma avx2 {avx512}", "SkylakeX"), ("fma avx2 avx512f", "Haswell"), ("sse4_2 avx", "")):
            self.assertEqual(openblas_core.best_core(f"processor\t: 0\nflags\t\t: fpu {flags} sse\nbugs\t: x\n"), core)
        self.assertEqual(openblas_core.best_core("Features : asimd"), "")

    def test_a_choice_of_the_user_stands(self):
        environment = {"OPENBLAS_CORETYPE": "Zen"}
        openblas_core.set_core(environment)
        self.assertEqual(environment, {"OPENBLAS_CORETYPE": "Zen"})


class ModelsTest(unittest.TestCase):
    def test_parameters_are_as_many_as_published(self):
        weights = {
            "lenet-300-100": 266_610,
            "lenet-5": 61_706,
            "conv-2": 4_301_642,  # 4.3 M in Frankle & Carbin 2019, figure 2
            "conv-4": 2_425_930,  # 2.4 M
            "conv-6": 2_262_602,  # the figure prints 1.7 M, which its layers do not add up to
            "resnet-20": 269_722,  # 0.27, 0.46, 0.66 and 0.85 M in He et al. 2016, table 6
            "resnet-32": 464_154,
            "resnet-44": 658_586,
            "resnet-56": 853_018,
            "vgg-11": 9_228_362,
            "vgg-13": 9_413_066,
            "vgg-16": 14_724_042,
            "vgg-19": 20_035_018,
        }
        self.assertEqual(set(weights), set(bench_pytorch.MODELS))
        for name, count in weights.items():
            model = bench_pytorch.MODELS[name].build()
            self.assertEqual(sum(parameter.numel() for parameter in model.parameters()), count, name)

    def test_layers_are_ltlabs(self):
        for name, spec in bench_pytorch.MODELS.items():
            result = subprocess.run([LTLAB, "model", name, "--json"], capture_output=True, text=True, check=True)
            layers = [(layer["parameters"], layer["output"]) for layer in json.loads(result.stdout)["layers"]]
            ours = [(parameters, output) for parameters, output in layers if parameters]
            self.assertEqual(layers_with_parameters(spec.build(), spec.image_shape), ours, name)

    def test_each_model_makes_a_step_in_its_memory_format(self):
        for name in bench_pytorch.MODELS:
            words = ["steps", "--model", name, "--batch", "2", "--density", "0.5"]
            network, step = bench_pytorch.make_step(bench_pytorch.parse_arguments(words))
            before = [parameter.detach().clone() for parameter in network.model.parameters()]
            step()
            changed = [bool((a != b).any()) for a, b in zip(before, network.model.parameters())]
            self.assertTrue(all(changed), f"{name}: {changed}")


class MasksTest(unittest.TestCase):
    def test_pruned_weights_stay_out_of_the_network(self):
        model = bench_pytorch.lenet_300_100()
        masks = bench_pytorch.random_masks(model, 0.05)
        network = bench_pytorch.MaskedNetwork(model, masks)
        optimizer = bench_pytorch.make_optimizer("adam", bench_pytorch.MODELS["lenet-300-100"], model)
        images, labels = torch.randn(8, 784), torch.randint(10, (8,))
        used = []

        def record(*_):
            weights = bench_pytorch.prunable_weights(model)
            used.append([bool((weight[mask == 0] == 0).all()) for weight, mask in zip(weights, masks)])

        model.register_forward_pre_hook(record)
        for _ in range(3):
            network.step(optimizer, images, labels)
        network.evaluate(images, labels)
        self.assertEqual(used, [[True] * 3] * 4)

    def test_masks_have_the_density_asked_for(self):
        model = bench_pytorch.resnet(20)
        self.assertAlmostEqual(bench_pytorch.density_of(model, bench_pytorch.random_masks(model, 0.2)), 0.2, places=3)
        self.assertIsNone(bench_pytorch.random_masks(model, 1))

    def test_prunes_the_smallest_survivors(self):
        model = torch.nn.Sequential(torch.nn.Linear(5, 2), torch.nn.Linear(2, 5))
        for weight in bench_pytorch.prunable_weights(model):
            weight.data.copy_(torch.tensor([1., -2, 3, -4, 5, -6, 7, -8, 9, -10]).view(weight.shape))
        once = bench_pytorch.prune_by_magnitude(model, None, 0.2)
        self.assertEqual(once[0].flatten().tolist(), [0, 0] + [1] * 8)
        self.assertEqual(once[1].flatten().tolist(), [0] + [1] * 9)  # half the rate in the output layer
        twice = bench_pytorch.prune_by_magnitude(model, once, 0.5)
        self.assertEqual(twice[0].flatten().tolist(), [0] * 6 + [1] * 4)


class BlasTest(unittest.TestCase):
    def test_tells_a_tuned_blas_from_the_reference(self):
        folder = "/usr/lib/x86_64-linux-gnu"
        openblas = f"{folder}/openblas-pthread/libopenblasp-r0.3.21.so"
        tuned = [f"{folder}/openblas-pthread/libblas.so.3", openblas]
        reference = f"{folder}/blas/libblas.so.3.11.0"
        cases = [
            (tuned, False, bench_pytorch.Blas(openblas, True)),
            ([reference], False, bench_pytorch.Blas(reference, False)),
            ([reference, openblas], False, bench_pytorch.Blas(reference, False)),  # OpenBLAS for LAPACK alone
            ([], True, bench_pytorch.Blas("MKL inside PyTorch", True)),
            ([], False, bench_pytorch.Blas("unknown", False)),
        ]
        for libraries, mkl_inside, expected in cases:
            self.assertEqual(bench_pytorch.find_blas(libraries, mkl_inside), expected)

    def test_refuses_the_reference_blas(self):
        with self.assertRaisesRegex(bench_pytorch.BenchError, "libopenblas0-pthread"):
            bench_pytorch.require_tuned_blas(bench_pytorch.Blas("/x/libblas.so.3", False), False)
        bench_pytorch.require_tuned_blas(bench_pytorch.Blas("/x/libblas.so.3", False), True)


class CommandsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_steps_reports_its_blocks(self):
        report = report_of("steps", "--density", 0.05, "--seconds", 0.2)
        self.assertLessEqual(PROCESS_FIELDS | {"model", "batch", "density", "steps_per_second", "median", "min", "max"},
                             set(report))
        self.assertEqual((report["model"], report["batch"], report["density"]), ("lenet-300-100", 60, 0.05))
        self.assertIn(len(report["steps_per_second"]), range(3, 8))
        self.assertLessEqual(report["min"], report["median"])
        self.assertLessEqual(report["median"], report["max"])

    def test_search_reports_its_levels(self):
        write_random_mnist(self.folder, 300)
        report = report_of("search", "--data-dir", self.folder, "--steps", 4, "--levels", 2, "--validate-every", 2,
                           "--validation", 100)
        self.assertLessEqual(PROCESS_FIELDS | {"seconds", "levels"}, set(report))
        densities = [level["density"] for level in report["levels"]]
        for found, expected in zip(densities, (1, 0.8004, 0.6406), strict=True):
            self.assertAlmostEqual(found, expected, places=3)
        for level in report["levels"]:
            self.assertGreater(level["seconds"], level["validation_seconds"])
            self.assertIn(level["early_stop_step"], (2, 4))
            self.assertTrue(0 <= level["test_accuracy"] <= 1)

    def test_prints_tables(self):
        result = run("steps", "--seconds", 0.1, "--allow-reference-blas")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("lenet-300-100", result.stdout)

    def test_says_what_is_wrong(self):
        write_random_mnist(self.folder, 10)
        wrong = [
            (["search", "--data-dir", self.folder / "none"], "--data-dir"),
            (["search", "--data-dir", self.folder, "--validation", 10], "--validation"),
            (["steps", "--density", 0], "--density"),
        ]
        for words, message in wrong:
            result = run(*words, "--allow-reference-blas")
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, result.stderr)
            self.assertNotIn("Traceback", result.stderr)

    def test_refuses_a_python_without_torch(self):
        (self.folder / "torch.py").write_text("raise ImportError('No module named torch')")
        result = run("steps", PYTHONPATH=str(self.folder))
        self.assertEqual(result.returncode, 2)
        self.assertIn("setup.sh bench", result.stderr)


if __name__ == "__main__":
    unittest.main()
