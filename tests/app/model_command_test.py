"""End-to-end tests of `ltlab model`: usage: model_command_test.py LTLAB"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

LTLAB = os.path.abspath(sys.argv[1])


def run(*arguments):
    return subprocess.run([LTLAB, "model", *arguments], capture_output=True, text=True)


def rows(text):
    return {line.split()[0]: line.split() for line in text.splitlines()}


class ModelCommand(unittest.TestCase):
    def test_table_tells_layers_shapes_parameters_flops(self):
        table = rows(run("resnet-20").stdout)
        self.assertEqual(table["conv1"], "conv1 images 16 x 32 x 32 432 432 884,736".split())
        self.assertEqual(table["bn3"], "bn3 conv3 + bn1 16 x 32 x 32 32 - -".split())
        self.assertEqual(table["bn9"], "bn9 conv9 + shortcut4 32 x 16 x 16 64 - -".split())
        self.assertEqual(table["total"], "total 269,722 268,336 81,102,080".split())

    def test_json_has_the_same_numbers(self):
        document = json.loads(run("resnet-20", "--json").stdout)
        self.assertEqual(document["parameters"], 269722)
        self.assertEqual(document["image"], [3, 32, 32])
        self.assertEqual(document["parameters"], sum(layer["parameters"] for layer in document["layers"]))
        self.assertEqual(document["layers"][0]["output"], [16, 32, 32])

    def test_every_listed_model_is_shown(self):
        names = [line.split()[0] for line in run("list").stdout.splitlines()]
        self.assertIn("vgg-19", names)
        for name in names:
            if name == "FILE":
                continue
            shown = run(name)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn("total", shown.stdout)

    def test_images_and_classes(self):
        self.assertEqual(rows(run("conv-2", "--image", "1x28x28").stdout)["pool1"][2:7], "64 x 14 x 14".split())
        self.assertEqual(rows(run("conv-2", "--classes", "7").stdout)["fc3"][2], "7")
        self.assertEqual(rows(run("conv-2", "--data", "embedded").stdout)["pool1"][2:7], "64 x 14 x 14".split())
        for wrong in ("3x32", "0x32x32", "3x32x32x", "3,32,32", "x3x3", "3x32x32x32"):
            shown = run("conv-2", "--image", wrong)
            self.assertEqual(shown.returncode, 2, wrong)
            self.assertIn("3x32x32", shown.stderr)
        self.assertEqual(run("conv-2", "--image", "1x2x3", "--data", "embedded").returncode, 2)

    def test_a_file_is_a_model_and_its_text_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "own.txt")
            path.write_text(run("resnet-32:width=2", "--text").stdout)
            self.assertEqual(run(str(path)).stdout, run("resnet-32:width=2").stdout)
            self.assertEqual(run(run(str(path), "--text").stdout.strip()).stdout, run(str(path)).stdout)
            path.write_text("conv 8 relu\n\nconv 8 reluu\nlinear classes\n")
            shown = run(str(path))
            self.assertEqual(shown.returncode, 2)
            for told in ("own.txt", "line 3", "did you mean 'relu'"):
                self.assertIn(told, shown.stderr)

    def test_a_search_keeps_the_text_and_needs_the_file_no_more(self):
        with tempfile.TemporaryDirectory() as folder:
            path, out = pathlib.Path(folder, "own.txt"), pathlib.Path(folder, "run")
            path.write_text("# own\nwidth = 2\nconv width stride 4\nbatch-norm relu\nresidual\n  conv width\nend\n"
                            "dropout 0.1\nlinear classes\n")
            search = [LTLAB, "search", "--data", "embedded", "--embedded-train", "300", "--embedded-test", "100",
                      "--validation", "100", "--model", str(path), "--steps", "20", "--batch", "20", "--validate-every",
                      "10", "--levels", "1", "--out", str(out)]
            done = subprocess.run(search, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            path.unlink()
            again = subprocess.run([LTLAB, "search", "--resume", "--out", str(out)], capture_output=True, text=True)
            self.assertEqual(again.returncode, 0, again.stderr)
            verified = subprocess.run([LTLAB, "verify", str(out)], capture_output=True, text=True)
            self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_wrong_usage(self):
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("conv-3").returncode, 2)
        self.assertIn("did you mean", run("conv-3").stderr)
        self.assertEqual(run("--help").returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
