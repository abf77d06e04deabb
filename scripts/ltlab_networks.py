"""How the layers of ltlab's built-in networks are connected, for ltlab_io.py; `ltlab model NAME` shows the same."""

import re
from collections import Counter
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Step:
    """What is computed of the values of other steps."""

    kind: str  # convolution, linear, batch_norm, relu, max_pooling, mean, flatten, subsampling, padding, addition
    name: str = ""  # ltlab's of what has weights: conv1, bn1, fc1
    inputs: tuple = ()  # names of steps, or "images"
    outputs: int = 0  # of a convolution or linear layer; 0: classes
    kernel: int = 3
    padding: int = 1  # pixels around a convolution's images; channels of zeros that `padding` puts behind the others
    stride: int = 1  # of a convolution or subsampling
    bias: bool = True


NAMES = {"convolution": "conv", "batch_norm": "bn", "linear": "fc", "max_pooling": "pool"}
RELU, NORM, POOL, MEAN, FLATTEN = map(Step, ("relu", "batch_norm", "max_pooling", "mean", "flatten"))


def steps(model):
    """The steps from images to logits of the network that ltlab calls `model`; none where it is not built in."""
    for pattern, layers in BUILT_IN.items():
        match = re.fullmatch(pattern, model)
        if match:
            return _connected(layers(*(int(word) if word else 1 for word in match.groups())))
    if re.fullmatch(r"mlp:\d+(-\d+)+", model):
        return _connected(_linear(*map(int, model.split("-")[1:-1])))
    return []


def models(widths):
    """Names of the networks that may have weights of these numbers of outputs, those of the images first."""
    named = [f"mlp:{'-'.join(map(str, widths))}", "lenet-5", "conv-2", "conv-4", "conv-6"]
    for family, channels, sizes in (("resnet", 16, (20, 32, 44, 56)), ("vgg", 64, (11, 13, 16, 19))):
        width = widths[1] // channels
        named += [f"{family}-{size}{'' if width <= 1 else f':width={width}'}" for size in sizes]
    return ["lenet-300-100", *named] if widths == [784, 300, 100, 10] else named


def _linear(*widths):
    hidden = [layer for width in widths for layer in (Step("linear", outputs=width), RELU)]
    return [FLATTEN, *hidden, Step("linear")]


def _lenet_5():
    first, second = (Step("convolution", outputs=outputs, kernel=5, padding=padding)
                     for outputs, padding in ((6, 2), (16, 0)))
    return [first, RELU, POOL, second, RELU, POOL, *_linear(120, 84)]


def _conv(depth):
    stages = [2 * [Step("convolution", outputs=width), RELU] + [POOL] for width in (64, 128, 256)[:depth // 2]]
    return [*sum(stages, []), *_linear(256, 256)]


def _normalized(outputs, stride=1):
    return [Step("convolution", outputs=outputs, stride=stride, bias=False), NORM]


def _vgg(layers, width):
    early, late = {11: (1, 2), 13: (2, 2), 16: (2, 3), 19: (2, 4)}[layers]
    stages = [depth * [*_normalized(channels * width), RELU] + [POOL]
              for channels, depth in ((64, early), (128, early), (256, late), (512, late), (512, late))]
    return [*sum(stages, [])[:-1], MEAN, Step("linear")]  # which averages instead of the last pooling


def _resnet(layers, width):
    result, blocks = [*_normalized(16 * width), RELU], (layers - 2) // 6
    for channels in (16 * width, 32 * width, 64 * width):
        for block in range(blocks):
            widens = channels > 16 * width and block == 0
            shortcut = [Step("subsampling", stride=2), Step("padding", padding=channels // 2)] if widens else []
            branch = [*_normalized(channels, 2 if widens else 1), RELU, *_normalized(channels)]
            result += [(branch, shortcut), RELU]
    return [*result, MEAN, Step("linear")]


BUILT_IN = {  # layers in their order; (branch, shortcut) are added up
    r"lenet-300-100": lambda: _linear(300, 100),
    r"lenet-5": _lenet_5,
    r"conv-([246])": _conv,
    r"resnet-(20|32|44|56)(?::width=(\d+))?": _resnet,
    r"vgg-(11|13|16|19)(?::width=(\d+))?": _vgg,
}


def _connected(layers):
    """The layers with names and inputs."""
    result, counts = [], Counter()

    def append(layer, *inputs):
        counts[layer.kind] += 1
        name = f"{NAMES.get(layer.kind, layer.kind)}{counts[layer.kind]}"
        result.append(replace(layer, name=name, inputs=inputs))
        return name

    def append_all(layers, value):
        for layer in layers:
            if isinstance(layer, Step):
                value = append(layer, value)
            else:
                value = append(Step("addition"), *(append_all(path, value) for path in layer))
        return value

    append_all(layers, "images")
    return result
