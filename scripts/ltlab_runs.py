"""The files of ltlab's runs (format ltlab-run): reads them into numpy and pandas, and writes what was imported.

scripts/ltlab_io.py is the door to it; masks/README.md tells the format.
"""

import errno
import hashlib
import os
import platform
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from script_errors import InputError, reading, require_file
from script_files import replacing

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
    predictions: pd.DataFrame = field(default_factory=pd.DataFrame)  # a row an image: set, image, class, probability


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
        return self.initial_weights_of(self.level(number))

    def initial_weights_of(self, level):
        """The same of a Level that is read already."""
        start = level.initial or self._start(level.attributes["first_step"])
        return {name: masked(values, level.masks.get(name)) for name, values in start.items()}

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
            _arrays(file, "unmasked"), _arrays(file, "other"), names, _predictions(file))


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


def _own(file, name):
    """What the file itself holds by that name: a link may lead to anything, a pipe that never answers too."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"'{name}' is no array or group of this file")
    return file[name]


def _datasets(file, group):
    """(name, dataset) of all arrays of a group, in the order of their positions."""
    found, rest = [], [(name, item, 1) for name, item in _own(file, group).items()] if group in file.keys() else []
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
    return np.asarray(dataset[()])


def _table(file, name):
    table = pd.DataFrame(_values(_own(file, name)))
    for column in table.columns[table.dtypes == object]:
        table[column] = table[column].str.decode("utf-8")
    return table


def _predictions(file):
    """A row an image, of the test set and then of the held-out images; none where the level does not tell."""
    if "predictions" not in file.keys():
        return pd.DataFrame(columns=["set", "image", "class", "probability"])
    group, sets = _own(file, "predictions"), []
    for name in ("test", "validation"):
        classes, probabilities = (_values(_own(group, f"{name}_{what}")) for what in ("class", "probability"))
        sets.append(pd.DataFrame({"set": name, "image": np.arange(len(classes)), "class": classes,
                                  "probability": probabilities}))
    return pd.concat(sets, ignore_index=True)


def masked(values, mask):
    """Values with zeros where the mask prunes; as they are without one."""
    return values if mask is None else np.where(mask, values, np.float32(0))


# ---------------------------------------------------------------------------------------------------- writing


def write_import(folder, source, model, levels, init, rewind, rewind_step, image=None):
    """Writes run.h5 and the levels into a folder that has nothing of a run yet."""
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise RunError(f"{folder} is no folder; name another")
    stored = next((path for pattern in ("run.h5", "level-*.h5", "*/run.h5") for path in folder.glob(pattern)), None)
    if stored:
        raise RunError(f"{folder} holds a run already, or a part of one: {stored.relative_to(folder)}; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = f"model = {model}\n"
    identity = {"config_sha256": hashlib.sha256(config.encode()).hexdigest(), "branch": "imported",
                "dataset_fingerprint": "", "seed": 0, "trial": 0, "started_utc": now}
    for number, level in levels.items():
        with writing(folder / f"level-{number:03}.h5", "level") as file:
            _write_level(file, number, level, identity | {"finished_utc": now})
    with writing(folder / "run.h5", "run") as file:
        _write_attributes(file, identity | {"config": config, "extent": "", "model": model, "dataset": "",
                                            "imported_from": source, "rewind_step": rewind_step}
                          | ({"image": image} if image else {}))
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


@contextmanager
def writing(path, kind=None, copy_of=None):
    """An open file of format ltlab-run that appears whole, with its digest, or not at all."""
    with replacing(path) as temporary:
        if copy_of:
            temporary.write_bytes(copy_of.read_bytes())
        with h5py.File(temporary, "r+" if copy_of else "w", libver=("v110", "v110")) as file:
            if not copy_of:
                _write_heading(file, kind)
            yield file
            digest = content_digest(file)
            _write_attributes(file, {"content_sha256": digest})
        _require_written(path, temporary, digest)


def _write_heading(file, kind):
    _write_attributes(file, {"format": FORMAT, "format_version": FORMAT_VERSION, "kind": kind})
    provenance = {"program": "ltlab_io.py", "python_version": platform.python_version(),
                  "h5py_version": h5py.__version__, "hdf5_version": h5py.version.hdf5_version}
    _write_attributes(file.create_group("provenance"), provenance)


def _require_written(path, temporary, digest):
    """Reads back what the disk has: closing a file may fail in silence."""
    try:
        with h5py.File(temporary, "r") as file:
            whole = content_digest(file) == digest == _text(file.attrs["content_sha256"])
    except (OSError, LookupError, ValueError, RuntimeError):
        whole = False
    if not whole:
        told = "the disk did not keep what was written; check it and its free space"
        raise OSError(errno.EIO, told, str(path))


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
    run, level = read_run(level_file.parent), read_level(level_file)
    for name in ("config_sha256", "branch", "dataset_fingerprint", "seed", "trial"):
        if run.attributes.get(name) != level.attributes.get(name):
            raise RunError(f"{level_file} is no level of the run beside it: '{name}' is another; move it to its own run")
    with writing(path, copy_of=level_file) as file:
        told = ("config", "model", "model_text", "image")  # the last two not in runs of ltlab 0.1.0
        _write_attributes(file, {name: run.attributes[name] for name in told if name in run.attributes})
        if not level.initial:
            _write_arrays(file, "initial", run.initial_weights_of(level))


# ---------------------------------------------------------------------------------------------------- digest


def content_digest(file):
    """SHA-256 over what an open file says, as ltlab computes it for the attribute `content_sha256`: every group,
    dataset and attribute in the order of names, that attribute left out. So are the links of run.h5 to what lies beside
    it; any other link is an error."""
    digest = hashlib.sha256()
    linked = _text(file.attrs.get("kind", b"")) in ("run", "collection")

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
            beside = isinstance(group.get(name, getlink=True), h5py.ExternalLink) and group.name == "/" and linked
            if beside:
                continue
            item = _own(group, name)
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
