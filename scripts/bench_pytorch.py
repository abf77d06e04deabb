#!/usr/bin/python3
"""Times training steps, and a whole lottery-ticket search, in PyTorch: the baseline that ltlab is compared with.

PyTorch trains under masks as OpenLTH does: dense weights, multiplied by their mask before each forward pass. Where no
weight is pruned there is no mask and no multiplication. What makes PyTorch faster on a processor is the default:
batches gathered from one tensor in memory, foreach optimizers, gradients set to None, freed memory kept by the
process, OpenMP threads that do not spin while OpenBLAS's work, OpenBLAS's best kernels (openblas_core.py), and for each
model the memory format that measured faster. Denormal numbers are flushed to zero, as a precaution. Tried without gain:
torch.jit, parameters as views of one flat tensor, ATen's AVX-512 kernels.
"""

from __future__ import annotations

import argparse
import ctypes
import gzip
import json
import math
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import openblas_core

openblas_core.set_core(os.environ)
# Before OpenMP starts: its idle threads would otherwise spin on the cores that OpenBLAS's threads need.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

try:
    import numpy as np
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    print(f"bench_pytorch.py: {error}; install the packages of scripts/setup.sh bench, and run this by "
          "/usr/bin/python3, for which they are", file=sys.stderr)
    sys.exit(2)

MOST_BLOCKS, LEAST_BLOCKS = 7, 3  # timed stretches of `steps`, so that their spread is visible
WARM_UP_SHARE = 0.2  # of the measured seconds, run untimed before them
EVALUATION_BATCH = 1000  # images


class BenchError(Exception):
    """A setting or a system that makes no honest baseline; the message says why."""


# ---- The process: which BLAS, how many threads, which settings -----------------------------------------------------


@dataclass(frozen=True)
class Blas:
    """The library that computes PyTorch's matrix products, and whether it is a tuned one."""

    path: str
    is_tuned: bool


def mapped_libraries() -> list[str]:
    """Paths of the shared libraries in this process."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sorted({line.split(maxsplit=5)[5] for line in lines if ".so" in line})


def find_blas(libraries: Sequence[str], mkl_inside: bool) -> Blas:
    """The BLAS among `libraries`; `mkl_inside` tells that PyTorch has MKL linked in statically.

    An untuned libblas.so comes before a tuned library in the same process, which LAPACK alone may have brought.
    """
    tuned = [path for path in libraries if any(name in path for name in ("openblas", "libmkl", "libblis", "/blis"))]
    untuned = [path for path in libraries if Path(path).name.startswith("libblas.so") and path not in tuned]
    if untuned:
        return Blas(untuned[0], False)
    by_name = sorted(tuned, key=lambda path: not Path(path).name.startswith(("libopenblas", "libmkl", "libblis")))
    if by_name:
        return Blas(by_name[0], True)
    return Blas("MKL inside PyTorch", True) if mkl_inside else Blas("unknown", False)


def require_tuned_blas(blas: Blas, allow_reference: bool) -> None:
    """Throws BenchError for a BLAS that would handicap PyTorch."""
    if blas.is_tuned or allow_reference:
        return
    raise BenchError(f"PyTorch computes by an untuned BLAS ({blas.path}), several times slower than OpenBLAS: install "
                     "libopenblas0-pthread, see update-alternatives --display libblas.so.3-x86_64-linux-gnu, or pass "
                     "--allow-reference-blas")


def keep_freed_memory() -> None:
    """Lets malloc reuse what tensors free, where it would return it to the system and fault it in again each step."""
    m_trim_threshold, m_mmap_threshold = -1, -3  # malloc.h
    malloc = ctypes.CDLL(None)
    if hasattr(malloc, "mallopt"):
        malloc.mallopt(m_mmap_threshold, 1 << 30)
        malloc.mallopt(m_trim_threshold, (1 << 31) - 1)


def set_threads(threads: int, blas: Blas) -> None:
    """Computes by `threads` threads; an OpenBLAS with threads of its own does not hear of torch.set_num_threads."""
    torch.set_num_threads(threads)
    if "openblas" in blas.path:
        library = ctypes.CDLL(blas.path)
        if hasattr(library, "openblas_set_num_threads"):
            library.openblas_set_num_threads(threads)


def blas_core(blas: Blas) -> str:
    """The processor whose kernels OpenBLAS uses; "" of another BLAS."""
    library = ctypes.CDLL(blas.path) if "openblas" in blas.path else None
    if not hasattr(library, "openblas_get_corename"):
        return ""
    library.openblas_get_corename.restype = ctypes.c_char_p
    return library.openblas_get_corename().decode()


def prepare_process(arguments: argparse.Namespace) -> Blas:
    """Makes this process as fast as PyTorch can be, or throws BenchError."""
    blas = find_blas(mapped_libraries(), torch.backends.mkl.is_available())
    require_tuned_blas(blas, arguments.allow_reference_blas)
    keep_freed_memory()
    torch.set_flush_denormal(True)  # before there are threads, which inherit it
    set_threads(arguments.threads, blas)
    torch.manual_seed(arguments.seed)
    return blas


def peak_rss_mb() -> float:
    """The most memory that this process has held so far, in MB (10^6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def describe_process(blas: Blas, threads: int) -> dict[str, Any]:
    """The part of a report that tells how PyTorch was built and set."""
    return {
        "threads": threads,
        "torch": torch.__version__,
        "blas": blas.path,
        "blas_core": blas_core(blas),
        "mkldnn": torch.backends.mkldnn.is_available(),
        "peak_rss_mb": round(peak_rss_mb(), 1),
    }


# ---- Models --------------------------------------------------------------------------------------------------------


def lenet_300_100() -> nn.Module:
    """LeNet-300-100 (LeCun et al. 1998): 784-300-100-10, ReLU."""
    return nn.Sequential(*linear_layers(784, 300, 100, 10))


def linear_layers(*widths: int) -> list[nn.Module]:
    """Fully connected layers from widths[0] features to widths[-1] classes, hidden ones with ReLU."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
    return layers[:-1]


def pooled() -> list[nn.Module]:
    """Max-pooling of 2x2 and ReLU; in this order, which gives the same, ReLU has less to do."""
    return [nn.MaxPool2d(2), nn.ReLU(inplace=True)]


def lenet_5() -> nn.Module:
    """LeNet-5 (LeCun et al. 1998, section II.B), with ReLU and max-pooling."""
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), *pooled(), nn.Conv2d(6, 16, 5), *pooled(), nn.Flatten(),
                         *linear_layers(400, 120, 84, 10))


def conv_net(depth: int) -> nn.Module:
    """Conv-2, Conv-4 or Conv-6 (Frankle & Carbin 2019, figure 2), `depth` convolutions of 3x3, pooled two by two."""
    layers: list[nn.Module] = []
    channels, side = 3, 32
    for width in (64, 128, 256)[: depth // 2]:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True),
                   nn.Conv2d(width, width, 3, padding=1), *pooled()]
        channels, side = width, side // 2
    return nn.Sequential(*layers, nn.Flatten(), *linear_layers(channels * side * side, 256, 256, 10))


def normalized(inputs: int, outputs: int) -> list[nn.Module]:
    """A convolution of 3x3, batch norm and ReLU."""
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def vgg(layers: int) -> nn.Module:
    """VGG-11, 13, 16 or 19 for CIFAR-10 (Simonyan & Zisserman 2015, table 1, A, B, D and E), with batch norm, and
    global average pooling and a single linear layer in place of the last max-pooling and three linear layers."""
    early, late = {11: (1, 2), 13: (2, 2), 16: (2, 3), 19: (2, 4)}[layers]
    modules: list[nn.Module] = []
    channels = 3
    for width, depth in ((64, early), (128, early), (256, late), (512, late), (512, late)):
        for _ in range(depth):
            modules += normalized(channels, width)
            channels = width
        modules.append(nn.MaxPool2d(2))
    return nn.Sequential(*modules[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class ResidualBlock(nn.Module):
    """Two convolutions of 3x3 and a shortcut without parameters (He et al. 2016, option A)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride = 1 if inputs == outputs else 2
        self.padding = (outputs - inputs) // 2  # channels of zeros on either side of the shortcut
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=self.stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images x inputs x height x width to images x outputs x height/stride x width/stride."""
        shortcut = images
        if self.stride > 1:
            shortcut = images[:, :, :: self.stride, :: self.stride]
            shortcut = functional.pad(shortcut, (0, 0, 0, 0, self.padding, self.padding))
        hidden = functional.relu(self.norm1(self.conv1(images)), inplace=True)
        return functional.relu(self.norm2(self.conv2(hidden)).add_(shortcut), inplace=True)


def resnet(layers: int) -> nn.Module:
    """ResNet-20, 32, 44 or 56 for CIFAR-10 (He et al. 2016, section 4.2)."""
    modules = normalized(3, 16)
    channels = 16
    for width in (16, 32, 64):
        for _ in range((layers - 2) // 6):
            modules.append(ResidualBlock(channels, width))
            channels = width
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


@dataclass(frozen=True)
class ModelSpec:
    """How a model is built and by default trained."""

    build: Callable[[], nn.Module]
    image_shape: tuple[int, ...]
    random_images: int  # as many as `steps` draws its batches from
    batch: int
    optimizer: str
    adam_rate: float  # learning rate
    sgd_rate: float  # learning rate
    memory_format: str  # the one that measured faster


CIFAR = (3, 32, 32)
MODELS = {
    "lenet-300-100": ModelSpec(lenet_300_100, (784,), 60000, 60, "adam", 1.2e-3, 0.01, "contiguous"),
    "lenet-5": ModelSpec(lenet_5, (1, 28, 28), 60000, 60, "adam", 1.2e-3, 0.01, "channels-last"),
    "conv-2": ModelSpec(partial(conv_net, 2), CIFAR, 10000, 60, "adam", 2e-4, 0.01, "contiguous"),
    "conv-4": ModelSpec(partial(conv_net, 4), CIFAR, 10000, 60, "adam", 3e-4, 0.01, "channels-last"),
    "conv-6": ModelSpec(partial(conv_net, 6), CIFAR, 10000, 60, "adam", 3e-4, 0.01, "channels-last"),
} | {
    f"resnet-{layers}": ModelSpec(partial(resnet, layers), CIFAR, 10000, 128, "sgd", 1e-3, 0.1, "channels-last")
    for layers in (20, 32, 44, 56)
} | {
    f"vgg-{layers}": ModelSpec(partial(vgg, layers), CIFAR, 10000, 128, "sgd", 1e-3, 0.1, "contiguous")
    for layers in (11, 13, 16, 19)
}
MEMORY_FORMATS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}


def prunable_weights(model: nn.Module) -> list[nn.Parameter]:
    """The weights of convolutions and linear layers, from the first layer to the output layer."""
    return [module.weight for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def initialize(model: nn.Module) -> None:
    """Draws the weights by Glorot's normal distribution and sets the biases of the same layers to 0."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def make_optimizer(name: str, spec: ModelSpec, model: nn.Module) -> torch.optim.Optimizer:
    """A fresh Adam, or SGD with momentum 0.9 and weight decay 1e-4, by the multi-tensor implementation."""
    if name == "adam":
        return torch.optim.Adam(model.parameters(), lr=spec.adam_rate, foreach=True)
    return torch.optim.SGD(model.parameters(), lr=spec.sgd_rate, momentum=0.9, weight_decay=1e-4, foreach=True)


# ---- Training under masks ------------------------------------------------------------------------------------------


class MaskedNetwork:
    """A model whose prunable weights are multiplied by their masks before each forward pass."""

    def __init__(self, model: nn.Module, masks: Sequence[Tensor] | None) -> None:
        """`masks` holds a 0/1 tensor for each of prunable_weights(model), or is None where nothing is pruned."""
        self.model = model
        self.masks = list(masks) if masks is not None else []
        self.masked = [weight.data for weight in prunable_weights(model)] if masks is not None else []

    def apply_masks(self) -> None:
        """Sets pruned weights to 0."""
        if self.masks:
            torch._foreach_mul_(self.masked, self.masks)

    def step(self, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> None:
        """One training step on a batch."""
        self.apply_masks()
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(self.model(images), labels).backward()
        optimizer.step()

    @torch.no_grad()
    def evaluate(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """Mean loss, and the fraction of images classified correctly."""
        self.apply_masks()
        self.model.eval()
        loss, correct = 0.0, 0
        for batch, answers in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH)):
            scores = self.model(batch)
            loss += functional.cross_entropy(scores, answers, reduction="sum").item()
            correct += int((scores.argmax(1) == answers).sum())
        self.model.train()
        return loss / len(labels), correct / len(labels)


def batches(images: Tensor, labels: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end, in a new order each epoch; the last of an epoch may be smaller."""
    while True:
        for chosen in torch.randperm(len(labels)).split(size):
            yield images.index_select(0, chosen), labels.index_select(0, chosen)


def random_masks(model: nn.Module, density: float) -> list[Tensor] | None:
    """Masks that keep the fraction `density` of each prunable weight, at random places; None at density 1."""
    if density == 1:
        return None
    masks = []
    for weight in prunable_weights(model):
        mask = torch.zeros(weight.numel())
        mask[torch.randperm(weight.numel())[: max(1, round(density * weight.numel()))]] = 1
        masks.append(torch.empty_like(weight.data).copy_(mask.view(weight.shape)))
    return masks


def prune_by_magnitude(model: nn.Module, masks: Sequence[Tensor] | None, rate: float) -> list[Tensor]:
    """Prunes the fraction `rate` of each layer's survivors, and rate / 2 of the output layer's, smallest first."""
    weights = [weight.data for weight in prunable_weights(model)]
    pruned = []
    for layer, weight in enumerate(weights):
        mask = masks[layer] if masks is not None else torch.ones_like(weight)
        layer_rate = rate if layer < len(weights) - 1 else rate / 2
        count = round(layer_rate * int(mask.sum()))
        magnitude = weight.abs().masked_fill(mask == 0, math.inf).flatten()
        smaller = mask.clone()
        smaller.view(-1)[magnitude.topk(count, largest=False).indices] = 0
        pruned.append(smaller)
    return pruned


def density_of(model: nn.Module, masks: Sequence[Tensor] | None) -> float:
    """The fraction of prunable weights that survive."""
    if masks is None:
        return 1.0
    return sum(int(mask.sum()) for mask in masks) / sum(weight.numel() for weight in prunable_weights(model))


# ---- steps ---------------------------------------------------------------------------------------------------------


def timed_blocks(step: Callable[[], None], seconds: float) -> list[float]:
    """Steps a second in each of several stretches, about `seconds` long together, after a warm-up."""
    start, warm_up = time.perf_counter(), 0
    while warm_up == 0 or time.perf_counter() - start < WARM_UP_SHARE * seconds:
        step()
        warm_up += 1
    fitting = int(warm_up / (time.perf_counter() - start) * seconds)  # steps
    blocks = min(max(fitting, LEAST_BLOCKS), MOST_BLOCKS)
    steps = max(1, fitting // blocks)
    rates = []
    for _ in range(blocks):
        start = time.perf_counter()
        for _ in range(steps):
            step()
        rates.append(steps / (time.perf_counter() - start))
    return rates


def make_step(arguments: argparse.Namespace) -> tuple[MaskedNetwork, Callable[[], None]]:
    """The network that `steps` times and its training step, on random images and labels."""
    spec = MODELS[arguments.model]
    memory_format = MEMORY_FORMATS[arguments.memory_format]
    model = spec.build()
    initialize(model)
    images = torch.randn(spec.random_images, *spec.image_shape)
    if images.dim() == 4:
        model.to(memory_format=memory_format)
        images = images.contiguous(memory_format=memory_format)
    labels = torch.randint(10, (spec.random_images,))
    network = MaskedNetwork(model, random_masks(model, arguments.density))
    optimizer = make_optimizer(arguments.optimizer, spec, model)
    source = batches(images, labels, arguments.batch)
    return network, lambda: network.step(optimizer, *next(source))


def measure_steps(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report of `steps`."""
    _, step = make_step(arguments)
    wall, processor = time.perf_counter(), time.process_time()
    rates = timed_blocks(step, arguments.seconds)
    share = (time.process_time() - processor) / (time.perf_counter() - wall) / arguments.threads
    return {
        "model": arguments.model,
        "batch": arguments.batch,
        "optimizer": arguments.optimizer,
        "density": arguments.density,
        "memory_format": arguments.memory_format,
        "steps_per_second": [round(rate, 3) for rate in rates],
        "median": round(statistics.median(rates), 3),
        "min": round(min(rates), 3),
        "max": round(max(rates), 3),
        "processor_share": round(share, 3),
    }


def print_steps(report: dict[str, Any]) -> None:
    """Prints the report of `steps` as a table."""
    print("model           optimizer  batch  density  threads     median        min        max  steps/s")
    print(f"{report['model']:<15} {report['optimizer']:<9}  {report['batch']:5}  {report['density']:7.2%}  "
          f"{report['threads']:7}  {report['median']:9.2f}  {report['min']:9.2f}  {report['max']:9.2f}")
    print(f"blocks: {'  '.join(f'{rate:.2f}' for rate in report['steps_per_second'])}")
    if report["processor_share"] < 0.95:
        print(f"This process had {report['processor_share']:.0%} of the time of its {report['threads']} thread(s): it "
              "waited for other processes, or its threads for each other.")


# ---- search --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImageData:
    """Normalized images (images x 784) and their labels, of each part of a data set."""

    training: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LevelReport:
    """What one level of a search took and reached; seconds are wall seconds."""

    level: int
    density: float
    seconds: float  # the whole level: pruning, training, validation, test
    steps_per_second: float  # of the whole level
    validation_seconds: float  # part of `seconds`
    early_stop_step: int  # of least validation loss
    test_accuracy: float  # at the last step


def data_folder(name: str, given: Path | None) -> Path:
    """Where the files of the data set `name` lie: in `given` or its folder `name`, or where ltlab looks for them."""
    if given is not None:
        folders = [given, given / name]
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        named = os.environ.get("LTLAB_DATA")
        folders = [Path(root) / name for root in (named, "../shared/data", cache / "ltlab") if root]
    for folder in folders:
        if (folder / "train-images-idx3-ubyte.gz").is_file():
            return folder
    raise BenchError(f"no {name} in {', '.join(map(str, folders))}: bring it by `ltlab data fetch {name}`, or name its "
                     "folder by --data-dir")


def read_idx(path: Path, header: int) -> np.ndarray:
    """The bytes of a compressed IDX file behind its `header` bytes."""
    try:
        return np.frombuffer(bytearray(gzip.decompress(path.read_bytes())), np.uint8, offset=header)
    except (OSError, EOFError, ValueError) as error:
        raise BenchError(f"{path}: {error}") from error


def read_part(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (images x 784) and labels of one pair of files, as bytes."""
    pixels = read_idx(folder / f"{name}-images-idx3-ubyte.gz", 16)
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz", 8)
    if len(pixels) != 784 * len(labels):
        raise BenchError(f"{folder}: {name} has {len(labels)} labels but {len(pixels)} pixels, not 784 an image")
    return pixels.reshape(-1, 784), labels


def read_data(folder: Path, validation: int) -> ImageData:
    """MNIST as normalized tensors; `validation` of the training images, chosen at random, are held out."""
    pixels, labels = read_part(folder, "train")
    if validation >= len(labels):
        raise BenchError(f"--validation must be less than the {len(labels)} training images")
    order = torch.randperm(len(labels)).numpy()  # shuffled as bytes, so that the parts are views of one tensor
    images, answers = torch.from_numpy(pixels[order]).float(), torch.from_numpy(labels[order]).long()
    deviation, mean = torch.std_mean(images[validation:], unbiased=False)
    images.sub_(mean).div_(deviation)
    pixels, labels = read_part(folder, "t10k")
    test = torch.from_numpy(pixels).float().sub_(mean).div_(deviation)
    return ImageData((images[validation:], answers[validation:]), (images[:validation], answers[:validation]),
                     (test, torch.from_numpy(labels).long()))


def train_level(network: MaskedNetwork, data: ImageData, arguments: argparse.Namespace) -> tuple[int, float]:
    """Trains a network for all its steps. Returns the step of least validation loss, and the seconds of validation."""
    optimizer = make_optimizer("adam", MODELS["lenet-300-100"], network.model)
    source = batches(*data.training, arguments.batch)
    best_loss, best_step, validation_seconds = math.inf, 0, 0.0
    for step in range(1, arguments.steps + 1):
        network.step(optimizer, *next(source))
        if step % arguments.validate_every == 0 or step == arguments.steps:
            start = time.perf_counter()
            loss, _ = network.evaluate(*data.validation)
            validation_seconds += time.perf_counter() - start
            if loss < best_loss:
                best_loss, best_step = loss, step
    return best_step, validation_seconds


def search_levels(data: ImageData, arguments: argparse.Namespace) -> Iterator[LevelReport]:
    """Iterative magnitude pruning (Frankle & Carbin 2019, section 1): trains, prunes, rewinds to the initialization."""
    model = lenet_300_100()
    initialize(model)
    initial = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    masks: list[Tensor] | None = None
    for level in range(arguments.levels + 1):
        start = time.perf_counter()
        if level > 0:
            masks = prune_by_magnitude(model, masks, arguments.rate)
            model.load_state_dict(initial)
        network = MaskedNetwork(model, masks)
        early_stop_step, validation_seconds = train_level(network, data, arguments)
        _, accuracy = network.evaluate(*data.test)
        seconds = time.perf_counter() - start
        yield LevelReport(level, density_of(model, masks), seconds, arguments.steps / seconds, validation_seconds,
                          early_stop_step, accuracy)


def print_level(report: LevelReport) -> None:
    """Prints one level as a row, and before the first one the heads of the columns."""
    if report.level == 0:
        print("level   density   seconds   steps/s   in validation   early-stop step   test %")
    print(f"{report.level:5}  {report.density:8.2%}  {report.seconds:8.2f}  {report.steps_per_second:8.1f}   "
          f"{report.validation_seconds / report.seconds:13.1%}   {report.early_stop_step:15}   "
          f"{100 * report.test_accuracy:6.2f}", flush=True)


def measure_search(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report of `search`; prints each level when it is done, unless JSON is asked for."""
    data = read_data(data_folder(arguments.data, arguments.data_dir), arguments.validation)
    start, levels = time.perf_counter(), []
    for level in search_levels(data, arguments):
        levels.append(level)
        if not arguments.json:
            print_level(level)
    return {
        "data": arguments.data,
        "model": "lenet-300-100",
        "batch": arguments.batch,
        "steps": arguments.steps,
        "rate": arguments.rate,
        "validate_every": arguments.validate_every,
        "validation": arguments.validation,
        "seed": arguments.seed,
        "seconds": time.perf_counter() - start,
        "levels": [asdict(level) for level in levels],
    }


# ---- Command line --------------------------------------------------------------------------------------------------


def positive(word: str) -> int:
    """An option's value that must be a whole number above 0."""
    value = int(word)
    if value < 1:
        raise ValueError
    return value


def positive_seconds(word: str) -> float:
    """An option's value that must be a finite number above 0."""
    value = float(word)
    if not 0 < value < math.inf:
        raise ValueError
    return value


def fraction(word: str) -> float:
    """An option's value that must lie above 0 and not above 1."""
    value = float(word)
    if not 0 < value <= 1:
        raise ValueError
    return value


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options of both commands."""
    parser.add_argument("--threads", metavar="T", type=positive, default=1,
                        help="of PyTorch and its BLAS (%(default)s)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="of weights, masks and order (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--allow-reference-blas", action="store_true",
                        help="measure although PyTorch computes by the reference BLAS, which is no honest baseline")


def add_steps_command(commands: argparse._SubParsersAction) -> None:
    """`steps` and its options."""
    parser = commands.add_parser("steps", help="time training steps on random data", formatter_class=HelpFormatter,
                                 description="Times forward pass, loss, backward pass, masks and optimizer in "
                                 f"{MOST_BLOCKS} blocks, or {LEAST_BLOCKS} steps where those take longer, after a "
                                 "warm-up.")
    parser.add_argument("--model", choices=MODELS, default="lenet-300-100", help="(%(default)s)")
    parser.add_argument("--batch", metavar="N", type=positive, help="images a step (60; resnet, vgg: 128)")
    parser.add_argument("--optimizer", choices=("adam", "sgd"), help="(adam; resnet, vgg: sgd)")
    parser.add_argument("--density", metavar="D", type=fraction, default=1.0,
                        help="fraction of each layer's weights that random masks keep (1: no masks)")
    parser.add_argument("--seconds", metavar="S", type=positive_seconds, default=10.0,
                        help="of all blocks together (%(default)s)")
    parser.add_argument("--memory-format", choices=MEMORY_FORMATS, help="of images (the faster one of each model)")
    add_common_options(parser)
    parser.set_defaults(measure=measure_steps, print_report=print_steps)


def add_search_command(commands: argparse._SubParsersAction) -> None:
    """`search` and its options."""
    parser = commands.add_parser("search", help="time a whole search of LeNet-300-100", formatter_class=HelpFormatter,
                                 description="Times iterative magnitude pruning: Adam at 1.2e-3, Glorot normal, "
                                 "rewinding to the initialization.")
    parser.add_argument("--data", choices=("mnist",), default="mnist", help="(%(default)s)")
    parser.add_argument("--data-dir", metavar="DIR", type=Path,
                        help="folder of the IDX files ($LTLAB_DATA/mnist, ../shared/data/mnist, ~/.cache/ltlab/mnist)")
    parser.add_argument("--steps", metavar="N", type=positive, default=50000, help="of each level (%(default)s)")
    parser.add_argument("--levels", metavar="L", type=positive, default=18,
                        help="pruned levels after the dense level 0 (%(default)s)")
    parser.add_argument("--rate", metavar="R", type=fraction, default=0.2,
                        help="fraction of survivors pruned a level, half of it in the output layer (%(default)s)")
    parser.add_argument("--batch", metavar="N", type=positive, default=60, help="images a step (%(default)s)")
    parser.add_argument("--validate-every", metavar="K", type=positive, default=100, help="steps (%(default)s)")
    parser.add_argument("--validation", metavar="N", type=positive, default=5000,
                        help="training images held out (%(default)s)")
    add_common_options(parser)
    parser.set_defaults(measure=measure_search, print_report=lambda report: print(f"{report['seconds']:.2f} seconds"))


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the module's description as it is written, and the columns within its width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=118)


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, with each model's own defaults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_steps_command(commands)
    add_search_command(commands)
    arguments = parser.parse_args(words)
    if arguments.measure is measure_steps:
        spec = MODELS[arguments.model]
        for name in ("batch", "optimizer", "memory_format"):
            if getattr(arguments, name) is None:
                setattr(arguments, name, getattr(spec, name))
    return arguments


def main() -> int:
    """Measures what the command line asks for; the exit status is 0, or 2 where no honest measurement is possible."""
    arguments = parse_arguments()
    try:
        blas = prepare_process(arguments)
        report = arguments.measure(arguments)
    except BenchError as error:
        print(f"bench_pytorch.py: {error}", file=sys.stderr)
        return 2
    report |= describe_process(blas, arguments.threads)
    if arguments.json:
        print(json.dumps(report))
    else:
        arguments.print_report(report)
        print(f"torch {report['torch']}, BLAS {report['blas']} ({report['blas_core']}), "
              f"oneDNN {'yes' if report['mkldnn'] else 'no'}, {report['threads']} thread(s), "
              f"peak {report['peak_rss_mb']:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
