#!/usr/bin/env python3
"""Makes each call of the system, of memory and of HDF5 fail in turn while a miniature search runs, and checks what
comes of it: the status and the words, what `ltlab verify` says, and that `--resume` ends with the same bits as an
undisturbed search.

    tests/faults/faults.py build/release/bin/ltlab build/release/tests/faults/libltlab_faults.so --all --summary faults.json
"""

import argparse
import concurrent.futures
import errno
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

KINDS = ("open", "look", "read", "write", "sync", "close", "rename", "remove", "make", "lock", "thread", "memory",
         "hdf5")

# How calls of a kind fail: (once, ever, a part or nothing of it done; the error).
WAYS = {
    "open": [("once", "EMFILE"), ("once", "EIO"), ("once", "EACCES"), ("ever", "EMFILE"), ("once", "ESTALE")],
    "look": [("once", "EIO"), ("ever", "EACCES")],
    "read": [("once", "EIO"), ("ever", "EIO"), ("short", "EIO"), ("once", "ESTALE")],
    "write": [("once", "ENOSPC"), ("ever", "ENOSPC"), ("once", "EIO"), ("short", "EIO"), ("nothing", "EIO")],
    "sync": [("once", "EIO"), ("ever", "EIO")],
    "close": [("once", "EIO"), ("ever", "EIO")],
    "rename": [("once", "EIO"), ("ever", "ENOSPC")],
    "remove": [("once", "EIO"), ("ever", "EACCES")],
    "make": [("once", "ENOSPC"), ("ever", "EACCES")],
    "lock": [("once", "EIO"), ("ever", "EIO")],
    "thread": [("once", "EAGAIN"), ("ever", "EAGAIN")],
    "memory": [("once", "ENOMEM"), ("ever", "ENOMEM")],
    "hdf5": [("once", None), ("ever", None)],
}

# Of the system's faults nobody shall hear that a file is damaged, or be told to throw one away.
FORBIDDEN = ("delete", "damaged", "diverged", "anew", "move it away", "--force", "terminate called")

SEARCH = ("search --data embedded --embedded-train 160 --embedded-test 40 --validation 40 --model mlp:784-5-10 --steps 12 "
          "--batch 10 --validate-every 6 --levels 2 --rate 0.5 --rewind 2 --control random-reinit --kernel sparse --workers 1 "
          "--resume").split()
TIMEOUT = 120

# Faults that once were not survived, by scenario and kind: (call, how, error). They are always tried.
KEPT = {
    # Whoever may look at no folder looked for one that exists for ever.
    ("search", "look"): [(call, "ever", "EACCES") for call in range(1, 9)],
    # The first allocations of main() were outside what catches their failure.
    ("verify", "memory"): [(call, how, "ENOMEM") for call in range(1, 5) for how in ("once", "ever")],
}


def contents(folder):
    """Every dataset of every file below, as bytes; wall-clock columns left out, and the checkpoint of a level that is
    stored, which is of no use any more where the system refuses to remove it."""
    import h5py
    import numpy

    result = {}
    for path in sorted(folder.rglob("*.h5")):
        if path.name.endswith(".partial.h5") and path.with_name(path.name.replace(".partial", "")).exists():
            continue
        with h5py.File(path) as file:
            def visit(name, item):
                if not isinstance(item, h5py.Dataset):
                    return
                value = item[()]
                if name == "metrics":
                    value = numpy.stack([value[n].astype("f8") for n in value.dtype.names if n != "wall_seconds"])
                result[f"{path.relative_to(folder)}/{name}"] = value.tobytes()
            file.visititems(visit)
            result[f"{path.relative_to(folder)} links"] = sorted(
                name for name in file if isinstance(file.get(name, getlink=True), h5py.ExternalLink))
    return result


class Laboratory:
    def __init__(self, ltlab, layer, folder):
        self.ltlab, self.layer, self.folder = ltlab, layer, folder

    def run(self, arguments, fault=None, counts=None, sites=None, depth=0):
        environment = dict(os.environ)
        if fault or counts:
            environment.update(LD_PRELOAD=self.layer, LTLAB_FAULT=fault or "memory:0:once", LTLAB_FAULT_COUNTS=str(counts))
        if sites:
            environment.update(LTLAB_FAULT_SITES=str(sites), LTLAB_FAULT_DEPTH=str(depth))
        return subprocess.run([self.ltlab, *map(str, arguments)], capture_output=True, text=True, env=environment,
                              timeout=TIMEOUT)

    def expect(self, arguments):
        done = self.run(arguments)
        if done.returncode != 0:
            sys.exit(f"without any fault, ltlab {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
        return done


class Searching:
    """A search from the beginning."""
    name = "search"

    def __init__(self, laboratory):
        self.laboratory = laboratory
        self.whole = laboratory.folder / f"{self.name}-whole"
        laboratory.expect(self.command(self.whole))
        self.expected = contents(self.whole)

    def prepare(self, out):
        pass

    def command(self, out):
        return [*self.arguments(), "--out", out]

    def arguments(self):
        return SEARCH

    def tells(self, done):
        """Whether it says that something went wrong."""
        return "ltlab: " in done.stderr

    def misleads(self, done, out):
        """Whether one that ended well says something else than it would undisturbed."""
        return False

    def changed(self, out):
        """What differs from the undisturbed search once all is done."""
        found = contents(out)
        return [name for name in sorted(self.expected.keys() | found.keys()) if self.expected.get(name) != found.get(name)]


class GoingOn(Searching):
    """A search that was interrupted within a level, and whose run.h5 has lost its links."""
    name = "resume"

    def __init__(self, laboratory):
        super().__init__(laboratory)
        self.begun = laboratory.folder / "begun"
        process = subprocess.Popen([laboratory.ltlab, *map(str, self.command(self.begun))], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while not (self.begun / "random-reinit-0").exists() and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        process.wait()
        if not list(self.begun.rglob("*.partial.h5")):
            sys.exit("the search that was to be interrupted left no checkpoint")
        import h5py
        with h5py.File(self.begun / "run.h5", "r+") as file:
            for link in [name for name in file if isinstance(file.get(name, getlink=True), h5py.ExternalLink)]:
                del file[link]

    def arguments(self):
        longer = list(SEARCH)
        longer[longer.index("--steps") + 1] = "6000"
        longer[longer.index("--validate-every") + 1] = "3000"
        return longer

    def prepare(self, out):
        shutil.copytree(self.begun, out)


class Convolving(Searching):
    """A search with convolutions by oneDNN."""
    name = "dense"

    def arguments(self):
        changed = list(SEARCH)
        changed[changed.index("--kernel") + 1] = "dense"
        changed[changed.index("--model") + 1] = "conv 4 5x5 stride 2; batch-norm relu; max-pool 2x2; linear classes"
        changed[changed.index("--levels") + 1] = "1"
        return changed


class Verifying(Searching):
    """`ltlab verify` of a finished search."""
    name = "verify"

    def __init__(self, laboratory):
        super().__init__(laboratory)
        self.words = self.words_of(laboratory.expect(["verify", self.whole]), self.whole)

    def words_of(self, done, out):
        return done.stdout.replace(str(out), "RUN")

    def tells(self, done):
        return "FAULT" in done.stdout or super().tells(done)

    def misleads(self, done, out):
        return self.words_of(done, out) != self.words

    def prepare(self, out):
        shutil.copytree(self.whole, out)

    def command(self, out):
        return ["verify", out] if out != self.whole else super().command(out)


SCENARIOS = (Searching, GoingOn, Convolving, Verifying)


class Tries:
    """All faults of one kind, one after the other, in one scenario."""

    def __init__(self, scenario, kind, folder):
        self.scenario, self.kind, self.folder = scenario, kind, folder
        self.tries = self.met = self.told = 0
        self.failures = []
        self.numbers = self.distinct_calls()

    def distinct_calls(self):
        """Of each place that such calls come from (the innermost functions), the first call's number."""
        sites, counts, out = self.folder / "sites", self.folder / "counts", self.folder / "counted"
        self.scenario.prepare(out)
        depth = 3 if self.kind in ("memory", "hdf5") else 16
        self.scenario.laboratory.run(self.scenario.command(out), f"{self.kind}:0:once", counts, sites, depth)
        hashes = struct.unpack(f"{sites.stat().st_size // 8}Q", sites.read_bytes())
        shutil.rmtree(out)
        first = {}
        for number, place in enumerate(hashes, 1):
            first.setdefault(place, number)
        self.calls = len(hashes)
        return sorted(first.values())

    def faults(self):
        return [(number, how, error) for how, error in WAYS[self.kind] for number in self.numbers]

    def attempt(self, fault):
        number, how, error = fault
        code = getattr(errno, error) if error else 0
        name = f"{self.scenario.name}-{self.kind}-{number}-{how}-{error}"
        out, counts = self.folder / name / "run", self.folder / name / "counts"
        out.parent.mkdir()
        try:
            self.scenario.prepare(out)
            words = f"{self.kind}:{number}:{how}:{code}"
            try:
                done = self.scenario.laboratory.run(self.scenario.command(out), words, counts)
                told = counts.read_bytes()
                failed = struct.unpack_from("Q", told, 8 * len(KINDS))[0]
                function = told[8 * len(KINDS) + 8:].split(b"\0")[0].decode()
                complaint = self.judge(done, out) if failed else None
            except subprocess.TimeoutExpired:
                failed, function, complaint, done = 1, "", "does not end", None
            return {"fault": f"{name} ({function})", "met": failed > 0, "told": done is not None and done.returncode != 0,
                    "complaint": complaint, "stderr": done.stderr[-400:] if done else ""}
        finally:
            shutil.rmtree(out.parent)

    def judge(self, done, out):
        """What is wrong after a fault; None where nothing is."""
        laboratory = self.scenario.laboratory
        if done.returncode not in (0, 5):
            return f"status {done.returncode}"
        if done.returncode == 5 and not self.scenario.tells(done):
            return "ends without a word"
        if done.returncode == 0 and self.scenario.misleads(done, out):
            return f"status 0, but says: {done.stdout[-300:]}"
        text = done.stderr if done.returncode else ""
        for word in FORBIDDEN:
            if word in text or (self.scenario.name == "verify" and word in done.stdout):
                return f"says '{word}'"
        if done.returncode == 0 and (changed := self.scenario.changed(out)):
            return f"status 0, but not all is right: {changed[:3]}"
        if (out / "run.h5").exists():
            verified = laboratory.run(["verify", out])
            if verified.returncode != 0:
                return f"verify: {verified.stdout[-300:]}{verified.stderr[-300:]}"
        if done.returncode == 0:
            return None
        resumed = laboratory.run(Searching.command(self.scenario, out))
        if resumed.returncode != 0:
            return f"--resume ends with status {resumed.returncode}: {resumed.stderr[-300:]}"
        if changed := self.scenario.changed(out):
            return f"after --resume these differ: {changed[:3]}"
        if self.kind != "remove" and (left := list(out.rglob("*.tmp"))):
            return f"left behind: {left[0].name}"
        return None

    def count(self, result):
        self.tries += 1
        self.met += result["met"]
        self.told += result["met"] and result["told"]
        if result["complaint"]:
            self.failures.append({key: result[key] for key in ("fault", "complaint", "stderr")})

    def summary(self):
        return {"scenario": self.scenario.name, "kind": self.kind, "calls": self.calls, "places": len(self.numbers),
                "tries": self.tries, "met": self.met, "told": self.told, "failed": len(self.failures),
                "failures": self.failures}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ltlab")
    parser.add_argument("layer", help="the library that makes calls fail")
    parser.add_argument("--all", action="store_true", help="a fault at each place that calls come from, in each way")
    parser.add_argument("--sample", type=int, default=3, help="otherwise so many of each scenario and kind (3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--scenarios", default=",".join(scenario.name for scenario in SCENARIOS))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--summary", help="a file for the figures, as JSON")
    return parser.parse_args()


def main():
    options = parse()
    chosen = random.Random(options.seed)
    summaries = []
    with tempfile.TemporaryDirectory(prefix="ltlab-faults-") as name, \
            concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        folder = pathlib.Path(name)
        laboratory = Laboratory(os.path.abspath(options.ltlab), os.path.abspath(options.layer), folder)
        for scenario in (scenario(laboratory) for scenario in SCENARIOS if scenario.name in options.scenarios.split(",")):
            for kind in options.kinds.split(","):
                tries = Tries(scenario, kind, folder)
                faults = tries.faults()
                if not options.all:
                    faults = chosen.sample(faults, min(options.sample, len(faults)))
                    faults += [fault for fault in KEPT.get((scenario.name, kind), []) if fault not in faults]
                for result in pool.map(tries.attempt, faults):
                    tries.count(result)
                    if result["complaint"]:
                        print(f"FAILED {result['fault']}: {result['complaint']}\n    {result['stderr'].strip()}", flush=True)
                summaries.append(tries.summary())
                print("{scenario:8} {kind:8} {calls:7} calls of {places:5} places: {tries:5} tries, {met:5} faults met, "
                      "{told:5} told, {failed:4} failed".format(**summaries[-1]), flush=True)
    if options.summary:
        pathlib.Path(options.summary).write_text(json.dumps(summaries, indent=1) + "\n")
    total = {key: sum(summary[key] for summary in summaries) for key in ("tries", "met", "told", "failed")}
    print("{tries} tries, {met} faults met, {told} told, {failed} failed".format(**total))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
