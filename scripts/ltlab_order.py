"""Which images of a training set ltlab holds out, and in which order a level's training sees the others.

masks/README.md tells how `order_sha256` is made of them.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from script_errors import InputError

# Stand for a level where an order is named: of pretraining, and of the copies of a level, in steps of as much.
PRETRAINING, COPY = 1 << 32, 1 << 33
WORD = 1 << 64


class RandomStream:
    """The random numbers of ltlab that a seed, a purpose, a level and an index name: Philox4x64-10 (Salmon et al. 2011),
    keyed by the seed and the FNV-1a hash of the purpose."""

    def __init__(self, seed, purpose, level=0, index=0):
        named = 0xcbf29ce484222325
        for byte in purpose.encode():
            named = (named ^ byte) * 0x100000001b3 % WORD
        counter = (index << 128 | level << 64) - 1  # numpy counts on before each block
        words = [(counter >> shift) % WORD for shift in (0, 64, 128, 192)]
        self._numbers = np.random.Philox(key=np.array([seed, named], np.uint64), counter=np.array(words, np.uint64))

    def below(self, bound):
        """A whole number in [0, bound)."""
        while True:
            value = int(self._numbers.random_raw())
            if value < WORD - WORD % bound:
                return value % bound

    def shuffled(self, values):
        """The values in random order, by Fisher and Yates."""
        values = np.array(values)
        for i in range(len(values) - 1, 0, -1):
            j = self.below(i + 1)
            values[i], values[j] = values[j], values[i]
        return values


@dataclass
class Order:
    """The images of a training, as places in the training set."""

    training: np.ndarray  # trained with, ascending
    held_out: np.ndarray  # for validation, ascending: image i of the validation predictions is held_out[i]
    seed: int
    level: int  # that names the order
    heading: str  # of the hash

    def epoch(self, number):
        """The images of an epoch in their order; each batch takes the next ones."""
        return RandomStream(self.seed, "data-order", self.level, number).shuffled(self.training)

    @property
    def sha256(self):
        return hashlib.sha256(self.heading.encode() + self.epoch(0).astype("<u4").tobytes()).hexdigest()


def order_of(run, level, images):
    """The order of a level of the run whose attributes are `run`; `images` are all of the training set, held out or not.

    InputError for a run that no search has made."""
    settings = dict(line.split(" = ", 1) for line in run["config"].splitlines())
    if run["branch"] == "imported":
        raise InputError("the run was imported: nothing tells how its images were split and ordered")
    split = RandomStream(int(settings.get("seed-split", settings["data-seed"])), "validation-split")
    shuffled, held_out = split.shuffled(np.arange(images, dtype=np.uint32)), int(settings["validation"])
    heading = f"{run['dataset_fingerprint']}\n{settings['batch']}\n{settings.get('augment', 'none')}\n"
    return Order(np.sort(shuffled[held_out:]), np.sort(shuffled[:held_out]),
                 int(settings.get("seed-order", run["seed"])), _place(run, settings, level), heading)


def _place(run, settings, level):
    """The number that names the order beside the seed."""
    if run["branch"] in ("pretraining", "copy"):
        return PRETRAINING if run["branch"] == "pretraining" else COPY * (int(run["trial"]) + 1) + level
    is_shared = settings.get("retrain-order") == "original" or settings.get("retrain") == "none"
    return 0 if is_shared or run["branch"] == "supermask" else level
