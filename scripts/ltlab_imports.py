"""Takes networks of PyTorch and OpenLTH in as runs of ltlab, for ltlab_io.py."""

import re
import warnings
from pathlib import Path

import numpy as np

import ltlab_layers
import ltlab_networks
import ltlab_state_dicts
from ltlab_runs import Level, RunError, masked, write_import
from script_errors import InputWarning, reading, require_file


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
    if model is None:
        name = _model_name(imported)
    else:
        name = ltlab_networks.describe(str(model), *ltlab_networks.extents(imported.masks, image))["model"]
    write_import(Path(folder), source, name, {0: imported}, init, init, 0, image)


def _level_of_model(state, model, image):
    """A Level of a state_dict whose modules are the layers of an ltlab model, one after the other."""
    state, masks = _pruned_arrays(ltlab_state_dicts.state_of(state), {})
    _check_arrays(state, masks)
    stems, layers = {}, []
    for key in state:
        stems.setdefault(key.rpartition(".")[0], []).append(key)
    units = {"images": next(iter(masks.values())).shape[1]}
    for step in ltlab_networks.steps(str(model), *ltlab_networks.extents(masks, image)):
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
