"""How the layers of ltlab's networks are connected, as the program `ltlab model MODEL --json` says, for ltlab_io.py."""

import functools
import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from script_errors import InputError


@dataclass(frozen=True)
class Step:
    """What is computed of the values of other steps."""

    kind: str  # convolution, linear, batch_norm, relu, max_pooling, average_pooling, mean, dropout, flatten, subsampling,
    # padding, addition
    name: str  # ltlab's of what has weights: conv1, bn1, fc1
    inputs: tuple  # names of steps, or "images"
    outputs: int = 0  # channels or features after a convolution or linear layer; 0: classes
    window: tuple = (1, 1)  # height and width
    stride: int = 1
    padding: int = 0  # pixels around a convolution's images; channels of zeros that `padding` puts behind the others
    bias: bool = True
    flat: bool = False  # whether it gives features (n, features), and not images


def steps(model, image=None, classes=None):
    """The steps from images to logits of a network: a name that ltlab knows, or a model's text; `image` is the extents of
    its images, "3x32x32", by default what the model is made for. InputError where ltlab knows no such model."""
    if classes is None and model.startswith("mlp:"):
        classes = model.rpartition("-")[2]
    builder = _Builder()
    layers = describe(model, image, classes)["layers"]
    for layer in layers:
        builder.add(layer, last=layer is layers[-1])
    return builder.steps


def extents(masks, image=None):
    """The image and classes that steps() takes, of a network with these masks. Where `image` is not known, it has the
    channels, or values, that the first weights take: how layers are connected hardly depends on its height and width."""
    first, last = list(masks.values())[0], list(masks.values())[-1]
    return image or f"{first.shape[1]}x{'32x32' if first.ndim == 4 else '1x1'}", last.shape[0]


def models(widths):
    """Names of the built-in networks that may have weights of these numbers of outputs, those of the images first."""
    found = []
    for name in _built_in():
        found.append(name)
        first = describe(name)["layers"][0]["output"][0]
        if widths[1] > first and widths[1] % first == 0:
            found.append(f"{name}:width={widths[1] // first}")
    return [*found, f"mlp:{'-'.join(map(str, widths))}"]


@functools.cache
def describe(model, image=None, classes=None):
    """What the program says of a model: its description on one `model` line, and its `layers`."""
    options = [*(["--image", image] if image else []), *(["--classes", str(classes)] if classes else [])]
    return _ask("model", model, "--json", *options)


@functools.cache
def _built_in():
    return [model["name"] for model in _ask("model", "list", "--json")]


def _ask(*words):
    result = subprocess.run([_program(), *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise InputError(result.stderr.strip().removeprefix("ltlab: ") or f"ltlab ended with {result.returncode}")
    return json.loads(result.stdout)


def _program():
    built = Path(__file__).resolve().parent.parent / "build/release/bin/ltlab"
    program = os.environ.get("LTLAB") or (str(built) if built.exists() else shutil.which("ltlab"))
    if not program or not shutil.which(program):
        raise InputError("there is no program ltlab, which knows how networks are connected: build it, put it in PATH, "
                         "or name it by the environment variable LTLAB")
    return program


class _Builder:
    """Makes steps of layers: what ltlab computes as one, such as a convolution and its ReLU, are several."""

    def __init__(self):
        self.steps, self.counts, self.values, self.flat = [], Counter(), {"images": "images"}, set()

    def add(self, layer, last):
        value = self.values[layer["from"]]
        value = getattr(self, "add_" + layer["kind"].replace("-", "_"))(layer, value, last)
        if layer["relu"]:
            value = self.append("relu", value)
        if layer["plus"]:
            value = self.append("addition", value, self.values[layer["plus"]])
        if layer["sum_relu"]:
            value = self.append("relu", value)
        self.values[layer["name"]] = value

    def append(self, kind, *inputs, name=None, flat=None, **facts):
        self.counts[kind] += 1
        name = name or f"{kind}{self.counts[kind]}"
        flat = inputs[0] in self.flat if flat is None else flat
        self.steps.append(Step(kind, name, inputs, flat=flat, **facts))
        self.flat |= {name} if flat else set()
        return name

    def add_conv(self, layer, value, last):
        if value in self.flat:
            raise InputError(f"{layer['name']} is a convolution of features, which cannot be exported")
        return self.append("convolution", value, name=layer["name"], outputs=layer["output"][0],
                           window=tuple(layer["window"]), stride=layer["stride"], padding=layer["padding"],
                           bias=layer["bias"])

    def add_linear(self, layer, value, last):
        if value not in self.flat:
            value = self.append("flatten", value, flat=True)
        return self.append("linear", value, name=layer["name"], outputs=0 if last else layer["output"][0])

    def add_batch_norm(self, layer, value, last):
        return self.append("batch_norm", value, name=layer["name"])

    def add_max_pool(self, layer, value, last):
        return self._pool("max_pooling", layer, value)

    def add_average_pool(self, layer, value, last):
        return self._pool("average_pooling", layer, value)

    def _pool(self, kind, layer, value):
        if value in self.flat:
            return value  # of one pixel
        return self.append(kind, value, name=layer["name"], window=tuple(layer["window"]), stride=layer["stride"])

    def add_global_average_pool(self, layer, value, last):
        return value if value in self.flat else self.append("mean", value)

    def add_dropout(self, layer, value, last):
        return self.append("dropout", value)

    def add_residual(self, layer, value, last):
        (before, *extents), (after, *smaller) = layer["input"], layer["output"]
        stride = max(-(-extent // small) for extent, small in zip(extents, smaller))
        if stride > 1:
            value = self.append("subsampling", value, stride=stride)
        return self.append("padding", value, padding=after - before) if after > before else value
