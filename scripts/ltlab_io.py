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
import errno
import hashlib
import io
import os
import platform
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

import ltlab_layers
import ltlab_networks
import ltlab_state_dicts
from script_errors import InputError, InputWarning, reading, require_file, run_script
from script_files import require_target, temporary_of, write_whole

FORMAT, FORMAT_VERSION = "ltlab-run", 1
DEFLATE = 4
DEEPEST = 4  # groups in each other
MOST_COMPRESSED = 10_000  # bytes of one that is stored: eight by the n-bit filter, and a thousand by deflate
RunError = InputError  # what the functions below raise


# ---------------------------------------------------------------------------------------------------- reading


@dataclass
class Level:
    """One level: level-NNN.h5. Arrays are by parameter, in PyTorch's axis order, from input to output."""

    attributes: dict  # level, density, test_accuracy, ...
    masks: dict  # bool, True = survives
    weights: dict  # float32 after training, zero where masked
    initial: dict  # the same before training; empty where only run.h5 tells (Run.initial_weights)
    metrics: pd.DataFrame  # a row each validation
    kernels: pd.DataFrame  # a row each product of a layer
    unmasked: dict = field(default_factory=dict)  # of an import: weights that PyTorch kept where masked, else zero
    other: dict = field(default_factory=dict)  # of an import: what is not float32
    imported_names: dict = field(default_factory=dict)  # of an import: {parameter: its name in PyTorch}


@dataclass
class Run:
    """A run folder: run.h5 and the levels and members beside it."""

    folder: Path
    attributes: dict  # config, model, branch, seed, ...
    init: dict  # float32 weights at step 0
    rewind: dict  # ... and at the rewind step

    @property
    def levels(self):
        """Numbers of the levels stored."""
        return sorted(int(path.stem[6:]) for path in self.folder.glob("level-*.h5") if path.stem[6:].isdecimal())

    @property
    def members(self):
        """Names of the folders inside that are runs: replicates or controls."""
        names = [path.parent.name for path in self.folder.glob("*/run.h5")]
        return sorted(names, key=lambda name: [int(word) if word.isdecimal() else word for word in
                                               re.split(r"(\d+)", name)])

    def member(self, name):
        return read_run(self.folder / name)

    def level(self, number):
        if number not in self.levels:
            stored = ", ".join(map(str, self.levels)) or "none yet"
            raise RunError(f"{self.folder} has no level {number}; it has {stored}")
        return read_level(self.folder / f"level-{number:03}.h5")

    def initial_weights(self, number):
        """What the training of a level began with, zero where masked."""
        level = self.level(number)
        start = level.initial or self._start(level.attributes["first_step"])
        return {name: _masked(values, level.masks.get(name)) for name, values in start.items()}

    def table(self):
        """A row a level, of this run and all inside: `run` (the member's path), `branch`, and the attributes."""
        rows = [{"run": "", "branch": self.attributes["branch"]} | _level_attributes(self.folder, number)
                for number in self.levels]
        for name in self.members:
            inside = self.member(name).table()
            rows += [row | {"run": f"{name}/{row['run']}".rstrip("/")} for row in inside.to_dict("records")]
        return pd.DataFrame(rows)

    def _start(self, step):
        start = self.rewind if step > 0 else self.init
        return start or read_run(self.folder.resolve().parent)._start(step)  # a control leaves it to its ticket


def read_run(folder):
    """The run in `folder`, or that of a run.h5."""
    folder = Path(folder)
    folder = folder.parent if folder.name == "run.h5" else folder
    with _open(folder / "run.h5", ("run", "collection")) as file:
        _require_digest(file)
        return Run(folder, _attributes(file), _arrays(file, "init"), _arrays(file, "rewind"))


def read_level(path):
    """The level in the file `path`."""
    with _open(Path(path), ("level",)) as file:
        _require_digest(file)
        names = {name: _text(dataset.attrs["imported_name"]) for group in ("weights", "other")
                 for name, dataset in _datasets(file, group) if "imported_name" in dataset.attrs}
        return Level(
            _attributes(file),
            {name: values.astype(bool) for name, values in _arrays(file, "mask").items()},
            _arrays(file, "weights"), _arrays(file, "initial"), _table(file, "metrics"), _table(file, "kernels"),
            _arrays(file, "unmasked"), _arrays(file, "other"), names)


@contextmanager
def _open(path, kinds):
    """The open file; what in it is not as it should be becomes a RunError, and only the system's faults stay OSErrors."""
    require_file(path, "name a run folder or a file of one")
    with reading(path, "check it by `ltlab verify`"), h5py.File(path, "r") as file:
        if _text(file.attrs.get("format", b"")) != FORMAT or _text(file.attrs["kind"]) not in kinds:
            raise RunError(f"{path} is no {' or '.join(kinds)} in format {FORMAT}")
        if file.attrs["format_version"] > FORMAT_VERSION:
            raise RunError(f"{path} is of a newer format: use the ltlab_io.py of the ltlab that made it")
        yield file


def _require_digest(file):
    if content_digest(file) != _text(file.attrs["content_sha256"]):
        raise ValueError("its content does not match its SHA-256")


def _text(value):
    """A string: of bytes that are no UTF-8, as a path may hold, Python's stand-ins."""
    if isinstance(value, np.ndarray):
        raise ValueError("an attribute is an array")
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value


def _attributes(file):
    return {name: _text(value) for name, value in file.attrs.items()}


def _level_attributes(folder, number):
    with _open(folder / f"level-{number:03}.h5", ("level",)) as file:
        attributes = _attributes(file)
    told = ("format", "format_version", "kind", "branch")
    return {name: value for name, value in attributes.items() if name not in told}


def _datasets(file, group):
    """(name, dataset) of all arrays of a group, in the order of their positions."""
    found, rest = [], [(name, item, 1) for name, item in file.get(group, {}).items()]
    while rest:
        name, item, depth = rest.pop()
        if isinstance(item, h5py.Dataset):
            found.append((name, item))
        elif depth == DEEPEST:
            raise ValueError(f"{group}/{name} lies too deep")
        else:
            rest += [(f"{name}/{inside}", of_it, depth + 1) for inside, of_it in item.items()]
    return sorted(found, key=lambda item: item[1].attrs["position"])


def _arrays(file, group):
    return {name: _values(dataset) for name, dataset in _datasets(file, group)}


def _values(dataset):
    """All of a dataset, unless it claims more than what is stored can hold."""
    if dataset.nbytes > MOST_COMPRESSED * dataset.id.get_storage_size() + 4096:
        raise ValueError(f"{dataset.name} claims {dataset.nbytes} bytes, which are not stored")
    return dataset[()]


def _table(file, name):
    table = pd.DataFrame(_values(file[name]))
    for column in table.columns[table.dtypes == object]:
        table[column] = table[column].str.decode("utf-8")
    return table


def _masked(values, mask):
    return values if mask is None else np.where(mask, values, np.float32(0))


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


def pytorch_model(level, model):
    """The network of a level as a torch.nn.Module, pruned by torch.nn.utils.prune; it gives logits.

    `model` is the run's attribute of that name, a built-in network. Images are (n, channels, height, width), with
    linear layers only also (n, features), normalized as in training.
    """
    import operator

    import torch
    from torch import fx
    from torch.nn.utils import prune

    modules, graph = {}, fx.Graph()
    values = {"images": graph.placeholder("images")}
    for step in _steps(level, model):
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
        "convolution": lambda: nn.Conv2d(shape[1], shape[0], step.kernel, step.stride, step.padding, bias=step.bias),
        "linear": lambda: nn.Linear(shape[1], shape[0]),
        "batch_norm": lambda: nn.BatchNorm2d(*shape),
        "relu": nn.ReLU,
        "max_pooling": lambda: nn.MaxPool2d(2),
        "mean": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        "flatten": nn.Flatten,
        "subsampling": lambda: nn.MaxPool2d(1, step.stride),
        "padding": lambda: nn.ConstantPad3d((0, 0, 0, 0, 0, step.padding), 0.0),
    }[step.kind]()


def _steps(level, model):
    """ltlab_networks.steps() of a level's network."""
    found = ltlab_networks.steps(model)
    if not found:
        raise RunError(f"cannot tell how the layers of model '{model}' are connected; export its state_dict instead")
    return found


def export_pytorch(level, path):
    """Writes state_dict(level) to a file for torch.load()."""
    import torch

    content = io.BytesIO()  # since torch.save() ends the process where a disk is full
    torch.save(state_dict(level), content)
    write_whole(path, content.getbuffer())


# ---------------------------------------------------------------------------------------------------- ONNX


def export_onnx(level, model, path):
    """Writes the network of a level, pruned weights as zeros, as an ONNX model (opset 13): `images` to `logits`."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, arrays, steps = [], [], _steps(level, model)
    for step in steps:
        constants = _onnx_constants(level, step)
        arrays += [numpy_helper.from_array(values, name) for name, values in constants.items()]
        operator, attributes = _onnx_operator(step)
        nodes.append(helper.make_node(operator, [*step.inputs, *constants], [step.name], step.name, **attributes))
    nodes[-1].output[0] = "logits"
    first, last = list(level.masks.values())[0], list(level.masks.values())[-1]
    extents = ["n", first.shape[1], "height", "width"] if first.ndim == 4 else ["n", first.shape[1]]
    graph = helper.make_graph(
        nodes, re.sub("[:=]", "-", model),
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
    return {
        "convolution": ("Conv", {"kernel_shape": 2 * [step.kernel], "pads": 4 * [step.padding],
                                 "strides": 2 * [step.stride]}),
        "linear": ("Gemm", {"transB": 1}),
        "batch_norm": ("BatchNormalization", {"epsilon": 1e-5}),
        "relu": ("Relu", {}),
        "max_pooling": ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        "mean": ("ReduceMean", {"axes": [2, 3], "keepdims": 0}),
        "flatten": ("Flatten", {}),
        "subsampling": ("MaxPool", {"kernel_shape": [1, 1], "strides": 2 * [step.stride]}),
        "padding": ("Pad", {}),
        "addition": ("Add", {}),
    }[step.kind]


# ---------------------------------------------------------------------------------------------------- importing


def import_pytorch(state, folder, initial=None, source="PyTorch"):
    """Writes a run of one level, number 0, from a state_dict or what holds one, and optionally from the one that training
    began with. They are of PyTorch, or of load_state_dict().

    Masks are those of torch.nn.utils.prune (`weight_orig`, `weight_mask`); where there are none, the weights of linear
    layers and convolutions count as pruned where they are zero. Everything comes back by state_dict(), but what was of 16
    bits as float32, and booleans as bytes.
    """
    imported = _imported_level(state, {})
    names = {key: name for name, key in imported.imported_names.items()}
    init = {} if initial is None else _initial(initial, names, imported)
    _write_import(Path(folder), source, {0: imported}, init, init, 0)


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
    _write_import(Path(folder), "OpenLTH", levels, init, rewind, rewind_step)


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
    layers = ltlab_layers.in_order(found, sorted_by_name)
    if ltlab_layers.may_be_otherwise(layers):
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
                and not np.isfinite(_masked(values, masks.get(key))).all()]
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
            kept, values = values, _masked(values, masks[key])
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


def _is_network(level, model):
    """Whether the arrays of a level are those of a built-in network."""
    units, expected = {"images": next(iter(level.masks.values())).shape[1]}, {}  # units: features, or channels
    for step in ltlab_networks.steps(model):
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
        return outputs, {"weight": (outputs, before, step.kernel, step.kernel)} | bias
    if step.kind == "linear":
        pixels = weights.size // (outputs * before) if step.inputs[0].startswith("flatten") else 1
        return outputs, {"weight": (outputs, max(1, pixels) * before)} | bias
    if step.kind == "batch_norm":
        return before, {name: (before,) for name in ("weight", "bias", "running_mean", "running_var")}
    return before + (step.padding if step.kind == "padding" else 0), {}


# ---------------------------------------------------------------------------------------------------- writing


def _write_import(folder, source, levels, init, rewind, rewind_step):
    """Writes run.h5 and the levels into a folder that has nothing of a run yet."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise RunError(f"{folder} is no folder; name another")
    stored = next((path for pattern in ("run.h5", "level-*.h5", "*/run.h5") for path in folder.glob(pattern)), None)
    if stored:
        raise RunError(f"{folder} holds a run already, or a part of one: {stored.relative_to(folder)}; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    model = _model_name(levels[0])
    config = f"model = {model}\n"
    identity = {"config_sha256": hashlib.sha256(config.encode()).hexdigest(), "branch": "imported",
                "dataset_fingerprint": "", "seed": 0, "trial": 0, "started_utc": now}
    for number, level in levels.items():
        with _Writer(folder / f"level-{number:03}.h5", "level") as file:
            _write_level(file, number, level, identity | {"finished_utc": now})
    with _Writer(folder / "run.h5", "run") as file:
        _write_attributes(file, identity | {"config": config, "extent": "", "model": model, "dataset": "",
                                            "imported_from": source, "rewind_step": rewind_step})
        for group, arrays in (("init", init), ("rewind", rewind), ("rewind_optimizer", {})):
            _write_arrays(file, group, arrays)
        for number in levels:
            file[f"level-{number:03}"] = h5py.ExternalLink(f"level-{number:03}.h5", "/")


def _write_level(file, number, level, identity):
    """What training would have measured and the import does not tell is NaN, or 0 of steps and costs."""
    unknown = {name: np.nan for name in (
        "test_loss", "test_accuracy", "validation_loss", "validation_accuracy", "early_stop_validation_loss",
        "early_stop_test_loss", "early_stop_test_accuracy")}
    survivors, weights = sum(m.sum() for m in level.masks.values()), sum(m.size for m in level.masks.values())
    _write_attributes(file, identity | unknown | {
        "level": number, "density": survivors / weights, "early_stop_step": 0, "wall_seconds": 0.0, "flops": 0.0,
        "dense_flops": 0.0} | level.attributes)
    _write_arrays(file, "mask", level.masks)
    for group, arrays in (("weights", level.weights), ("unmasked", level.unmasked), ("other", level.other)):
        _write_arrays(file, group, arrays, level.imported_names)
    numbers = ("learning_rate", "train_loss", "validation_loss", "validation_accuracy", "wall_seconds")
    _write_table(file, "metrics", [("step", "<u8")] + [(name, "<f8") for name in numbers])
    _write_table(file, "kernels", [(name, "S1") for name in ("parameter", "product", "kernel")] +
                 [("dense_seconds", "<f8"), ("sparse_seconds", "<f8")])


class _Writer:
    """A file of format ltlab-run that appears whole, with its digest, or not at all."""

    def __init__(self, path, kind=None, copy_of=None):
        self.path, self.temporary = path, temporary_of(path)
        try:
            self._begin(kind, copy_of)
        except BaseException:
            self.temporary.unlink(missing_ok=True)
            raise

    def _begin(self, kind, copy_of):
        if copy_of:
            self.temporary.write_bytes(copy_of.read_bytes())
        self.file = h5py.File(self.temporary, "r+" if copy_of else "w", libver=("v110", "v110"))
        if copy_of:
            return
        _write_attributes(self.file, {"format": FORMAT, "format_version": FORMAT_VERSION, "kind": kind})
        provenance = {"program": "ltlab_io.py", "python_version": platform.python_version(),
                      "h5py_version": h5py.__version__, "hdf5_version": h5py.version.hdf5_version}
        _write_attributes(self.file.create_group("provenance"), provenance)

    def __enter__(self):
        return self.file

    def __exit__(self, error, *_):
        try:
            digest = content_digest(self.file) if error is None else ""
            _write_attributes(self.file, {"content_sha256": digest})
            self.file.close()
            if error is None:
                self._require_written(digest)
                os.replace(self.temporary, self.path)
        finally:
            self.temporary.unlink(missing_ok=True)

    def _require_written(self, digest):
        """Reads back what the disk has: closing a file may fail in silence."""
        with open(self.temporary, "rb") as file:
            os.fsync(file.fileno())
        try:
            with h5py.File(self.temporary, "r") as file:
                whole = content_digest(file) == digest == _text(file.attrs["content_sha256"])
        except (OSError, LookupError, ValueError, RuntimeError):
            whole = False
        if not whole:
            told = "the disk did not keep what was written; check it and its free space"
            raise OSError(errno.EIO, told, str(self.path))


def _write_attributes(item, attributes):
    """Strings as UTF-8 of fixed length, whole numbers as uint64, others as float64."""
    for name, value in attributes.items():
        if isinstance(value, str):
            encoded = value.encode(errors="surrogateescape")
            kind = h5py.string_dtype("utf-8", max(1, len(encoded)))
            item.attrs.create(name, np.array(encoded, f"S{max(1, len(encoded))}"), dtype=kind)
        else:
            whole = isinstance(value, (int, np.integer))
            item.attrs.create(name, value, dtype="<u8" if whole else "<f8")


def _write_arrays(file, group, arrays, imported_names=None):
    file.require_group(group)
    for position, (name, values) in enumerate(arrays.items()):
        if values.dtype == bool and group == "mask":
            dataset = _write_bits(file[group], name, values)
            _write_attributes(dataset, {"density": values.mean()})
        else:
            filters = {"shuffle": True, "compression": DEFLATE, "fletcher32": True}
            dataset = file[group].create_dataset(name, data=values, **(filters if values.size and values.ndim else {}))
        _write_attributes(dataset, {"position": position})
        if imported_names:
            _write_attributes(dataset, {"imported_name": imported_names[name]})


def _write_bits(group, name, values):
    """One bit a value (n-bit filter), then deflated."""
    bit = h5py.h5t.STD_U8LE.copy()
    bit.set_precision(1)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk(values.shape)
    creation.set_filter(h5py.h5z.FILTER_NBIT)
    creation.set_deflate(DEFLATE)
    creation.set_fletcher32()
    linked = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    linked.set_create_intermediate_group(True)
    space = h5py.h5s.create_simple(values.shape)
    dataset = h5py.Dataset(h5py.h5d.create(group.id, name.encode(), bit, space, creation, linked))
    dataset[...] = values.astype(np.uint8)
    return dataset


def _write_table(file, name, columns):
    """A table without rows."""
    file.create_dataset(name, data=np.zeros(0, np.dtype(columns)))


def extract(level_file, path):
    """Writes a level's file anew with what only run.h5 tells: its initial weights, `config` and `model`. It then stands
    alone."""
    level_file, path = Path(level_file), Path(path)
    require_target(path)
    run, level = read_run(level_file.parent), read_level(level_file)
    for name in ("config_sha256", "branch", "dataset_fingerprint", "seed", "trial"):
        if run.attributes.get(name) != level.attributes.get(name):
            raise RunError(f"{level_file} is no level of the run beside it: '{name}' is another; move it to its own run")
    with _Writer(path, copy_of=level_file) as file:
        _write_attributes(file, {name: run.attributes[name] for name in ("config", "model")})
        if not level.initial:
            _write_arrays(file, "initial", run.initial_weights(level.attributes["level"]))


# ---------------------------------------------------------------------------------------------------- digest


def content_digest(file):
    """SHA-256 over what an open file says, as ltlab computes it for the attribute `content_sha256`: every group,
    dataset and attribute in the order of names, links and that attribute left out."""
    digest = hashlib.sha256()

    def add_number(value, kind="<u8"):
        digest.update(np.array(value, kind).tobytes())

    def add_text(text):
        add_number(len(text))
        digest.update(text)

    def add_attributes(item):
        for name in sorted(item.attrs, key=str.encode):
            if item.name == "/" and name == "content_sha256":
                continue
            add_text(b"attribute " + name.encode())
            value = item.attrs[name]
            if isinstance(value, (bytes, str)):
                add_number(0)
                add_text(value if isinstance(value, bytes) else value.encode())
            else:
                whole = isinstance(value, np.integer)
                add_number(2 if whole else 1)
                add_number(value, "<u8" if whole else "<f8")

    def add_group(group):
        add_text(b"group " + group.name.encode())
        add_attributes(group)
        for name in sorted(group, key=str.encode):
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                add_group(item)
                continue
            add_text(f"dataset {item.name} {_element_name(item.id.get_type())}".encode())
            add_number(item.ndim)
            for extent in item.shape:
                add_number(extent)
            digest.update(_values(item).tobytes())
            add_attributes(item)

    add_group(file)
    return digest.hexdigest()


def _element_name(kind):
    """As ltlab describes what an element is: "float32", "uint8 (1 bit)", "compound{step:uint64,...}"."""
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        members = [f"{kind.get_member_name(i).decode()}:{_element_name(kind.get_member_type(i))}"
                   for i in range(kind.get_nmembers())]
        return f"compound{{{','.join(members)}}}"
    bits = 8 * kind.get_size()
    if isinstance(kind, h5py.h5t.TypeStringID):
        return f"string[{bits // 8}]"
    if isinstance(kind, h5py.h5t.TypeFloatID):
        return f"float{bits}"
    name = f"{'int' if kind.get_sign() == h5py.h5t.SGN_2 else 'uint'}{bits}"
    return name if kind.get_precision() == bits else f"{name} ({kind.get_precision()} bit)"


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
        model = level.attributes.get("model") or read_run(arguments.level.parent).attributes["model"]
        export_onnx(level, model, arguments.output)
    elif arguments.command == "extract":
        extract(arguments.level, arguments.output)
    elif arguments.command == "import-pytorch":
        initial = load_state_dict(arguments.initial, arguments.trust) if arguments.initial else None
        import_pytorch(load_state_dict(arguments.state_dict, arguments.trust), arguments.folder, initial)
    else:
        import_openlth(arguments.replicate, arguments.folder, arguments.trust)


if __name__ == "__main__":
    run_script("ltlab_io.py", lambda: run_command(parse_arguments()))
