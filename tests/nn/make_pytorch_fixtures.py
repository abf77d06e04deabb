#!/usr/bin/python3
"""What PyTorch computes with each model: makes pytorch.h5, which pytorch_test.cpp compares the library with.

Usage: make_pytorch_fixtures.py OUTPUT.h5. Needs python3-torch and python3-h5py. The models are written here once more,
from the papers. Weights and images are no part of the file: both sides compute them by the same hash.
"""

from __future__ import annotations

import math
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 10
SAMPLES = 8  # entries kept of each gradient


# ---- The recipe of weights and images ------------------------------------------------------------------------------


def hash_of_name(name: str) -> int:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def uniform(name: str, size: int) -> np.ndarray:
    """Numbers in [-1, 1): element i is the SplitMix64 output of state hash(name) + (i + 1) * golden ratio."""
    with np.errstate(over="ignore"):
        z = np.uint64(hash_of_name(name)) + np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def recipe(name: str, shape: tuple[int, ...]) -> Tensor:
    """Values of a parameter or of running statistics, as float32 rounds them."""
    values = uniform(name, math.prod(shape))
    if len(shape) > 1:
        values = values * math.sqrt(6.0 / math.prod(shape[1:]))  # of deviation sqrt(2 / fan-in)
    elif name.startswith("bn") and name.endswith((".weight", ".running_var")):
        values = 1.0 + 0.5 * values
    else:
        values = 0.1 * values
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


# ---- The models ----------------------------------------------------------------------------------------------------


class LeNet300100(nn.Module):
    """LeCun et al. 1998."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 300), nn.Linear(300, 100), nn.Linear(100, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x.flatten(1))))))


class LeNet5(nn.Module):
    """LeCun et al. 1998, section II.B, with ReLU and max-pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x.flatten(1))))))


class ConvN(nn.Module):
    """Frankle & Carbin 2019, figure 2: pairs of convolutions, each followed by pooling."""

    def __init__(self, convolutions: int) -> None:
        super().__init__()
        self.convolutions, before, channels = convolutions, 3, 64
        for i in range(1, convolutions + 1):
            self.add_module(f"conv{i}", nn.Conv2d(before, channels, 3, padding=1))
            before, channels = channels, channels * (2 if i % 2 == 0 else 1)
        side = 32 >> (convolutions // 2)
        self.fc1 = nn.Linear(before * side * side, 256)
        self.fc2, self.fc3 = nn.Linear(256, 256), nn.Linear(256, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        for i in range(1, self.convolutions + 1):
            x = functional.relu(self.get_submodule(f"conv{i}")(x))
            if i % 2 == 0:
                x = functional.max_pool2d(x, 2)
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x.flatten(1))))))


class ResNet(nn.Module):
    """He et al. 2016, section 4.2: 6 blocks + 2 layers, shortcuts without parameters (option A)."""

    def __init__(self, blocks: int, width: int = 1) -> None:
        super().__init__()
        self.blocks, self.width, before = blocks, width, 3
        for i in range(6 * blocks + 1):
            channels, stride = self.channels_and_stride(i)
            self.add_module(f"conv{i + 1}", nn.Conv2d(before, channels, 3, stride, 1, bias=False))
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(channels))
            before = channels
        self.fc1 = nn.Linear(64 * width, CLASSES)

    def channels_and_stride(self, i: int) -> tuple[int, int]:
        """Of convolution i, counted from 0, where that before all blocks is the first."""
        stage = max(i - 1, 0) // (2 * self.blocks)
        begins_stage = stage > 0 and (i - 1) % (2 * self.blocks) == 0
        return 16 * self.width << stage, 2 if begins_stage else 1

    def normalized(self, i: int, x: Tensor) -> Tensor:
        """The convolution i, counted from 1, and its normalization."""
        return self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(x))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = functional.relu(self.normalized(1, x))
        for i in range(2, 6 * self.blocks + 2, 2):
            y = self.normalized(i + 1, functional.relu(self.normalized(i, x)))
            if y.shape != x.shape:
                x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
            x = functional.relu(y + x)
        return self.fc1(x.mean((2, 3)))


class Vgg(nn.Module):
    """VGG for CIFAR with batch norm: convolutions a stage, each stage but the last followed by pooling."""

    def __init__(self, stages: tuple[int, ...]) -> None:
        super().__init__()
        self.stages, before, i = stages, 3, 0
        for convolutions, channels in zip(stages, (64, 128, 256, 512, 512)):
            for _ in range(convolutions):
                i += 1
                self.add_module(f"conv{i}", nn.Conv2d(before, channels, 3, padding=1, bias=False))
                self.add_module(f"bn{i}", nn.BatchNorm2d(channels))
                before = channels
        self.fc1 = nn.Linear(512, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        i = 0
        for stage, convolutions in enumerate(self.stages):
            for _ in range(convolutions):
                i += 1
                x = functional.relu(self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(x)))
            x = functional.max_pool2d(x, 2) if stage < 4 else functional.adaptive_avg_pool2d(x, 1)
        return self.fc1(x.flatten(1))


class Mixed(nn.Module):
    """No paper's: windows that overlap and leave a rest, a nested block, normalized features."""

    description = ("conv 6 5x5 stride 2 padding 1; batch-norm relu; average-pool 3x3 stride 2; residual; residual; "
                   "conv 6 1x1; batch-norm; end relu; conv 9 3x3 stride 2; end; max-pool 2x3 stride 1; "
                   "linear 12 relu; batch-norm; linear classes")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 5, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 1, bias=False), nn.BatchNorm2d(6)
        self.conv3 = nn.Conv2d(6, 9, 3, 2, 1)
        self.fc1, self.bn3, self.fc2 = nn.Linear(9 * 3, 12), nn.BatchNorm1d(12), nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = functional.avg_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2)
        y = self.conv3(functional.relu(self.bn2(self.conv2(x)) + x))
        x = y + functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 3))
        x = functional.max_pool2d(x, (2, 3), 1)
        return self.fc2(self.bn3(functional.relu(self.fc1(x.flatten(1)))))


@dataclass(frozen=True)
class Case:
    """A model as ltlab describes it, as PyTorch has it, and its images."""

    description: str
    make: Callable[[], nn.Module]
    image: tuple[int, int, int] = (3, 32, 32)
    batch: int = 20
    scores: bool = False  # also those of pruning at initialization


# Deep networks on images of the usual size have so many ReLUs that some switch by the roundings of float32 alone, which
# changes gradients by 1e-3 to 1e-2. Residual networks on small ones agree in float32 too; VGG, which halves images four
# times, is compared in double, and so with few images; VGG-11 with such as leave global average pooling work to do.
SMALL = (3, 8, 8)
HALF = (3, 16, 16)

CASES = [
    Case("lenet-300-100", LeNet300100, (1, 28, 28), scores=True),
    Case("lenet-5", LeNet5, (1, 28, 28)),
    Case("conv-2", lambda: ConvN(2)),
    Case("conv-4", lambda: ConvN(4)),
    Case("conv-6", lambda: ConvN(6)),
    Case("resnet-20", lambda: ResNet(3)),
    Case("resnet-20", lambda: ResNet(3), SMALL),
    Case("resnet-32", lambda: ResNet(5), SMALL),
    Case("resnet-44", lambda: ResNet(7), SMALL),
    Case("resnet-56", lambda: ResNet(9), SMALL),
    Case("resnet-20:width=2", lambda: ResNet(3, 2), SMALL),
    Case("vgg-11", lambda: Vgg((1, 1, 2, 2, 2)), batch=3),
    Case("vgg-13", lambda: Vgg((2, 2, 2, 2, 2)), HALF, 3),
    Case("vgg-16", lambda: Vgg((2, 2, 3, 3, 3)), HALF, 3),
    Case("vgg-19", lambda: Vgg((2, 2, 4, 4, 4)), HALF, 3),
    Case(Mixed.description, Mixed, (3, 36, 29), scores=True),
]


# ---- What is compared ----------------------------------------------------------------------------------------------


def summary(name: str, values: Tensor) -> list[float]:
    """The norm, and SAMPLES entries at places that hang on the name."""
    flat = values.detach().flatten().numpy()
    places = [(hash_of_name(name) + i * 0x9E3779B9) % len(flat) for i in range(SAMPLES)]
    return [float(np.linalg.norm(flat)), *(float(flat[place]) for place in places)]


def make_model(case: Case) -> nn.Module:
    """With the recipe's values."""
    model = case.make().double()
    state = OrderedDict((name, tensor if name.endswith("num_batches_tracked") else recipe(name, tuple(tensor.shape)))
                        for name, tensor in model.state_dict().items())
    model.load_state_dict(state)
    return model


def prunable(model: nn.Module) -> dict[str, Tensor]:
    """Matrices and filters."""
    return {name: tensor for name, tensor in model.named_parameters() if tensor.dim() > 1}


def weights_times(model: nn.Module, derivatives: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """A score of each weight that may be pruned."""
    return {name: weight.detach() * d for (name, weight), d in zip(prunable(model).items(), derivatives)}


def snip(case: Case, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Lee et al. 2019: |w dL/dw|."""
    model = make_model(case).train()
    gradient = torch.autograd.grad(functional.cross_entropy(model(x), labels), list(prunable(model).values()))
    return {name: score.abs() for name, score in weights_times(model, gradient).items()}


def grasp(case: Case, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Wang et al. 2020: w H g at softmax temperature 200."""
    model = make_model(case).train()
    weights = list(prunable(model).values())
    loss = functional.cross_entropy(model(x) / 200, labels)
    gradient = torch.autograd.grad(loss, weights, create_graph=True)
    return weights_times(model, torch.autograd.grad(sum((g * g.detach()).sum() for g in gradient), weights))


def synflow(case: Case) -> dict[str, Tensor]:
    """Tanaka et al. 2020, in evaluation, of the absolute values of all arrays."""
    model = make_model(case).eval()
    for tensor in model.state_dict().values():
        tensor.abs_()
    logits = model(torch.ones(1, *case.image, dtype=torch.float64))
    return weights_times(model, torch.autograd.grad(logits.sum(), list(prunable(model).values())))


def append(file: h5py.File, number: int, case: Case) -> None:
    """Adds a model's results as group `number`."""
    model = make_model(case)
    images = uniform("images", case.batch * math.prod(case.image)) * 1.7
    x = torch.from_numpy(images.astype(np.float32).astype(np.float64).reshape(case.batch, *case.image))
    labels = torch.arange(case.batch) * 7 % CLASSES
    group = file.create_group(f"{number:02}")
    group.attrs["description"] = np.bytes_(case.description)
    group.create_dataset("image", data=np.array(case.image, np.int64))
    with torch.no_grad():
        group.create_dataset("logits", data=model.eval()(x).numpy())
    loss = functional.cross_entropy(model.train()(x), labels)
    loss.backward()
    group.create_dataset("loss", data=np.array([loss.item()]))
    gradients = {name: tensor.grad for name, tensor in model.named_parameters()}
    statistics = {name: tensor for name, tensor in model.named_buffers() if not name.endswith("num_batches_tracked")}
    tables = [("gradients", gradients), ("statistics", statistics)]
    if case.scores:
        tables += [("snip", snip(case, x, labels)), ("grasp", grasp(case, x, labels)), ("synflow", synflow(case))]
    for title, arrays in tables:
        if arrays:
            table = np.array([summary(name, values) for name, values in arrays.items()])
            group.create_dataset(title, data=table, compression="gzip", shuffle=True)
        group.attrs[f"{title}_of"] = np.bytes_(" ".join(arrays))


def main() -> int:
    """Writes the file that the command line names."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    with h5py.File(sys.argv[1], "w", libver=("v110", "v110")) as file:
        for number, case in enumerate(CASES):
            append(file, number, case)
    return 0


if __name__ == "__main__":
    sys.exit(main())
