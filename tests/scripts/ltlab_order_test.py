"""Tests scripts/ltlab_order.py on runs made by ltlab. Usage: ltlab_order_test.py SCRIPTS_DIR LTLAB"""

import hashlib
import unittest

import h5py
import numpy as np

from small_run import SMALL, RunTest, ltlab, make_search  # finds the scripts

import ltlab_io
import ltlab_order

IMAGES = 600  # of SMALL's training set, of which 100 are held out


def setUpModule():
    make_search()


class OrderTest(RunTest):
    def hashes(self, name, **options):
        """{path in the run: order_sha256}, of a small search, each of them computed anew."""
        folder = self.folder / name
        if not folder.exists():
            settings = dict(zip(SMALL[::2], SMALL[1::2])) | {"--model": "mlp:784-20-10"}
            settings |= {f"--{option.replace('_', '-')}": value for option, value in options.items()}
            ltlab("search", *(word for setting in settings.items() for word in setting), "--out", folder)
        found = {}
        for path in sorted(folder.rglob("level-*.h5")):
            run, level = ltlab_io.read_run(path.parent), ltlab_io.read_level(path)
            order = ltlab_order.order_of(run.attributes, int(level.attributes["level"]), IMAGES)
            self.assertEqual(order.sha256, level.attributes["order_sha256"], path)
            found[str(path.relative_to(folder)).removesuffix(".h5")] = order.sha256
        return found

    def test_a_level_shares_its_order_with_its_controls_alone(self):
        hashes = self.hashes("search")
        self.assertEqual(len(hashes), 2 * (3 + 2 + 2))
        self.assertEqual(len(set(hashes.values())), 2 * 3)
        for replicate in ("replicate-0", "replicate-1"):
            for control in ("random-reinit-0", "random-mask-0"):
                for level in ("level-001", "level-002"):
                    self.assertEqual(hashes[f"{replicate}/{control}/{level}"], hashes[f"{replicate}/{level}"])

    def test_with_the_dense_order_all_levels_share_one(self):
        usual = self.hashes("search")
        dense = usual["replicate-0/level-000"]
        rewound = self.hashes("original", rewind=20, retrain_order="original", control="supermask")
        self.assertEqual(set(rewound.values()), {dense})
        pruned = self.hashes("none", retrain="none", prune="one-shot")
        self.assertEqual(set(pruned.values()), {dense})

    def test_whatever_changes_the_images_changes_the_hash(self):
        dense = {self.hashes("search")[f"replicate-{r}/level-000"] for r in (0, 1)}
        for name, value in {"batch": 25, "data_seed": 1, "augment": "crop-flip", "label_noise": 0.1, "validation": 120}.items():
            with self.subTest(name):
                self.assertFalse(dense & set(self.hashes(name, levels=1, **{name: value}).values()))

    def test_pretraining_has_an_order_of_its_own(self):
        hashes = self.hashes("pretrained", pretrain=20, levels=1)
        self.assertEqual(len(set(hashes.values())), 3)
        self.assertIn("pretraining/level-000", hashes)

    def test_seeds_that_are_given_name_the_order_and_the_split(self):
        usual = self.hashes("search")["replicate-1/level-000"]
        self.assertEqual(self.hashes("ordered", seed_order=1, levels=1)["level-000"], usual)
        self.assertNotEqual(self.hashes("initialized", seed_init=1, seed_mask=1, levels=1)["level-000"], usual)
        both = self.hashes("split", seed_order=1, seed_split=5, levels=1)["level-000"]
        self.assertNotEqual(both, usual)
        self.assertEqual(self.hashes("data", seed=1, seed_split=5, levels=1)["level-000"], both)

    def test_an_import_tells_no_order(self):
        with self.assertRaisesRegex(ltlab_order.InputError, "imported"):
            ltlab_order.order_of({"branch": "imported", "config": "model = lenet-5\n"}, 1, IMAGES)

    def test_the_hash_is_of_what_the_page_says(self):
        with h5py.File(self.search / "replicate-1/level-001.h5") as file:
            told, fingerprint = file.attrs["order_sha256"].decode(), file.attrs["dataset_fingerprint"].decode()
        run = ltlab_io.read_run(self.search / "replicate-1")
        order = ltlab_order.order_of(run.attributes, 1, IMAGES)
        np.testing.assert_array_equal(np.sort(np.concatenate([order.training, order.held_out])), np.arange(IMAGES))
        self.assertEqual(len(order.held_out), 100)
        self.assertEqual(sorted(order.epoch(3)), list(order.training))
        text = f"{fingerprint}\n20\nnone\n".encode() + order.epoch(0).astype("<u4").tobytes()
        self.assertEqual(hashlib.sha256(text).hexdigest(), told)


if __name__ == "__main__":
    unittest.main()
