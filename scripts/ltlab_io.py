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
import warnings
from pathlib import Path

import numpy as np

import ltlab_layers
import ltlab_networks
import ltlab_state_dicts
from ltlab_runs import Level, RunError, content_digest, extract, masked, read_level, read_run, write_import  # noqa: F401
from script_errors import InputWarning, reading, require_file, run_script
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
    return ltlab_networks.steps(model, *_extents(level.masks, image))


def _likely_image(masks):
    """Extents of images with the channels, or values, that the first weights take: how layers are connected hardly hangs
    on the others."""
    first = next(iter(masks.values()))
    return f"{first.shape[1]}x32x32" if first.ndim == 4 else f"{first.shape[1]}x1x1"


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


# ---------------------------------------------------------------------------------------------------- importing


def import_pytorch(state, folder, initial=None, source="PyTorch", model=None, image=None):
    """Writes a run of one level, number 0, from a state_dict or what holds one, and optionally from the one that training
    began with. They are of PyTorch, or of load_state_dict().

    Masks are those of torch.nn.utils.prune (`weight_orig`, `weight_mask`); where there are none, the weights of linear
    layers and convolutions count as pruned where they are zero. Everything comes back by state_dict(), but what was of 16
    bits as float32, and booleans as bytes. `model` is what `ltlab search --model` takes, a file of a model's text or a name:
    the layers are then its layers, in its order, and training can go on. `image` is then the extents of the images, as
    "3x32x32", where these are not as large as CIFAR-10's.
    """
    imported = _imported_level(state, {}) if model is None else _level_of_model(state, model, image)
    names = {key: name for name, key in imported.imported_names.items()}
    init = {} if initial is None else _initial(initial, names, imported)
    name = _model_name(imported) if model is None else _description(model, imported.masks, image)
    write_import(Path(folder), source, name, {0: imported}, init, init, 0, image)


def _description(model, masks, image):
    """Of a named model or file of its text, on one line."""
    return ltlab_networks.describe(str(model), *_extents(masks, image))["model"]


def _extents(masks, image):
    """Of a network's images, and its number of classes."""
    return image or _likely_image(masks), list(masks.values())[-1].shape[0]


def _level_of_model(state, model, image):
    """A Level of a state_dict whose modules are the layers of an ltlab model, one after the other."""
    state, masks = _pruned_arrays(ltlab_state_dicts.state_of(state), {})
    _check_arrays(state, masks)
    stems, layers = {}, []
    for key in state:
        stems.setdefault(key.rpartition(".")[0], []).append(key)
    units = {"images": next(iter(masks.values())).shape[1]}
    for step in ltlab_networks.steps(str(model), *_extents(masks, image)):
        weights = state[next(iter(stems[stem]))] if (stem := next(iter(stems), None)) is not None else np.zeros(1)
        units[step.name], shapes = _expected_shapes(step, units[step.inputs[0]], weights)
        if not shapes:
            continue
        if stem is None:
            raise RunError(f"the model has a layer {step.name}, and the state_dict has no more layers")
        found = {key.rpartition(".")[2].removesuffix("_orig"): state[key].shape for key in stems[stem]}
        found.pop("num_batches_tracked", None)
        if found != shapes:
            raise RunError(f"layer {step.name} of the model has {_shapes(shapes)}, but {_told([stem])}, where the "
                           f"state_dict has its next layer, {_shapes(found)}")
        layers.append((stem, step.name))
        del stems[stem]
    if stems:
        raise RunError(f"the state_dict has more layers than the model: {_told(list(stems))}")
    own = dict(layers)
    names = {key: f"{own[stem]}.{kind.removesuffix('_orig')}" for key in state for stem, _, kind in [key.rpartition(".")]}
    return _level_of(state, masks, names)


def _shapes(shapes):
    """"weight (6, 4, 3, 3) and bias (6)"."""
    return " and ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in sorted(shapes.items(), reverse=True))


def load_state_dict(path, trust=False):
    """What torch.save() wrote to a file. Nothing that the file asks for is run, but where `trust` says so."""
    if not trust:
        return ltlab_state_dicts.load(path)
    require_file(path, "name a file that torch.save() wrote")
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except (OSError, ModuleNotFoundError, MemoryError):
        raise
    except Exception as error:  # Whatever the file runs may go wrong in any way.
        told = ltlab_state_dicts.shown(str(error) or type(error).__name__, 200)
        raise RunError(f"PyTorch cannot load {path}: {told}") from error


def import_openlth(replicate, folder, trust=False):
    """Writes a run from a folder `replicate_N` of OpenLTH: of each level_K/main/ its mask.pth, its last
    model_epE_itI.pth, and of its logger the last test accuracy and loss; level 0's first model is what was rewound to.

    OpenLTH may save weights that its mask prunes with the values of the last step; these are kept as `unmasked`.
    """
    replicate = Path(replicate)
    levels, numbers = {}, _openlth_levels(replicate)
    for number in numbers:
        place = replicate / f"level_{number}" / "main"
        levels[number] = _imported_level(load_state_dict(_openlth_models(place)[-1], trust),
                                         load_state_dict(place / "mask.pth", trust))
        levels[number].attributes.update(_openlth_figures(place))
    names = {key: name for name, key in levels[0].imported_names.items()}
    first = _openlth_models(replicate / "level_0" / "main")[0]
    rewind_step = levels[0].attributes["first_step"]
    pretrained = _openlth_models(replicate / "level_pretrain" / "main")
    initial = lambda path: _initial(load_state_dict(path, trust), names, levels[0])  # noqa: E731
    rewind = initial(first)
    init = rewind if rewind_step == 0 else initial(pretrained[0]) if pretrained else {}
    write_import(Path(folder), "OpenLTH", _model_name(levels[0]), levels, init, rewind, rewind_step)


def _openlth_levels(replicate):
    found = [path.parent.parent.name.removeprefix("level_") for path in replicate.glob("level_*/main/mask.pth")]
    numbers = sorted(int(number) for number in found if number.isdecimal())
    if not numbers or numbers != list(range(len(numbers))):
        raise RunError(f"{replicate} has not level_0/main/mask.pth and those after it without a gap; name a folder "
                       "replicate_N of OpenLTH")
    return numbers


def _openlth_models(place):
    """Model files from the first to the last step."""
    models = {}
    for path in place.glob("model_ep*_it*.pth"):
        step = re.fullmatch(r"model_ep(\d+)_it(\d+)\.pth", path.name)
        if step:
            models[int(step[1]), int(step[2])] = path
    if not models and place.parent.name != "level_pretrain":
        raise RunError(f"{place} has no model_epE_itI.pth: its training has not begun")
    return [models[step] for step in sorted(models)]


def _openlth_figures(place):
    """First and last iteration, test accuracy and loss, of lines `name,iteration,value`."""
    logged, logger = {}, place / "logger"
    with reading(logger, "lines must be name,iteration,value"):
        for line in logger.read_text().split() if logger.is_file() else []:
            name, iteration, value = line.split(",")
            logged.setdefault(name, {})[int(iteration)] = float(value)
    steps = logged.get("test_accuracy", {0: 0})
    figures = {"first_step": min(steps), "steps": max(steps)}
    for name in ("test_accuracy", "test_loss"):
        if name in logged:
            figures[name] = logged[name][max(logged[name])]
    return figures


def _imported_level(state, masks):
    """A Level of a state_dict, or what holds one, and masks by weight (`fc.weight`), or the masks that it holds."""
    state, masks = _pruned_arrays(ltlab_state_dicts.state_of(state), masks)
    _check_arrays(state, masks)
    found = [_layer(key, mask) for key, mask in masks.items()]
    sorted_by_name = _is_sorted(state, {layer.name for layer in found})
    layers, certain = ltlab_layers.in_order(found, sorted_by_name)
    if not certain:
        told = ", ".join(ltlab_state_dicts.shown(layer.name) for layer in layers[:20]) + ", ..." * (len(layers) > 20)
        warnings.warn(f"the order of the layers is that of the state_dict, and by their shapes may be another: {told}; "
                      "if the network computes them otherwise, save model.state_dict() in its own order", InputWarning)
    if sorted_by_name or layers != found:
        ordered = ltlab_layers.arranged(list(state), {key: values.shape for key, values in state.items()}, layers)
        state = {key: state[key] for key in ordered}
        masks = {key: masks[key] for key in ordered if key in masks}
    levels = [_level_of(state, masks, names) for names in (_own_names(state, layers), _without_wrapper(state))]
    return next((level for level in levels if _model_name(level) != "imported"), levels[0])


def _is_sorted(state, layers):
    """Whether the keys of layers come in the order of their names, as sort_keys leaves them: bias before weight."""
    keys = [key.removesuffix("_orig") for key in state if key.rpartition(".")[0] in layers]
    return keys == sorted(set(keys))


def _pruned_arrays(state, masks):
    """{key: array} and {key: mask} of a state_dict, both in its order; keys of pruned weights end in `_orig`."""
    masks = {f"{key}_orig": values for key, values in ltlab_state_dicts.arrays_of(masks).items()}
    state = {f"{key}_orig" if f"{key}_orig" in masks else key: values
             for key, values in ltlab_state_dicts.arrays_of(state).items()}
    for key in [key for key in state if key.endswith("_mask") and f"{key[:-5]}_orig" in state]:
        masks[f"{key[:-5]}_orig"] = state.pop(key)
    fractional = [key for key, values in masks.items() if not np.isin(values, (0, 1)).all()]
    if fractional:
        raise RunError(f"the mask of {_told(fractional)} has values other than 0 and 1")
    masks = {key: values != 0 for key, values in masks.items()}
    for key, values in state.items():
        if values.ndim in (2, 4) and key.rpartition(".")[2] == "weight" and key not in masks:
            masks[key] = values != 0
    return state, {key: masks[key] for key in (*state, *masks) if key in masks}


def _check_arrays(state, masks):
    """RunError where something cannot be a network's, or the file cannot hold it."""
    if not masks:
        raise RunError("the state_dict has no weights of linear layers or of convolutions of images (Conv2d)")
    wrong = [key for key in masks if key not in state or state[key].shape != masks[key].shape
             or state[key].dtype != np.float32]
    if wrong:
        raise RunError(f"{_told(wrong)}: no float32 weights of the mask's shape; make the model .float() first")
    odd = [key for key in masks if masks[key].ndim not in (2, 4) or not masks[key].size]
    if odd:
        raise RunError(f"{_told(odd)}: neither a linear layer nor a convolution has weights of such a shape")
    infinite = [key for key, values in state.items() if values.dtype == np.float32
                and not np.isfinite(masked(values, masks.get(key))).all()]
    if infinite:
        raise RunError(f"{_told(infinite)}: not all values are finite numbers; its training has diverged")
    unusual = [key for key in state if not re.fullmatch(r"[^\x00-\x1f\x7f/\ud800-\udfff]{1,200}", key) or key == "."]
    if unusual:
        raise RunError(f"{_told(unusual)}: keys must have 1 to 200 letters and no slashes")


def _told(keys):
    """Keys of anybody's as a part of a message."""
    shown = [ltlab_state_dicts.shown(key) for key in keys[:5]]
    return ", ".join(shown + ["..."] * (len(keys) > 5))


def _layer(key, mask):
    name = key.rpartition(".")[0]
    return ltlab_layers.Layer(name, mask.shape[0], mask.shape[1], mask.ndim == 2)


def _level_of(state, masks, names):
    """A Level of arrays, and `names`: {key: ltlab's name}."""
    if len(set(names.values())) != len(names):
        raise RunError("the state_dict has weights twice, as `weight` and as `weight_orig`")
    level = Level({"first_step": 0, "steps": 0}, {}, {}, {}, None, None)
    for key, values in state.items():
        name = names[key]
        level.imported_names[name] = key
        if values.dtype != np.float32:
            level.other[name] = values.view(np.uint8) if values.dtype == bool else values
            continue
        if key in masks:
            level.masks[name] = masks[key]
            kept, values = values, masked(values, masks[key])
            if kept.tobytes() != values.tobytes():
                level.unmasked[name] = np.where(masks[key], np.float32(0), kept)
        level.weights[name] = values
    return level


def _own_names(state, layers):
    """{key: ltlab's name}: of a chain of linear layers fc1, fc2, ..., of Conv-2, 4 or 6 conv1, ..., fc1, ...; of others
    the names in PyTorch."""
    own = {key: key.removesuffix("_orig") for key in state}
    ranks = "".join("2" if layer.linear else "4" for layer in layers)
    fits = re.fullmatch(r"(44|4444|444444)222|2+", ranks) and ltlab_layers.is_chain(layers)
    if not fits or len(state) > 2 * len(ranks):
        return own
    convolutions = ranks.count("4")
    names = [f"conv{i + 1}" for i in range(convolutions)] + [f"fc{i + 1}" for i in range(len(layers) - convolutions)]
    renamed = {layer.name: name for layer, name in zip(layers, names)}
    return {key: ".".join([renamed[stem], kind]) if stem in renamed else name
            for key, name in own.items() for stem, _, kind in [name.rpartition(".")]}


def _without_wrapper(state):
    """{key: name} without what all begin with, as by DataParallel: "conv1.weight" of "module.conv1.weight"."""
    names = {key: key.removesuffix("_orig") for key in state}
    while len({name.split(".")[0] for name in names.values()}) == 1 and all(n.count(".") > 1 for n in names.values()):
        names = {key: name.partition(".")[2] for key, name in names.items()}
    return names


def _initial(state, names, level):
    """Arrays of a state_dict by ltlab's names; `names` is {key: name} of the trained one, a Level."""
    state = ltlab_state_dicts.arrays_of(ltlab_state_dicts.state_of(state))
    plain = {key: key if key in names else f"{key}_orig" for key in state}
    missing = [key for key in state if not key.endswith("_mask") and plain[key] not in names]
    if missing:
        raise RunError(f"the initial state_dict has {_told(missing)}, which the trained one has not")
    arrays = {names[plain[key]]: values for key, values in state.items() if plain[key] in names}
    arrays = {name: values for name, values in arrays.items() if values.dtype == np.float32}
    wrong = [name for name, values in arrays.items() if name not in level.weights
             or values.shape != level.weights[name].shape or not np.isfinite(values).all()]
    wrong += [name for name in level.weights if name not in arrays]
    if wrong:
        raise RunError(f"the initial state_dict has not {_told(wrong)} as finite float32 numbers of the trained shape")
    return arrays


def _model_name(level):
    """ltlab's description of the network; "imported" where it has none."""
    masks = list(level.masks.values())
    models = ltlab_networks.models([masks[0].shape[1], *(mask.shape[0] for mask in masks)])
    return next((model for model in models if _is_network(level, model)), "imported")


def _steps_if_any(model):
    """Its steps; none where ltlab knows no such network, such as one of another width."""
    try:
        return ltlab_networks.steps(model)
    except ltlab_networks.InputError:
        return []


def _is_network(level, model):
    """Whether the arrays of a level are those of a built-in network."""
    units, expected = {"images": next(iter(level.masks.values())).shape[1]}, {}  # units: features, or channels
    for step in _steps_if_any(model):
        weights = level.weights.get(f"{step.name}.weight", np.zeros(1))
        units[step.name], shapes = _expected_shapes(step, units[step.inputs[0]], weights)
        expected |= {f"{step.name}.{kind}": shape for kind, shape in shapes.items()}
    counters = {name.replace("running_mean", "num_batches_tracked") for name in expected if "running_mean" in name}
    return {name: values.shape for name, values in level.weights.items()} == expected and set(level.other) <= counters


def _expected_shapes(step, before, weights):
    """Units after a step that takes `before` of them, and the shapes of its arrays; of a linear layer behind images with
    as many pixels a channel as its weights have."""
    outputs = step.outputs or len(weights)
    bias = {"bias": (outputs,)} if step.bias else {}
    if step.kind == "convolution":
        return outputs, {"weight": (outputs, before, *step.window)} | bias
    if step.kind == "linear":
        pixels = weights.size // (outputs * before) if step.inputs[0].startswith("flatten") else 1
        return outputs, {"weight": (outputs, max(1, pixels) * before)} | bias
    if step.kind == "batch_norm":
        return before, {name: (before,) for name in ("weight", "bias", "running_mean", "running_var")}
    return before + (step.padding if step.kind == "padding" else 0), {}


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
