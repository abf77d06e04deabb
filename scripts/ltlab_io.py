#!/usr/bin/python3
"""Reads runs of `ltlab search` into numpy and pandas.

    import ltlab_io
    run = ltlab_io.read_run("masks/NAME/replicate-0")
    run.table()                                  # a row a level: density, test_accuracy, ...
    level = run.level(5)                         # level.masks["fc1.weight"], level.weights, level.metrics

A collection's replicates and a ticket's controls are its members: run.members, run.member("random-reinit-0").
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

FORMAT, FORMAT_VERSION = "ltlab-run", 1


class RunError(Exception):
    """A run or file that cannot be read or written as asked; the message says why and what to do."""


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
        return read_level(self.folder / f"level-{number:03}.h5")

    def initial_weights(self, number):
        """What the training of a level began with, zero where masked."""
        level = self.level(number)
        start = level.initial or self._start(number)
        return {name: _masked(values, level.masks.get(name)) for name, values in start.items()}

    def table(self):
        """A row a level, of this run and all inside: `run` (the member's path), `branch`, and the attributes."""
        rows = [{"run": "", "branch": self.attributes["branch"]} | _level_attributes(self.folder, number)
                for number in self.levels]
        for name in self.members:
            inside = self.member(name).table()
            rows += [row | {"run": f"{name}/{row['run']}".rstrip("/")} for row in inside.to_dict("records")]
        return pd.DataFrame(rows)

    def _start(self, number):
        start = self.rewind if number > 0 and self.rewind else self.init
        return start or read_run(self.folder.resolve().parent)._start(number)  # a control leaves it to its ticket


def read_run(folder):
    """The run in `folder`, or that of a run.h5."""
    folder = Path(folder)
    folder = folder.parent if folder.name == "run.h5" else folder
    with _open(folder / "run.h5", ("run", "collection")) as file:
        return Run(folder, _attributes(file), _arrays(file, "init"), _arrays(file, "rewind"))


def read_level(path):
    """The level in the file `path`."""
    with _open(Path(path), ("level",)) as file:
        names = {name: _text(dataset.attrs["imported_name"]) for group in ("weights", "other")
                 for name, dataset in _datasets(file, group) if "imported_name" in dataset.attrs}
        return Level(
            _attributes(file),
            {name: values.astype(bool) for name, values in _arrays(file, "mask").items()},
            _arrays(file, "weights"), _arrays(file, "initial"), _table(file, "metrics"), _table(file, "kernels"),
            _arrays(file, "unmasked"), _arrays(file, "other"), names)


def _open(path, kinds):
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise RunError(f"cannot read {path}: {error}; name a run folder or a file of one") from error
    if _text(file.attrs.get("format", b"")) != FORMAT or _text(file.attrs["kind"]) not in kinds:
        raise RunError(f"{path} is no {' or '.join(kinds)} in format {FORMAT}")
    if file.attrs["format_version"] > FORMAT_VERSION:
        raise RunError(f"{path} is of a newer format: use the ltlab_io.py of the ltlab that made it")
    return file


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _attributes(file):
    return {name: _text(value) for name, value in file.attrs.items()}


def _level_attributes(folder, number):
    with _open(folder / f"level-{number:03}.h5", ("level",)) as file:
        attributes = _attributes(file)
    return {name: value for name, value in attributes.items() if name not in ("format", "format_version", "kind", "branch")}


def _datasets(file, group):
    """(name, dataset) of all arrays of a group, in the order of their positions."""
    found = []
    if group in file:
        file[group].visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    return sorted(found, key=lambda item: item[1].attrs["position"])


def _arrays(file, group):
    return {name: dataset[()] for name, dataset in _datasets(file, group)}


def _table(file, name):
    table = pd.DataFrame(file[name][:])
    for column in table.columns[table.dtypes == object]:
        table[column] = table[column].str.decode("utf-8")
    return table


def _masked(values, mask):
    return values if mask is None else np.where(mask, values, np.float32(0))
