#!/usr/bin/python3
"""Mutates files of torch.save() by seed and imports them: each ends in a run or a sentence, and runs no code.

Mutated are bytes; of the zip format also the pickle inside it, packed again with right checksums, by instructions taken
away, doubled, exchanged or put in, code to run among them, and by numbers and texts of all sizes. Python's audit hooks
watch for code, processes and foreign files; a timer and a limit of memory for what would not end. `seeds/state_dicts/`
holds the files that are mutated, `found/state_dicts/` those that once went wrong, which come first.
"""

import argparse
import io
import json
import os
import pickle
import pickletools
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))
import ltlab_io  # noqa: E402

SEEDS, FOUND = HERE / "seeds" / "state_dicts", HERE / "found" / "state_dicts"
BATCH = 250  # cases of one process
SECONDS, MEGABYTES = 20, 1500  # that one case may take, and what all memory of a process may be
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "subprocess.", "pickle.find_class", "socket.",
             "ctypes.", "urllib.")
NUMBERS = (0, 1, 2, 3, 7, 255, 256, 65535, 2**31 - 1, 2**31, 2**32, 2**48, 2**62, 2**63 - 1, 2**63, 2**80, -1, -2**31)


class Broken(BaseException):
    """What must not happen: code that runs, or no end. Nothing that catches errors catches it."""


# ---------------------------------------------------------------------------------------------------- mutating


def number(value):
    return pickle.dumps(value, 2)[2:-1]


def text(value):
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def attacks():
    """Instructions that would run code if pickle ran them, and some that only take room."""
    command = text("touch THE_CODE_RAN")
    return [
        b"cposix\nsystem\n" + command + b"\x85R", b"cos\nsystem\n" + command + b"\x85R",
        text("posix") + text("system") + b"\x93" + command + b"\x85R", b"cbuiltins\neval\n" + text("1") + b"\x85R",
        b"cbuiltins\ngetattr\n(ccollections\nOrderedDict\n" + text("__class__") + b"tR",
        b"(S'touch THE_CODE_RAN'\niposix\nsystem\n", b"(cposix\nsystem\n" + command + b"o",
        b"csubprocess\nPopen\n(" + text("touch") + b"l\x81", b"cposix\nsystem\n" + command + b"\x85Q", b"Pposix\n",
        b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n)R", b"ctorch\nFloatStorage\n",
        b"cnumpy.core.multiarray\nscalar\n)R", b"}b", b"(", b")", b"]", b"}", b"0", b"2", b"a", b"e", b"s", b"u", b"t", b"\x85",
        b"\x86", b"\x87", b"N", b"\x88", b"R", b"\x81", b"b", b".", b"Q", b"\x94", b"h\x00", b"j\xff\xff\xff\xff",
        b"r\xff\xff\xff\xff", b"p99999999999999999999\n", b"1", b"\x90", b"\x91", b"\x8f", b"\x82\x01", b"\x97",
    ]


def instructions_of(pickled):
    """The pickle cut into its instructions."""
    places = [place for _, _, place in pickletools.genops(pickled)] + [len(pickled)]
    return [pickled[a:b] for a, b in zip(places, places[1:])]


def mutated_pickle(random, pickled):
    parts = instructions_of(pickled)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        at, size = int(random.integers(len(parts))), int(random.integers(1, 6))
        kind = random.integers(7)
        if kind == 0:
            del parts[at:at + size]
        elif kind == 1:
            parts[at:at] = parts[at:at + size] * int(random.integers(1, 4))
        elif kind == 2:
            other = int(random.integers(len(parts)))
            parts[at], parts[other] = parts[other], parts[at]
        elif kind == 3:
            parts.insert(at, attacks()[random.integers(len(attacks()))])
        elif kind == 4:
            numeric = [place for place, part in enumerate(parts) if part[:1] in (b"K", b"M", b"J", b"\x8a")]
            if numeric:
                parts[numeric[random.integers(len(numeric))]] = number(NUMBERS[random.integers(len(NUMBERS))])
        elif kind == 5:
            texts = [place for place, part in enumerate(parts) if part[:1] == b"X"]
            words = ["", "0", "weight", "a.weight", "a/b.weight", ".", "..", "\0", "a\n", "é.weight", "\ud800.weight", "x" * 70_000,
                     "state_dict", "weight_orig", "1.weight_mask", "storage", "cpu"]
            words += [parts[place][5:].decode(errors="replace") for place in texts[:20]]
            if texts:
                parts[texts[random.integers(len(texts))]] = text(words[random.integers(len(words))])
        else:
            names = [place for place, part in enumerate(parts) if part[:1] == b"c"]
            kinds = [b"HalfStorage", b"BFloat16Storage", b"DoubleStorage", b"BoolStorage", b"LongStorage", b"CharStorage",
                     b"ComplexFloatStorage", b"FloatTensor", b"Size", b"load"]
            if names:
                parts[names[random.integers(len(names))]] = b"ctorch\n" + kinds[random.integers(len(kinds))] + b"\n"
        parts = parts or [b"."]
    return b"".join(parts)


def mutated_bytes(random, content):
    content = bytearray(content)
    for _ in range(int(random.choice([1, 1, 2, 3, 8]))):
        if not content:
            break
        at, size = int(random.integers(len(content))), int(random.integers(1, 40))
        kind = random.integers(6)
        if kind == 0:
            content[at] ^= 1 << int(random.integers(8))
        elif kind == 1:
            content[at] = int(random.integers(256))
        elif kind == 2:
            del content[at:]
        elif kind == 3:
            del content[at:at + size]
        elif kind == 4:
            content[at:at] = content[at:at + size]
        else:
            content[at:at + 8] = struct.pack("<Q", int(random.choice([0, 1, 2**31, 2**63 - 1, 2**63])))
    return bytes(content)


def mutated_zip(random, content):
    """Its pickle or the numbers beside it changed, and packed again."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    kind = random.integers(8)
    names = list(members)
    name = next(name for name in names if name.endswith("data.pkl")) if kind < 6 else names[random.integers(len(names))]
    if kind < 6:
        members[name] = mutated_pickle(random, members[name])
    elif kind == 6:
        members[name] = mutated_bytes(random, members[name])
    elif random.random() < 0.3:
        del members[name]
    else:  # zeros, NaN, denormal numbers, ...
        words = np.frombuffer(members[name][:len(members[name]) // 4 * 4], "<u4").copy()
        words[random.random(words.size) < 0.5] = random.choice([0, 0x80000000, 0x7FC00000, 0x7F800000, 1, 0x01010101])
        members[name] = words.tobytes() + members[name][words.size * 4:]
    file = io.BytesIO()
    packed = zipfile.ZIP_DEFLATED if random.random() < 0.03 else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", packed) as archive:
        for name, values in members.items():
            archive.writestr(name, values)
    return file.getvalue()


def mutated_legacy(random, content):
    """Its fourth pickle changed, which is what was saved."""
    file, places = io.BytesIO(content), []
    for _ in range(4):
        places.append(file.tell())
        for _ in pickletools.genops(file):
            pass
    return content[:places[3]] + mutated_pickle(random, content[places[3]:file.tell()]) + content[file.tell():]


def case_of(seed, files):
    random = np.random.default_rng([11, seed])
    content = files[random.integers(len(files))]
    if random.random() < 0.3:
        return mutated_bytes(random, content)
    return (mutated_zip if content.startswith(b"PK") else mutated_legacy)(random, content)


# ---------------------------------------------------------------------------------------------------- importing


def watch(folder):
    """Breaks off what runs code, starts processes (but ltlab, which knows networks) or writes outside the folder."""
    def hook(event, arguments):
        is_ltlab = event in ("subprocess.Popen", "os.posix_spawn") and arguments[0] == os.environ.get("LTLAB")
        if event.startswith(FORBIDDEN) and not is_ltlab:
            raise Broken(f"{event} {str(arguments)[:200]}")
        if event == "exec" and arguments[0].co_filename == "<string>":  # modules that are imported have files
            raise Broken(f"exec {arguments[0]}")
        if event == "open" and isinstance(arguments[0], str) and set(str(arguments[1])) & set("wax+"):
            if not os.path.abspath(arguments[0]).startswith(str(folder)):
                raise Broken(f"writes {arguments[0]}")

    sys.addaudithook(hook)


def late(*_):
    raise Broken(f"takes more than {SECONDS} s")


def outcome_of(path, folder, good, seed):
    """(what became of the import of a file, the message)."""
    remove_run(folder)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        document = ltlab_io.load_state_dict(path)
        if seed > 0 and seed % 10 == 0:  # as the weights that training began with
            ltlab_io.import_pytorch(good, folder, document)
        else:
            ltlab_io.import_pytorch(document, folder)
    except ltlab_io.RunError as error:
        message = str(error)
        if "\n" in message or len(message) > 1000:
            return "broken", f"no sentence: {message[:1000]!r}"
        return ("left a folder", message) if (folder / "run.h5").exists() else ("sentence", message)
    except BaseException:
        return "broken", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "run", ""


def remove_run(folder):
    """What an import leaves, without shutil, which is watched."""
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def run_batch(seeds, cases, folder, pipe):
    """Writes a line of JSON before and after each case."""
    folder, path = Path(folder).resolve(), Path(folder).resolve() / "case.pt"
    good = ltlab_io.load_state_dict(sorted(SEEDS.glob("*.pt"))[0])
    ltlab_io.import_pytorch(good, folder / "first", good)  # which imports what else is needed
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 2**20, MEGABYTES * 2**20))
    signal.signal(signal.SIGALRM, late)
    watch(folder)
    for seed, content in zip(seeds, cases):
        pipe.write(json.dumps({"begun": seed}) + "\n")
        pipe.flush()
        path.write_bytes(content)
        begin = time.monotonic()
        outcome, message = outcome_of(path, folder / f"run-{seed}", good, seed)
        told = {"seed": seed, "outcome": outcome, "message": message, "seconds": time.monotonic() - begin,
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        pipe.write(json.dumps(told) + "\n")
        if (folder / "THE_CODE_RAN").exists():
            pipe.write(json.dumps(told | {"outcome": "broken", "message": "its code ran"}) + "\n")


def outcomes(seeds, cases, folder):
    """The outcome of each case, tried in a process of its own, which may die of one."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(read)
        os.chdir(folder)
        with open(write, "w") as pipe:
            run_batch(seeds, cases, folder, pipe)
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        told = [json.loads(line) for line in pipe]
    status = os.waitpid(process, 0)[1]
    found = [line for line in told if "seed" in line]
    if status != 0 or len({line["seed"] for line in found}) < len(seeds):
        last = [line["begun"] for line in told if "begun" in line][-1]
        found.append({"seed": last, "outcome": "broken", "message": f"the process ended by {status}", "seconds": 0,
                      "megabytes": 0})
    return found


def write_seeds():
    """Files of each kind, by PyTorch."""
    import torch
    from torch import nn
    from torch.nn.utils import prune

    torch.manual_seed(0)
    chain = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    adam = torch.optim.Adam(chain.parameters())
    chain(torch.randn(2, 6)).sum().backward()
    adam.step()
    convolutions = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    pruned = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    for layer in pruned:
        prune.random_unstructured(layer, "weight", 0.5)
    state = chain.state_dict()
    documents = {
        "a-chain": state, "checkpoint": {"epoch": 1, "state_dict": state, "optimizer": adam.state_dict(), "best": np.float64(1)},
        "convolutions": convolutions.state_dict(), "pruned": pruned.state_dict(),
        "sorted": {key: state[key] for key in sorted(state)}, "module": {f"module.{key}": v for key, v in state.items()},
        "half": {key: values.half() for key, values in state.items()}, "parameters": dict(chain.named_parameters()),
        "bfloat16": {key: values.bfloat16() for key, values in state.items()}, "mask": {"0.weight": torch.ones(5, 6).int()},
    }
    SEEDS.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        for legacy in (False, True):
            torch.save(document, SEEDS / f"{name}{'-legacy' * legacy}.pt", _use_new_zipfile_serialization=not legacy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ltlab", nargs="?", help="the program, which then verifies the runs that imports wrote")
    parser.add_argument("--cases", type=int, default=1000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first, the others follow (%(default)s)")
    parser.add_argument("--verify", type=int, default=20, help="runs that are verified, at most (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="write what goes wrong to found/state_dicts/")
    parser.add_argument("--summary", type=Path, metavar="FILE.json", help="also write the figures there")
    parser.add_argument("--write-seeds", action="store_true", help="make the files anew that are mutated")
    arguments = parser.parse_args()
    if arguments.write_seeds:
        write_seeds()
    if arguments.ltlab:
        os.environ["LTLAB"] = os.path.abspath(arguments.ltlab)
    begin = time.monotonic()
    files = [path.read_bytes() for path in sorted(SEEDS.glob("*.pt"))]
    known = [path.read_bytes() for path in sorted(FOUND.glob("*.pt"))]
    drawn = [(-1 - place, content) for place, content in enumerate([*files, *known])]
    results, broken, unverified = [], [], 0
    seeds = range(arguments.seed, arguments.seed + arguments.cases)
    for first in range(0, len(seeds) or 1, BATCH):
        drawn += [(seed, case_of(seed, files)) for seed in seeds[first:first + BATCH]]
        with tempfile.TemporaryDirectory() as folder:
            found = outcomes([seed for seed, _ in drawn], [content for _, content in drawn], folder)
            for result in [result for result in found if result["outcome"] == "run" and arguments.ltlab]:
                if sum(result["outcome"] == "run" for result in results) + unverified < arguments.verify:
                    unverified += 1
                    told = subprocess.run([arguments.ltlab, "verify", f"{folder}/run-{result['seed']}"], capture_output=True,
                                          text=True)
                    if told.returncode:
                        result |= {"outcome": "broken", "message": told.stdout + told.stderr}
        broken += [(result, dict(drawn)[result["seed"]]) for result in found if result["outcome"] not in ("run", "sentence")]
        results += found
        drawn = []
    for result, content in broken[:20]:
        print(f"case {result['seed']}: {result['outcome']}: {result['message']}", file=sys.stderr)
        if arguments.keep and content not in known:
            FOUND.mkdir(parents=True, exist_ok=True)
            (FOUND / f"case-{result['seed']}.pt").write_bytes(content)
    counts = Counter(result["outcome"] for result in results)
    figures = {"cases": len(seeds), "files mutated": len(files), "kept cases": len(known), "runs": counts["run"],
               "sentences": counts["sentence"], "broken": len(broken), "runs verified": unverified,
               "slowest seconds": round(max(result["seconds"] for result in results), 2),
               "most megabytes": round(max(result["megabytes"] for result in results)),
               "seconds": round(time.monotonic() - begin, 1)}
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    if arguments.summary:
        arguments.summary.write_text(json.dumps(figures, indent=1) + "\n")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
