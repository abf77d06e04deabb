"""Tests that state_dicts of any kind are imported, with their layers in order. Usage: state_dicts_test.py SCRIPTS_DIR LTLAB"""

import argparse
import unittest
import warnings
from collections import OrderedDict

import numpy as np

from state_dict_folder import FolderTest, mlp, script, verify  # ends here where there is no torch; finds the scripts

import ltlab_io
import ltlab_networks
import torch
from torch import nn


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
        module = {"convolution": lambda: nn.Conv2d(before, step.outputs, step.window, bias=step.bias),
                  "batch_norm": lambda: nn.BatchNorm2d(before), "linear": lambda: nn.Linear(before, 10)}.get(step.kind)
        if module:
            state.update({f"{step.name}.{key}": values for key, values in module().state_dict().items()})
    return state


if __name__ == "__main__":
    unittest.main()
