"""End-to-end tests of `ltlab inspect`: usage: inspect_command_test.py LTLAB"""

import csv
import io
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

try:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform
    from scipy.stats import hypergeom
except ImportError:
    hypergeom = None
    print("no scipy: what needs it is left out")

LTLAB = sys.argv.pop(1)
SMALL = ["search", "--data", "embedded", "--embedded-train", 600, "--embedded-test", 100, "--validation", 100, "--batch",
         20, "--steps", 60, "--validate-every", 20, "--kernel", "sparse"]
SEARCH = [*SMALL, "--levels", 4, "--rate", 0.6, "--replicates", 3, "--control", "random-reinit,random-mask"]
LAYERS = ["fc1.weight", "fc2.weight", "fc3.weight"]
needs_scipy = unittest.skipIf(hypergeom is None, "no scipy")


def run(*words):
    return subprocess.run([LTLAB, *map(str, words)], capture_output=True, text=True)


def output_of(*words):
    result = run(*words)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def read_masks(path):
    with h5py.File(path) as file:
        return [file[f"mask/{layer}"][:] for layer in LAYERS]


def on_paths(masks):
    """The same masks without weights on no path, by powers of the network's adjacency."""
    into = [np.ones(masks[0].shape[1], int)]
    for mask in masks:
        into.append((mask @ into[-1] > 0).astype(int))
    out = [np.ones(masks[-1].shape[0], int)]
    for mask in reversed(masks):
        out.insert(0, (mask.T @ out[0] > 0).astype(int))
    return [mask * into[i][None, :] * out[i + 1][:, None] for i, mask in enumerate(masks)]


class InspectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        result = run(*SEARCH, "--model", "mlp:784-30-20-10", "--out", cls.folder / "search")
        assert result.returncode == 0, result.stderr
        cls.ticket = cls.folder / "search" / "replicate-0"

    def json_of(self, *words):
        return json.loads(output_of("inspect", *words, "--json"))

    def test_tree_of_a_collection(self):
        text = output_of("inspect", self.folder / "search")
        self.assertIn("3 replicates", text)
        for name in ("replicate-2", "random-reinit-0", "random-mask-0", "levels 0 to 4", "density 100.00 to"):
            self.assertIn(name, text)
        tree = self.json_of(self.folder / "search")
        self.assertEqual([member["seed"] for member in tree["members"]], [0, 1, 2])
        self.assertEqual(len(tree["members"][1]["members"]), 2)

    def test_layers_are_as_numpy_counts_them(self):
        levels = self.json_of(self.ticket)["levels"]
        self.assertEqual([level["level"] for level in levels], [0, 1, 2, 3, 4])
        self.assertLess(levels[-1]["effective_density"], levels[-1]["density"])
        for level in levels:
            masks = read_masks(self.ticket / f"level-{level['level']:03}.h5")
            effective = on_paths(masks)
            for layer, mask, paths in zip(level["layers"], masks, effective, strict=True):
                self.assertEqual(layer["survivors"], mask.sum())
                self.assertEqual(layer["effective_survivors"], paths.sum())
                self.assertEqual(layer["dead_inputs"], (mask.sum(0) == 0).sum())
                self.assertEqual(layer["dead_outputs"], (mask.sum(1) == 0).sum())
                self.assertEqual(layer["dead_neurons"], (paths.sum(1) == 0).sum())
                self.assertEqual(layer["output_degrees"], mask.sum(1).tolist())
                self.assertEqual(layer["input_degrees"], mask.sum(0).tolist())
            self.assertAlmostEqual(level["effective_density"], sum(map(np.sum, effective)) / sum(map(np.size, masks)))

    def test_weights_are_as_numpy_counts_them(self):
        level = self.json_of(self.ticket, "--level", 3)["levels"][0]
        with h5py.File(self.ticket / "run.h5") as run_file, h5py.File(self.ticket / "level-002.h5") as previous, \
                h5py.File(self.ticket / "level-003.h5") as file:
            for layer in level["layers"]:
                mask = file[f"mask/{layer['name']}"][:] == 1
                before = run_file[f"init/{layer['name']}"][:][mask]
                after = file[f"weights/{layer['name']}"][:][mask]
                for values, found in ((before, layer["weights_before"]), (after, layer["weights_after"])):
                    self.assertAlmostEqual(found["mean"], values.mean(dtype=float), places=6)
                    self.assertAlmostEqual(found["standard_deviation"], values.astype(float).std(ddof=1), places=6)
                    self.assertAlmostEqual(found["greatest_magnitude"], abs(values).max(), places=6)
                    self.assertAlmostEqual(found["positive"], (values > 0).mean(), places=6)
                self.assertAlmostEqual(layer["signs_kept"], (np.sign(before) == np.sign(after)).mean(), places=6)
                gone = (previous[f"mask/{layer['name']}"][:] == 1) & ~mask
                self.assertEqual(layer["pruned"], gone.sum())
                self.assertAlmostEqual(layer["threshold"], abs(previous[f"weights/{layer['name']}"][:][gone]).max(), 6)

    def test_controls_tell_their_start_but_not_what_was_pruned(self):
        for control in ("random-mask-0", "random-reinit-0"):
            layer = self.json_of(self.ticket / control / "level-002.h5")["levels"][0]["layers"][0]
            self.assertIsNone(layer["pruned"])
            self.assertIsNotNone(layer["weights_before"])

    def test_text_and_table_tell_the_same(self):
        text = output_of("inspect", self.ticket)
        for word in ("survivors by their weight after training", "█", "fc2.weight", "empty blocks", "Level 4"):
            self.assertIn(word, text)
        rows = list(csv.DictReader(io.StringIO(output_of("inspect", self.ticket, "--csv"))))
        layers = [layer | {"level": level["level"]} for level in self.json_of(self.ticket)["levels"]
                  for layer in level["layers"]]
        self.assertEqual(len(rows), len(layers))
        for row, layer in zip(rows, layers):
            self.assertEqual((int(row["level"]), row["layer"]), (layer["level"], layer["name"]))
            self.assertEqual(int(row["dead_neurons"]), layer["dead_neurons"])
            self.assertAlmostEqual(float(row["mean_after"]), layer["weights_after"]["mean"], places=6)
            self.assertEqual(row["threshold"] == "", layer["threshold"] is None)

    @needs_scipy
    def test_overlaps_are_as_scipy_counts_them(self):
        paths = [self.folder / "search" / f"replicate-{r}" / "level-002.h5" for r in range(3)]
        document = self.json_of(*paths)
        masks = [read_masks(path) for path in paths]
        jaccard = np.zeros((3, 3))
        for pair in document["pairs"]:
            a, b = masks[pair["a"]], masks[pair["b"]]
            for layer, x, y in zip(pair["layers"], a, b):
                self.assertEqual(layer["common"], (x & y).sum())
                self.assertAlmostEqual(layer["jaccard"], (x & y).sum() / (x | y).sum())
                self.assertAlmostEqual(layer["hamming"], (x != y).mean())
                chance = hypergeom(float(x.size), float(x.sum()), float(y.sum()))
                common = (x & y).sum()
                self.assertAlmostEqual(layer["chance_at_densities"]["common"], chance.mean(), places=6)
                p = min(1, 2 * min(chance.cdf(common), chance.sf(common - 1)))
                self.assertAlmostEqual(layer["chance_at_densities"]["p"], p, places=6)
                degrees = sum(i * j / len(x) for i, j in zip(x.sum(0, dtype=float), y.sum(0, dtype=float)))
                self.assertAlmostEqual(layer["chance_at_input_degrees"]["common"], degrees, places=6)
            jaccard[pair["a"], pair["b"]] = jaccard[pair["b"], pair["a"]] = 1 - pair["layers"][-1]["jaccard"]
        merges = linkage(squareform(jaccard), "average")
        self.assertEqual([[m["first"], m["second"], m["items"]] for m in document["merges"]],
                         merges[:, [0, 1, 3]].astype(int).tolist())
        np.testing.assert_allclose([1 - m["jaccard"] for m in document["merges"]], merges[:, 2])

    def test_matched_seeds_have_more_in_common(self):
        paths = [self.folder / "search" / f"replicate-{r}" / "level-002.h5" for r in range(2)]
        plain = self.json_of(*paths)["pairs"][0]["layers"][-1]
        for by in ("masks", "weights"):
            document = self.json_of(*paths, "--match", by, "--draws", 5)
            self.assertEqual((document["matched_by"], document["draws"]), (by, 5))
            matched = document["pairs"][0]["layers"][-1]
            if by == "masks":
                self.assertGreater(matched["common"], plain["common"])
            self.assertGreater(matched["chance_at_densities"]["common"], plain["chance_at_densities"]["common"])
            self.assertGreaterEqual(matched["chance_at_densities"]["p"], 1 / 6)
        text = output_of("inspect", *paths, "--match", "masks", "--draws", 2)
        self.assertIn("mean of 2 random masks matched in the same way", text)

    def test_overlaps_have_the_same_names_everywhere(self):
        """A comma in a path, and the Jaccard index by chance, which CSV once gave as a count."""
        folder = self.folder / "one, two"
        shutil.copytree(self.folder / "search", folder, dirs_exist_ok=True)
        paths = [folder / f"replicate-{r}" / "level-002.h5" for r in range(2)]
        layers = self.json_of(*paths)["pairs"][0]["layers"]
        rows = list(csv.DictReader(io.StringIO(output_of("inspect", *paths, "--csv"))))
        text = output_of("inspect", *paths).splitlines()
        for row, layer in zip(rows, layers, strict=True):
            self.assertEqual((row["a"], row["b"]), tuple(map(str, paths)))
            self.assertNotIn(None, row)
            line = next(line for line in text if line.startswith(layer["name"]))
            for kind in ("densities", "input_degrees"):
                chance = layer[f"chance_at_{kind}"]
                for name in ("common", "common_deviation", "jaccard"):
                    self.assertAlmostEqual(float(row[f"chance_{name}_at_{kind}"]), chance[name], places=6)
                for name in ("z", "p"):
                    self.assertAlmostEqual(float(row[f"{name}_at_{kind}"]), chance[name], places=6)
                self.assertIn(f" {chance['jaccard']:.4f} (z {chance['z']:.1f}", line)
                both, either = chance["common"], layer["survivors_a"] + layer["survivors_b"] - chance["common"]
                self.assertAlmostEqual(chance["jaccard"], both / either)

    def test_matching_tells_how_far_it_is_on_a_terminal_alone(self):
        paths = [self.folder / "search" / f"replicate-{r}" / "level-002.h5" for r in range(2)]
        words = [LTLAB, "inspect", *map(str, paths), "--match", "masks", "--draws", "3"]
        parent, child = pty.openpty()
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=child) as process:
            os.close(child)
            found = process.stdout.read().decode()
        told = os.read(parent, 65536).decode()
        os.close(parent)
        self.assertIn("6 of 6 random masks matched, 0:00 left", told)
        self.assertTrue(told.endswith("\r\033[K"))
        self.assertEqual(found, output_of(*words[1:]))

    def test_runs_stand_for_their_levels(self):
        names = [network["name"] for network in self.json_of("--compare", self.ticket)["networks"]]
        self.assertEqual(names, [str(self.ticket / f"level-{level:03}.h5") for level in range(5)])
        document = self.json_of("--compare", "--level", 4, self.folder / "search")
        self.assertEqual(len(document["networks"]), 3)
        reinit = self.json_of("--level", 4, self.ticket, self.ticket / "random-reinit-0")
        self.assertEqual(reinit["pairs"][0]["layers"][-1]["jaccard"], 1)
        text = output_of("inspect", "--compare", self.ticket)
        self.assertIn("Clusters", text)
        rows = list(csv.DictReader(io.StringIO(output_of("inspect", "--csv", "--compare", self.ticket))))
        self.assertEqual(len(rows), 10 * 4)
        self.assertEqual(rows[3]["layer"], "all")

    def test_tells_a_layer_collapse(self):
        out = self.folder / "collapse"
        result = run(*SMALL, "--model", "mlp:784-30-30-10", "--rate", 0.9, "--levels", 3,
                     "--scope", "global", "--out", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        levels = self.json_of(out)["levels"]
        self.assertEqual([level["layer_collapse"] for level in levels], [False, False, True, True])
        self.assertEqual([level["empty_layers"] for level in levels], [[], [], ["fc1.weight"], ["fc1.weight"]])
        words = "pruning left no weight of fc1.weight, so no path leads from an input to an output (effective density 0)."
        self.assertIn(f"\nLayer collapse from level 2 on: {words}\n", output_of("inspect", out))
        self.assertIn(f"\nLayer collapse: {words}\n", output_of("inspect", out, "--level", 2))
        self.assertNotIn("ayer collapse", output_of("inspect", out, "--level", 1))
        self.assertNotIn("ayer collapse", output_of("inspect", self.ticket))

    def test_says_what_is_wrong(self):
        level = self.ticket / "level-001.h5"
        torn = self.folder / "torn.h5"
        torn.write_bytes(level.read_bytes()[:-1000])
        for status, words, message in (
                (2, [], "name at least one"),
                (2, [self.folder / "none"], "there is no"),
                (3, [self.folder], "holds no run.h5"),
                (3, [torn], "torn.h5"),
                (2, [self.ticket, "--level", 9], "no level 9"),
                (2, [self.ticket, "--json", "--csv"], "not both"),
                (2, [self.ticket, "--match", "masks"], "two or more"),
                (2, [level, level, "--match", "neurons"], "masks, weights"),
                (2, [level, level, "--draws", 3], "--match"),
                (2, [level, level, "--match", "masks", "--draws", 1], "at least 2"),
                (2, [level, level, "--match", "masks", "--draws", -3], "whole number"),
                (2, [level, level, "--match", "masks", "--draws", 10**12], "at most a million"),
                (2, [self.ticket, "--level", -1], "whole number"),
                (2, [self.folder / "search", "--level", 1], "several runs"),
                (2, [self.folder / "search", "--csv"], "several runs")):
            result = run("inspect", *words)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
