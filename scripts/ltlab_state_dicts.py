"""Reads files of torch.save() without running anything that they ask for; needs no PyTorch.

A pickle is a program: torch.load() runs whatever it names. Here a small machine of its own takes it apart, which knows
the few names that state_dicts hold and no others, and calls nothing but what stands below.
"""

import io
import math
import os
import pickletools
import stat
import zipfile
from dataclasses import dataclass

import numpy as np

from script_errors import InputError

# Of torch's first format, before it was zip: the number that begins a file, and the version of what follows.
MAGIC, LEGACY_VERSION = 0x1950A86A20F9469CFC6C, 1001
MOST_INSTRUCTIONS = 1_000_000  # of the pickles in a file: a state_dict of 1,000 arrays has 20,000
MOST_KEY = 2**31  # of dicts and of what a pickle remembers: larger ones could be chosen to collide
MOST_AXES = 32  # of an array in numpy
MOST_ELEMENTS = 2**48  # before sizes are multiplied
MOST_NESTING = 4  # of dicts above the state_dict
MOST_SHARING = 4  # of an array by others, as by tied weights
# Where a checkpoint holds several state_dicts, these names tell the network's.
USUAL_NAMES = ("state_dict", "model_state_dict", "model", "net")
STORAGES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?",
}
OTHER_FILES = {  # by what they begin with
    b"<": "a web page or other text, and no weights: download the file itself",
    b"version https://git-lfs": "Git LFS's reference to a file: get that by `git lfs pull`",
    b"\x1f\x8b": "compressed by gzip: unpack it first",
    b"\x89HDF": "HDF5, and not of PyTorch; ltlab reads runs itself",
    b"ustar": "a tar archive: unpack it first",
}


# ---------------------------------------------------------------------------------------------------- files


def load(path):
    """What torch.save() wrote to a file: dicts, lists, tuples, texts, numbers and SavedTensors; None stands for the few
    harmless objects that are of no use here. InputError says what else a file is, or what it asks for."""
    content = _content(path)
    try:
        return _read_zip(content) if content.startswith(b"PK\3\4") else _read_legacy(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # Of what anybody wrote, pickletools, zipfile and numpy refuse each part in its own way.
        told = shown(str(error) or type(error).__name__, 200)
        raise InputError(f"{path} is damaged, or no file of torch.save(): {told}; save or download it again") from error


def _content(path):
    """The bytes of a regular file: of a pipe or device one would wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise InputError(f"{path} is {'a folder' if stat.S_ISDIR(mode) else 'no file'}; name a file that torch.save() wrote")
    with open(descriptor, "rb") as file:
        content = file.read()
    if not content:
        raise InputError(f"{path} is empty; save or download it again")
    for begin, kind in OTHER_FILES.items():
        if content.lstrip().startswith(begin) or content[257:].startswith(begin):
            raise InputError(f"{path} is {kind}")
    return content


def _read_zip(content):
    """Of torch 1.6 and later: an archive NAME with NAME/data.pkl, and NAME/data/KEY for each array's numbers."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = archive.infolist()
    names = archive.namelist()
    if any(name.endswith("/constants.pkl") for name in names):
        raise InputError("is a TorchScript program; save its state_dict()")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise InputError("its parts are compressed, which torch.save() does not do: unpack it, or save it again")
    if sum(member.file_size for member in members) > len(content):
        raise InputError("its parts overlap; save or download it again")
    roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise InputError("has not one data.pkl: it is a zip archive, but not of torch.save()")
    root = roots[0]
    if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
        raise InputError("holds big-endian numbers; save it again on a usual machine")
    machine = _Machine()
    document = machine.run(io.BytesIO(archive.read(f"{root}data.pkl")))
    for key, storage in machine.storages.items():
        storage.fill(archive.read(f"{root}data/{key}"))
    return document


def _read_legacy(content):
    """Of earlier ones: pickles of a magic number, a version, the machine, what was saved and the keys of the arrays, and
    then of each the count of its numbers, and these."""
    if not content.startswith(b"\x80"):
        raise InputError("is no file of torch.save()")
    file, machine = io.BytesIO(content), _Machine()
    if machine.run(file) != MAGIC:
        raise InputError("is a pickle, but not of torch.save()")
    if machine.run(file) != LEGACY_VERSION:
        raise InputError("is of a version of PyTorch that is not known")
    if machine.run(file).get("little_endian") is not True:
        raise InputError("holds big-endian numbers; save it again on a usual machine")
    document = machine.run(file)
    for key in machine.run(file):
        count = int.from_bytes(_exactly(file, 8), "little")
        machine.storages[key].fill(_exactly(file, count * machine.storages[key].element_bytes))
    return document


def _exactly(file, size):
    part = file.read(size)
    if len(part) != size:
        raise InputError("ends too early; save or download it again")
    return part


# ---------------------------------------------------------------------------------------------------- tensors


@dataclass
class _Storage:
    """The numbers of one or several tensors."""

    kind: str  # a value of STORAGES
    count: int  # of numbers
    content: bytes = b""

    @property
    def element_bytes(self):
        return 2 if self.kind == "bfloat16" else np.dtype(self.kind).itemsize

    def fill(self, content):
        if len(content) < self.count * self.element_bytes:
            raise InputError("holds fewer numbers than it says; save or download it again")
        self.content = content[:self.count * self.element_bytes]


@dataclass(frozen=True)
class SavedTensor:
    """A tensor as it lies in a file."""

    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple  # in numbers

    def __post_init__(self):
        sizes = (self.offset, *self.shape, *self.strides)
        sound = all(type(size) is int and 0 <= size <= MOST_ELEMENTS for size in sizes)
        if not (sound and isinstance(self.storage, _Storage) and len(self.shape) == len(self.strides) <= MOST_AXES
                and math.prod(max(1, size) for size in self.shape) <= MOST_ELEMENTS):
            raise InputError("a tensor's shape makes no sense; save or download the file again")
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides))
        if self.count and max(last + 1, self.count) > self.storage.count:
            raise InputError("a tensor has more elements than are stored; save a copy of it by .clone()")

    @property
    def count(self):
        return math.prod(self.shape)

    def array(self):
        """Its numbers; those of 16 bits as float32, which has all of them."""
        kind = self.storage.kind
        stored = np.zeros(self.shape, {"bfloat16": "<u2", "?": "u1"}.get(kind, kind))
        if self.count:
            flat = np.frombuffer(self.storage.content, stored.dtype)[self.offset:]
            strides = [stride * flat.itemsize for stride in self.strides]
            stored[...] = np.lib.stride_tricks.as_strided(flat, self.shape, strides, writeable=False)
        if kind == "bfloat16":
            return np.asarray(np.left_shift(stored, 16, dtype="<u4").view("<f4"))
        return np.asarray(stored != 0) if kind == "?" else stored.astype("<f4") if kind == "<f2" else stored


def _rebuild_tensor(storage, offset, shape, strides, *_):
    return SavedTensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor, *_):
    return tensor


# ---------------------------------------------------------------------------------------------------- pickles


@dataclass(frozen=True)
class _Global:
    """What a pickle may name, and what stands here in its place."""

    call: object = None
    storage: str = ""


def _nothing(*_):
    """In place of objects that are of no use here."""
    return None


GLOBALS = {
    "collections.OrderedDict": _Global(lambda items=(): _items({}, [part for pair in items for part in pair])),
    "torch.Size": _Global(tuple),
    "torch._utils._rebuild_tensor": _Global(_rebuild_tensor),
    "torch._utils._rebuild_tensor_v2": _Global(_rebuild_tensor),
    "torch._utils._rebuild_parameter": _Global(_rebuild_parameter),
    "torch._utils._rebuild_parameter_with_state": _Global(_rebuild_parameter),
    **{f"torch.{name}": _Global(storage=kind) for name, kind in STORAGES.items()},
    # What training scripts save beside: their options, and measurements as numpy's numbers.
    **{name: _Global(_nothing) for name in (
        "argparse.Namespace", "_codecs.encode", "numpy.dtype", "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar", "torch.device")},
}
MARK = object()
CONSTANTS = {"NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_LIST": list,
             "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": list, "MARK": lambda: MARK}
LITERALS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
            "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "BINBYTES8",
            "SHORT_BINBYTES"}


def _items(target, flat):
    """Adds keys and values that take turns to a dict; where something else stood, to nothing."""
    for key in flat[::2]:
        if not isinstance(key, str) and not (isinstance(key, int) and abs(key) < MOST_KEY):
            raise InputError("a dict has keys that are neither text nor small numbers, which no state_dict has")
    if isinstance(target, dict):
        target.update(zip(flat[::2], flat[1::2], strict=True))
    return target


class _Machine:
    """Runs pickles: it makes values, collections and tensors, calls what GLOBALS has, and nothing else."""

    def __init__(self):
        self.storages = {}  # by key
        self.instructions = 0
        self.stack, self.memo = [], {}

    def run(self, file):
        """What the pickle makes that begins where `file` stands; it stands behind it then."""
        self.stack, self.memo = [], {}
        for instruction, argument, _ in pickletools.genops(file):
            self.instructions += 1
            if self.instructions > MOST_INSTRUCTIONS:
                raise InputError("its pickle is longer than that of any state_dict; save the state_dict alone")
            self._do(instruction.name, argument)
        return self.stack.pop()

    def _do(self, name, argument):
        if name in LITERALS:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name]())
        elif name not in ("PROTO", "FRAME", "STOP"):
            step = getattr(self, f"_do_{name.lower()}", None)
            if not step:
                raise InputError(f"its pickle has the instruction {name}, which no state_dict needs; nothing was run. "
                                 "Say --trust if you trust the file")
            step(argument)

    def _since_mark(self):
        """Takes all above the last mark, and the mark, from the stack."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is MARK:
                break
        else:
            raise ValueError("no mark")
        part = self.stack[place + 1:]
        del self.stack[place:]
        return part

    def _take(self, count):
        """Takes `count` values from the stack."""
        part = self.stack[-count:]
        if len(part) < count or any(value is MARK for value in part):
            raise ValueError("values are missing")
        del self.stack[-count:]
        return part

    def _do_pop(self, _):
        self.stack.pop()

    def _do_pop_mark(self, _):
        self._since_mark()

    def _do_dup(self, _):
        self.stack.append(self.stack[-1])

    def _do_tuple(self, _):
        self.stack.append(tuple(self._since_mark()))

    def _do_tuple1(self, _):
        self.stack.append(tuple(self._take(1)))

    def _do_tuple2(self, _):
        self.stack.append(tuple(self._take(2)))

    def _do_tuple3(self, _):
        self.stack.append(tuple(self._take(3)))

    def _do_list(self, _):
        self.stack.append(self._since_mark())

    def _do_dict(self, _):
        self.stack.append(_items({}, self._since_mark()))

    def _do_append(self, _):
        self._extend(self._take(1))

    def _do_appends(self, _):
        self._extend(self._since_mark())

    def _do_additems(self, _):
        self._extend(self._since_mark())

    def _do_frozenset(self, _):
        self._do_list(None)

    def _extend(self, values):
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)

    def _do_setitem(self, _):
        pair = self._take(2)
        _items(self.stack[-1], pair)

    def _do_setitems(self, _):
        flat = self._since_mark()
        _items(self.stack[-1], flat)

    def _do_memoize(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def _do_put(self, place):
        if not 0 <= place < MOST_KEY:
            raise ValueError("it remembers too much")
        self.memo[place] = self.stack[-1]

    def _do_get(self, place):
        self.stack.append(self.memo[place])

    _do_binput = _do_long_binput = _do_put
    _do_binget = _do_long_binget = _do_get

    def _do_global(self, argument):
        self._push_global(".".join(argument.split(" ", 1)))

    def _do_stack_global(self, _):
        self._push_global(".".join(self._take(2)))

    def _do_inst(self, argument):
        self._do_global(argument)
        raise ValueError("it makes objects in the way of old pickles")

    def _push_global(self, name):
        if name not in GLOBALS:
            raise InputError(f"it asks for {shown(name)}, which no state_dict holds (a whole module does, and code that "
                             "would run); nothing was run. Save model.state_dict(), or say --trust if you trust the file")
        self.stack.append(GLOBALS[name])

    def _do_reduce(self, _):
        function, arguments = self._take(2)
        if not isinstance(function, _Global) or not function.call or not isinstance(arguments, tuple):
            raise ValueError("it calls what is no function")
        self.stack.append(function.call(*arguments))

    _do_newobj = _do_reduce

    def _do_build(self, _):
        """Drops an object's attributes: of an OrderedDict its _metadata, which are versions of modules."""
        self._take(1)

    def _do_binpersid(self, _):
        (told,) = self._take(1)
        kind, storage, key, _, count, *view = told
        if kind != "storage" or not isinstance(storage, _Global) or not storage.storage or any(view):
            raise ValueError("its arrays are of an unknown kind")
        if type(key) is not str or type(count) is not int or not 0 <= count <= MOST_ELEMENTS:
            raise ValueError("an array's key or count makes no sense")
        found = self.storages.setdefault(key, _Storage(storage.storage, count))
        if (found.kind, found.count) != (storage.storage, count):
            raise ValueError("an array is told in two ways")
        self.stack.append(found)


def shown(name, most=80):
    """A text of anybody's as a part of a message."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name[:most])
    return text if len(name) <= most else text + "..."


# ---------------------------------------------------------------------------------------------------- state_dicts


def state_of(document):
    """The state_dict in what was loaded: itself, a whole module's, or the one in a checkpoint, where it has the name
    that is usual or is the only one. Values that are no tensors are left out."""
    if callable(getattr(document, "state_dict", None)):
        return document.state_dict()
    found = {}
    _collect(document, (), found, set())
    shallow = sorted(found, key=len)
    named = [name for usual in USUAL_NAMES for name in shallow if name and name[-1] == usual]
    if not found:
        raise InputError("no weights of linear layers or convolutions: it has none that a state_dict names so; "
                         "save model.state_dict()")
    if len(found) > 1 and not named:
        raise InputError(f"there are several state_dicts ({', '.join(sorted(shown('/'.join(n)) for n in found))}); "
                         "save the one that is meant by itself")
    state = {key: values for key, values in found[(named or shallow)[0]].items() if is_tensor(values)}
    for key in state:
        if not isinstance(key, str):
            raise InputError(f"a tensor's name is {shown(str(key))}, which is no text; save model.state_dict()")
    return state


def _collect(document, name, found, seen):
    """Adds to `found` the state_dicts in `document`, by their places."""
    if not isinstance(document, dict) or id(document) in seen or len(name) > MOST_NESTING:
        return
    seen.add(id(document))
    if any(isinstance(key, str) and is_weight(key) and is_tensor(values) for key, values in document.items()):
        found[name] = document
        return
    for key, inside in document.items():
        _collect(inside, (*name, str(key)), found, seen)


def is_weight(key):
    """Whether a key of a state_dict names a layer's weights: "fc.weight", as pruned "fc.weight_orig", or "weight"."""
    return key.rpartition(".")[2] in ("weight", "weight_orig")


def is_tensor(values):
    return hasattr(values, "shape") and hasattr(values, "dtype") or isinstance(values, SavedTensor)


def arrays_of(state):
    """{key: numpy array} of tensors, PyTorch's or of a file; those of 16 bits as float32, which has all their values."""
    saved = [values for values in state.values() if isinstance(values, SavedTensor)]
    stored = {id(values.storage): values.storage.count for values in saved}
    if sum(values.count for values in saved) > MOST_SHARING * sum(stored.values()):
        raise InputError("its tensors overlap; save copies of them by .clone()")
    return {key: _array(key, values) for key, values in state.items()}


def _array(key, values):
    if isinstance(values, SavedTensor):
        return values.array()
    if isinstance(values, np.ndarray):
        return values
    values = values.detach().cpu()
    if str(values.layout) != "torch.strided" or values.is_quantized or values.is_complex():
        raise InputError(f"{shown(key)} is sparse, quantized or complex; make the model .float() and dense first")
    return (values.float() if str(values.dtype) in ("torch.bfloat16", "torch.float16") else values).numpy()
