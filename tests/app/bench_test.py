"""Tests ltlab-bench and the scripts around it, on cases of milliseconds. Usage: bench_test.py BENCH SCRIPTS_DIR"""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(sys.argv.pop(1))
SCRIPTS = Path(sys.argv.pop(1))
TINY = ("kernels", "--quick", "--rounds", "3", "--block-ms", "0.05")
SMALL = "--benchmark_filter=^linear/300x784/batch:64/density:(5|100)/"

# A stand-in for scripts/bench_pytorch.py, which needs PyTorch.
FAKE_PYTORCH = """
import json, sys
if sys.argv[1] == "steps":
    print(json.dumps({"median": 10.0, "min": 9.0, "max": 11.0, "processor_share": 1.0, "peak_rss_mb": 100.0}))
else:
    print(json.dumps({"levels": [{"level": i, "density": 0.8**i, "seconds": 1.0} for i in range(2)]}))
"""


def run(*command, status=0):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert result.returncode == status, f"{command}: status {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


class BenchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def check_kernel(self, benchmark):
        for side in ("sparse", "dense", "onednn", "openblas", "eigen"):
            self.assertGreater(benchmark[f"{side}_seconds"], 0)
            self.assertLessEqual(benchmark[f"{side}_seconds_q1"], benchmark[f"{side}_seconds_q3"])
        if "together" not in benchmark["name"]:
            libraries = [benchmark[f"{side}_seconds"] for side in ("onednn", "openblas", "eigen")]
            self.assertEqual(benchmark["dense_seconds"], min(libraries))
        self.assertLessEqual(benchmark["ratio_min"], benchmark["ratio"])
        self.assertLessEqual(benchmark["ratio"], benchmark["ratio_max"])
        for name in ("sparse_gflops", "dense_gflops", "peak_percent", "l1_percent", "memory_percent", "flops",
                     "flops_per_moved_byte", "flops_per_operand_byte", "processor_share"):
            self.assertGreater(benchmark[name], 0, name)
        self.assertEqual(benchmark["refresh_seconds"] > 0, "together" in benchmark["name"])
        self.assertTrue(benchmark["label"])

    def test_kernels(self):
        report = json.loads(run(BENCH, *TINY, SMALL, "--benchmark_format=json").stdout)
        self.assertGreater(json.loads(report["context"]["machine"])["fma_gflops"], 0)
        parts = [benchmark["name"].split("/")[4] for benchmark in report["benchmarks"]]
        self.assertEqual(parts, 2 * ["forward", "backward-data", "backward-weights", "together"])
        for benchmark in report["benchmarks"]:
            self.assertNotIn("error_occurred", benchmark)
            self.check_kernel(benchmark)
            if "/forward" in benchmark["name"]:
                self.assertEqual(benchmark["flops"], 2 * 64 * round(300 * 784 * benchmark["density"]))

    def test_steps(self):
        for density in (1, 0.05):
            report = json.loads(run(BENCH, "steps", "--seconds", 0.05, "--density", density, "--json").stdout)
            self.assertIn(len(report["steps_per_second"]), range(3, 8))
            self.assertTrue(0 < report["min"] <= report["median"] <= report["max"])
            self.assertEqual((report["model"], report["batch"], report["optimizer"], report["threads"]),
                             ("lenet-300-100", 60, "adam", 1))
            self.assertGreater(report["peak_rss_mb"], 1)
            kernels = {choice["kernel"] for choice in report["kernels"]}
            self.assertEqual(kernels <= {"dense"}, density == 1)

    def test_steps_take_the_images_of_the_model(self):
        report = json.loads(run(BENCH, "steps", "--model", "lenet-5", "--seconds", 0.01, "--json").stdout)
        self.assertEqual(report["dense_flops_per_image"], 3 * 833_040 - 235_200)  # of 28 x 28 pixels

    def test_says_what_is_wrong(self):
        for command, message in ((("kernels", "--benchmark_filter=nothing-of-that-name"), "no benchmark"),
                                 (("kernels", "--round"), "round"), (("steps", "--density", "2"), "density"),
                                 (("steps", "--model", "lenet"), "lenet"), (("nonsense",), "machine")):
            result = run(BENCH, *command, status=2)
            self.assertIn(message, result.stderr)

    def test_scripts(self):
        run(BENCH, *TINY, SMALL, f"--benchmark_out={self.folder / 'kernels.csv'}", "--benchmark_out_format=csv")
        (self.folder / "machine.json").write_text(run(BENCH, "machine").stdout)
        fake = self.folder / "fake.py"
        fake.write_text(FAKE_PYTORCH)
        run(sys.executable, "-B", SCRIPTS / "bench_pairs.py", "steps", "--quick", "--seconds", 0.02, "--pairs", 2,
            "--bench", BENCH, "--pytorch", fake, "--out", self.folder, "--models", "lenet-300-100,lenet-5")
        with (self.folder / "steps.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["side"] for row in rows[:4]], ["ltlab", "pytorch", "ltlab", "pytorch"])
        name = "linear/300x784/batch:64/density:5/forward"
        (self.folder / "goals.csv").write_text(f"name,ratio\n{name},0.0001\n")
        run(sys.executable, "-B", SCRIPTS / "plot_performance.py", self.folder)
        for figure in ("roofline-linear", "ratio-linear", "growth", "steps"):
            self.assertEqual((self.folder / f"{figure}.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        summary = (self.folder / "summary.md").read_text()
        self.assertRegex(summary, rf"`{name}`.*0\.0001 \(met\)")
        self.assertIn("lenet-300-100/batch:60/adam/density:2/threads:1", summary)
        self.assertRegex(summary, r"\| lenet-5 \| 60 \| [\d.]+ / 10\.0 \| [\d.]+ / 10\.0 \|")

    def test_nothing_to_draw(self):
        result = run(sys.executable, "-B", SCRIPTS / "plot_performance.py", self.folder, status=2)
        self.assertIn("bench.sh", result.stderr)


if __name__ == "__main__":
    unittest.main()
