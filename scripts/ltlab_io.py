#!/usr/bin/python3
"""Reads runs of `ltlab search` into numpy and pandas, and exchanges tickets with PyTorch, ONNX and OpenLTH.

In Python (with this folder in sys.path):

    import ltlab_io
    run = ltlab_io.read_run("masks/NAME/replicate-0")
    run.table()                                  # a row a level: density, test_accuracy, ...
    level = run.level(5)                         # level.masks["fc1.weight"], level.weights, level.metrics

A collection's replicates and a ticket's controls are its members: run.members, run.member("random-reinit-0").
"""

import argparse
import io
import re
from pathlib import Path

import numpy as np

import ltlab_networks
from ltlab_imports import import_openlth, import_pytorch, load_state_dict
from ltlab_runs import Level, RunError, content_digest, extract, read_level, read_run  # noqa: F401
from script_errors import InputWarning, run_script  # noqa: F401
from script_files import write_whole


# ---------------------------------------------------------------------------------------------------- PyTorch


def state_dict(level):
    """A level as torch.nn.utils.prune keeps pruned modules: `fc1.weight_orig`, `fc1.weight_mask`, `fc1.bias`.

    A module takes it by load_state_dict() once its weights are pruned, as by prune.identity(module.fc1, "weight").
    What was imported has its PyTorch names again, and is the same to the bit; weights whose mask was told by their
    zeros alone are `fc1.weight` again.
    """
    import torch

    state = {}
    for name, weights in level.weights.items():
        mask = level.masks.get(name)
        key = level.imported_names.get(name, name if mask is None else f"{name}_orig")
        values = weights if name not in level.unmasked else np.where(mask, weights, level.unmasked[name])
        state[key] = torch.from_numpy(values.copy())
        if key.endswith("_orig"):
            state[f"{key.removesuffix('_orig')}_mask"] = torch.from_numpy(mask.astype(np.float32))
    for name, values in level.other.items():
        state[level.imported_names[name]] = torch.from_numpy(np.array(values))
    return state


def pytorch_model(level, model, image=None):
    """The network of a level as a torch.nn.Module, pruned by torch.nn.utils.prune; it gives logits.

    `model` and `image` are the run's attributes of these names; runs of ltlab 0.1.0 have no image, and need none but for
    models of the user's own. Images are (n, channels, height, width), with linear layers only also (n, features),
    normalized as in training. The program `ltlab` says how the layers are connected.
    """
    import operator

    import torch
    from torch import fx
    from torch.nn.utils import prune

    modules, graph = {}, fx.Graph()
    values = {"images": graph.placeholder("images")}
    for step in _steps(level, model, image):
        inputs = tuple(values[name] for name in step.inputs)
        if step.kind == "addition":
            values[step.name] = graph.call_function(operator.add, inputs)
        else:
            modules[step.name] = _pytorch_module(level, step)
            values[step.name] = graph.call_module(step.name, inputs)
    graph.output(values[step.name])
    network = fx.GraphModule(modules, graph, "Network")
    for name in level.masks:
        prune.identity(network.get_submodule(name.removesuffix(".weight")), "weight")
    plain = Level(level.attributes, level.masks, level.weights, level.initial, level.metrics, level.kernels)
    network.load_state_dict(state_dict(plain))
    return network.eval()


def _pytorch_module(level, step):
    from torch import nn

    shape = level.weights[f"{step.name}.weight"].shape if f"{step.name}.weight" in level.weights else ()
    return {
        "convolution": lambda: nn.Conv2d(shape[1], shape[0], step.window, step.stride, step.padding, bias=step.bias),
        "linear": lambda: nn.Linear(shape[1], shape[0]),
        "batch_norm": lambda: (nn.BatchNorm1d if step.flat else nn.BatchNorm2d)(*shape),
        "relu": nn.ReLU,
        "max_pooling": lambda: nn.MaxPool2d(step.window, step.stride),
        "average_pooling": lambda: nn.AvgPool2d(step.window, step.stride),
        "mean": lambda: nn.AdaptiveAvgPool2d(1),
        "dropout": nn.Identity,  # as in evaluation
        "flatten": nn.Flatten,
        "subsampling": lambda: nn.MaxPool2d(1, step.stride),
        "padding": lambda: nn.ConstantPad3d((0, 0, 0, 0, 0, step.padding), 0.0),
    }[step.kind]()


def _steps(level, model, image):
    """ltlab_networks.steps() of a level's network."""
    if model == "imported":
        raise RunError("cannot tell how the layers of model 'imported' are connected; export its state_dict instead, or "
                       "import it with --model")
    return ltlab_networks.steps(model, *ltlab_networks.extents(level.masks, image))


def export_pytorch(level, path):
    """Writes state_dict(level) to a file for torch.load()."""
    import torch

    content = io.BytesIO()  # since torch.save() ends the process where a disk is full
    torch.save(state_dict(level), content)
    write_whole(path, content.getbuffer())


# ---------------------------------------------------------------------------------------------------- ONNX


def export_onnx(level, model, path, image=None):
    """Writes the network of a level, pruned weights as zeros, as an ONNX model (opset 13): `images` to `logits`; `model` and
    `image` as for pytorch_model()."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, arrays, steps = [], [], _steps(level, model, image)
    for step in steps:
        constants = _onnx_constants(level, step)
        arrays += [numpy_helper.from_array(values, name) for name, values in constants.items()]
        operator, attributes = _onnx_operator(step)
        nodes.append(helper.make_node(operator, [*step.inputs, *constants], [step.name], step.name, **attributes))
    nodes[-1].output[0] = "logits"
    first, last = list(level.masks.values())[0], list(level.masks.values())[-1]
    extents = ["n", first.shape[1], "height", "width"] if first.ndim == 4 else ["n", first.shape[1]]
    graph = helper.make_graph(
        nodes, re.sub("[^A-Za-z0-9.]+", "-", model),
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, extents)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", last.shape[0]])], arrays)
    document = helper.make_model(graph, producer_name="ltlab", opset_imports=[helper.make_opsetid("", 13)])
    document.ir_version = 7
    onnx.checker.check_model(document, full_check=True)
    write_whole(path, document.SerializeToString())


def _onnx_constants(level, step):
    """{name: values} of what the operator of a step takes besides the values of other steps."""
    if step.kind == "padding":
        return {f"{step.name}.pads": np.array([0, 0, 0, 0, 0, step.padding, 0, 0], np.int64)}
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {name: level.weights[name] for name in (f"{step.name}.{kind}" for kind in kinds) if name in level.weights}


def _onnx_operator(step):
    """Its type and attributes."""
    strides = 2 * [step.stride]
    return {
        "convolution": ("Conv", {"kernel_shape": step.window, "pads": 4 * [step.padding], "strides": strides}),
        "linear": ("Gemm", {"transB": 1}),
        "batch_norm": ("BatchNormalization", {"epsilon": 1e-5}),
        "relu": ("Relu", {}),
        "max_pooling": ("MaxPool", {"kernel_shape": step.window, "strides": strides}),
        "average_pooling": ("AveragePool", {"kernel_shape": step.window, "strides": strides}),
        "mean": ("GlobalAveragePool", {}),
        "dropout": ("Identity", {}),
        "flatten": ("Flatten", {}),
        "subsampling": ("MaxPool", {"kernel_shape": [1, 1], "strides": strides}),
        "padding": ("Pad", {}),
        "addition": ("Add", {}),
    }[step.kind]


# ---------------------------------------------------------------------------------------------------- command line


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (("export-pytorch", "write a level as a state_dict for torch.nn.utils.prune"),
                       ("export-onnx", "write a level as an ONNX model, pruned weights as zeros")):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("level", type=Path, help="a level's file: RUN/level-005.h5")
        command.add_argument("output", type=Path, help="file to write")
    text = "write a level's file with its initial weights, so that it stands alone"
    command = commands.add_parser("extract", help=text, description=text)
    command.add_argument("level", type=Path, help="a level's file: RUN/level-005.h5")
    command.add_argument("output", type=Path, help="file to write")
    trust = "let PyTorch load the files, which runs whatever code they hold"
    text = "write a run of one level from a state_dict, pruned or with zeros"
    command = commands.add_parser("import-pytorch", help=text, description=text)
    command.add_argument("state_dict", type=Path, help="file of torch.save(model.state_dict()), or of a checkpoint")
    command.add_argument("folder", type=Path, help="run folder to write")
    command.add_argument("--initial", metavar="FILE", type=Path, help="the state_dict that training began with")
    command.add_argument("--model", metavar="MODEL", help="the network as an ltlab model, as for `ltlab search --model`: a "
                         "file of its text, or a name; it then can be trained, and exported as a whole")
    command.add_argument("--image", metavar="CxHxW",
                         help="of that model: the extents of its images (3x32x32, but with its channels)")
    command.add_argument("--trust", action="store_true", help=trust)
    text = "write a run from a folder replicate_N of OpenLTH"
    command = commands.add_parser("import-openlth", help=text, description=text)
    command.add_argument("replicate", type=Path, help="OpenLTH's folder lottery_HASH/replicate_N")
    command.add_argument("folder", type=Path, help="run folder to write")
    command.add_argument("--trust", action="store_true", help=trust)
    return parser.parse_args()


def run_command(arguments):
    if arguments.command == "export-pytorch":
        export_pytorch(read_level(arguments.level), arguments.output)
    elif arguments.command == "export-onnx":
        level = read_level(arguments.level)
        told = level.attributes if "model" in level.attributes else read_run(arguments.level.parent).attributes
        export_onnx(level, told.get("model_text") or told["model"], arguments.output, told.get("image"))
    elif arguments.command == "extract":
        extract(arguments.level, arguments.output)
    elif arguments.command == "import-pytorch":
        initial = load_state_dict(arguments.initial, arguments.trust) if arguments.initial else None
        import_pytorch(load_state_dict(arguments.state_dict, arguments.trust), arguments.folder, initial,
                       model=arguments.model, image=arguments.image)
    else:
        import_openlth(arguments.replicate, arguments.folder, arguments.trust)


if __name__ == "__main__":
    run_script("ltlab_io.py", lambda: run_command(parse_arguments()))
