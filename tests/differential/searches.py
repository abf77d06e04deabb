#!/usr/bin/env python3
"""Draws small searches at random, and compares ways to run each that must give the same bits.

    searches.py LTLAB [--seed N] [--count N | --seconds S] [--summary FILE.json]

Each is run whole by one worker; by several; stopped and killed at random moments and resumed; and, where levels follow
each other, first with fewer of them. Masks, weights, optimizers' states, metrics and attributes must be the same, but for
times. `ltlab verify` must find nothing, and the learning rates that the metrics tell must be those of the formulas here.
Search N is the same whenever it is drawn: `--seed N --count 1` runs it again. What failed once is kept in KEPT.
"""

import argparse
import json
import math
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

MODELS = ["mlp:784-12-10", "mlp:784-16-8-10", "linear 14 relu; dropout 0.3; linear classes",
          "linear 12; batch-norm relu; linear 8 relu; linear classes",
          "conv 3 5x5 stride 3 relu; max-pool 2x2; linear classes",
          "conv 4 stride 4; batch-norm relu; conv 6 stride 2 relu; dropout 0.2; global-average-pool; linear classes",
          "conv 4 stride 4; batch-norm relu; residual; conv 4; batch-norm relu; conv 4; batch-norm; end relu; "
          "average-pool 7x7; linear classes"]
LAYERS = {0: ["fc1"], 1: ["fc1", "fc2"], 2: ["fc1"], 3: ["fc1", "fc2"], 4: ["conv1"], 5: ["conv1", "conv2"], 6: ["conv1", "conv3"]}
WEIGHT_SCORES = ["small-final", "large-init", "magnitude-increase", "large-final-same-sign", "movement", "random"]
VOLATILE = {"wall_seconds", "started_utc", "finished_utc", "content_sha256", "data_directory"}

# Searches that once came out wrong.
KEPT = [
    # Resumed, it told fewer FLOPs: the checkpoint forgot what its scores had cost.
    {"steps": 40, "retrain": "fine-tune", "levels": 3,
     "options": {"data": "embedded", "embedded-train": "202", "embedded-test": "50", "validation": "24", "data-seed": "3",
                 "batch": "9", "model": "mlp:784-12-10", "seed": "840", "steps": "2ep", "validate-every": "2ep",
                 "optimizer": "adamw", "learning-rate": "0.001", "weight-decay": "0.01", "schedule": "step",
                 "milestones": "16", "decay-factor": "0.1", "init": "kaiming-normal", "scope": "global", "rate": "0.2",
                 "levels": "3", "layer-rate": "fc1=0", "score": "fisher", "score-images": "16", "retrain": "fine-tune",
                 "kernel": "dense"}},
    # Level 1 was never pruned: pressed into 22 steps, its changes began and ended at the same one.
    {"steps": 50, "retrain": "weights", "levels": 2,
     "options": {"data": "embedded", "embedded-train": "160", "embedded-test": "23", "validation": "39", "data-seed": "3",
                 "batch": "27", "model": "mlp:784-12-10", "seed": "151", "steps": "50", "validate-every": "2ep",
                 "optimizer": "sgd", "learning-rate": "0.01", "schedule": "cosine", "prune": "early-bird",
                 "scope": "uniform", "rate": "0.5", "levels": "2", "prune-begin": "16", "prune-end": "17",
                 "prune-every": "10", "mask-distance": "1", "level-steps": "22,8ep", "kernel": "dense",
                 "control": "global-random-mask,sign-only"}},
]


class Failure(Exception):
    pass


# Drawing

class Draw:
    """A search's arguments, by option."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.options = {}
        self.data()
        self.training()
        self.pruning()
        self.comparison()

    def chance(self, probability):
        return self.random.random() < probability

    def choose(self, *values):
        return self.random.choice(values)

    def set(self, option, value):
        self.options[option] = str(value)

    def steps_or_epochs(self, steps):
        """About as many steps, some of them told in epochs."""
        epochs = round(steps / self.epoch)
        return f"{epochs}ep" if epochs > 0 and self.chance(0.2) else str(steps)

    def in_steps(self, text):
        return int(text[:-2]) * self.epoch if text.endswith("ep") else int(text)

    def data(self):
        pick = self.random.randint
        self.set("data", "embedded")
        self.set("embedded-train", pick(120, 260))
        self.set("embedded-test", pick(20, 50))
        self.set("validation", pick(20, 50))
        self.set("data-seed", pick(0, 3))
        self.set("batch", pick(6, 40))
        self.images = int(self.options["embedded-train"]) - int(self.options["validation"])
        self.epoch = -(-self.images // int(self.options["batch"]))
        self.model = pick(0, len(MODELS) - 1)
        self.set("model", MODELS[self.model])
        self.set("seed", pick(0, 1000))

    def training(self):
        pick = self.random.randint
        self.set("steps", self.steps_or_epochs(pick(15, 60)))
        self.steps = self.in_steps(self.options["steps"])
        self.set("validate-every", self.steps_or_epochs(pick(3, self.steps)))
        optimizer = self.choose("sgd", "adam", "adamw")
        self.set("optimizer", optimizer)
        self.set("learning-rate", self.choose(0.001, 0.01, 0.05) if optimizer == "sgd" else self.choose(0.001, 0.005))
        if optimizer == "sgd" and self.chance(0.7):
            self.set("momentum", self.choose(0.5, 0.9))
            if self.chance(0.4):
                self.set("nesterov", "true")
        if self.chance(0.4):
            self.set("weight-decay", self.choose(1e-4, 1e-2))
        schedule = self.choose("constant", "step", "cosine")
        self.set("schedule", schedule)
        if schedule == "step":
            self.set("milestones", ",".join(map(str, sorted(pick(1, self.steps) for _ in range(pick(1, 3))))))
            self.set("decay-factor", self.choose(0.1, 0.5))
        if self.chance(0.4):
            self.set("warmup", pick(1, self.steps - 1))
        if self.chance(0.2):
            self.set("init", self.choose("kaiming-normal", "glorot-uniform"))
        if self.chance(0.25):
            self.set("augment", "crop-flip")
        if self.chance(0.2):
            self.set("pretrain", self.steps_or_epochs(pick(3, 30)))
            if self.chance(0.5):
                self.set("pretrain-labels", "random")

    def pruning(self):
        pick = self.random.randint
        self.time = self.choose("after-training", "after-training", "one-shot", "before-training", "during-training",
                                "early-bird", "set", "rigl")
        self.set("prune", self.time)
        self.moves = self.time in ("during-training", "early-bird", "set", "rigl")
        sparse = self.time in ("set", "rigl")
        self.scope = self.choose("layerwise", "uniform", "erk", *(() if sparse else ("global", "global")))
        self.set("scope", self.scope)
        self.levels = pick(1, 3)
        self.pattern = not sparse and self.time != "during-training" and self.chance(0.1)
        if self.pattern:
            self.set("granularity", self.choose("2:4", "1:3"))
            del self.options["scope"]
        elif self.chance(0.3):
            self.set("densities", ",".join(map(str, sorted((round(self.random.uniform(0.05, 0.9), 3) for _ in range(self.levels)), reverse=True))))
        else:
            self.set("rate", self.choose(0.2, 0.5, 0.8))
            self.set("levels", self.levels)
        if not sparse and not self.pattern and self.chance(0.3):
            self.set("granularity", self.choose("neuron", "input", "4x4", "2x8"))
        if self.chance(0.2):
            layer = self.random.choice(LAYERS[self.model])
            rates = "rate" in self.options and self.scope in ("layerwise", "global")
            self.set("layer-rate", f"{layer}={self.choose(0, 0.3) if rates else 0}")
        if not self.pattern and self.chance(0.2):
            self.set("min-survivors", pick(1, 12))
        if self.moves:
            self.changes(sparse)
        else:
            self.set("rewind", self.steps_or_epochs(pick(0, self.steps - 1)) if self.chance(0.5) else 0)
        if not sparse:
            self.scores()
        self.retraining()

    def changes(self, sparse):
        pick = self.random.randint
        begin = pick(0, self.steps - 2)
        if self.chance(0.5):
            self.set("prune-begin", begin)
            self.set("prune-end", pick(begin + 1, self.steps))
        self.set("prune-every", pick(1, 12))
        if self.time == "during-training":
            self.set("gradual", self.choose("cubic", "linear"))
        if self.time == "early-bird":
            self.set("mask-distance", self.choose(0.05, 0.3, 1))
            self.set("settling", self.choose("queue", "consecutive"))
        if sparse:
            self.set("drop-fraction", self.choose(0.1, 0.3, 0.6))
        if self.time == "set":
            self.set("set-drops", self.choose("by-sign", "magnitude"))

    def scores(self):
        if self.chance(0.5):
            return
        self.set("score", self.choose(*WEIGHT_SCORES, "snip", "grasp", "synflow", "taylor", "fisher"))
        if self.options["score"] == "large-final-same-sign":
            self.set("wrong-sign", self.choose("zero", "negative"))
        if self.options["score"] in ("snip", "grasp", "taylor", "fisher"):
            self.set("score-images", self.random.randint(5, 40))

    def retraining(self):
        pick = self.random.randint
        retrain = "weights"
        if self.time in ("after-training", "one-shot") and self.chance(0.4):
            retrain = self.choose("learning-rate", "none", *(() if self.options["schedule"] == "cosine" else ("fine-tune",)))
            self.set("retrain", retrain)
            if retrain == "none":
                self.set("rewind", 0)
        self.retrain = retrain
        if self.chance(0.2):
            self.set("retrain-order", "original")
        if retrain == "none":
            return
        if self.chance(0.2) and self.time != "early-bird" and not (self.time == "during-training" and self.scope == "global"):
            self.set("budget", "flops")
        elif self.chance(0.2):
            least = self.in_steps(self.options.get("rewind", "0")) + 1
            self.set("level-steps", ",".join(self.steps_or_epochs(pick(max(least, 5), max(least, 5) + 40)) for _ in range(pick(1, 2))))

    def comparison(self):
        self.set("kernel", self.choose("dense", "sparse", "sparse", f"sparse,{self.random.choice(LAYERS[self.model])}=dense"))
        if self.chance(0.3):
            self.set("replicates", 2)
        for name in ("seed-split", "seed-init", "seed-order", "seed-mask"):
            if self.chance(0.15):
                self.set(name, self.random.randint(0, 3))
        if self.chance(0.15):
            self.set("predictions", "none")
        if self.retrain == "none" or self.chance(0.5):
            return
        controls = ["random-reinit"]
        if self.retrain == "weights":
            controls += ["random-mask", "global-random-mask", "shuffled-weights", "shuffled-magnitudes", "sign-only", "supermask"]
            if not self.moves:
                controls.append("inverted-mask")
        chosen = self.random.sample(controls, self.random.randint(1, min(2, len(controls))))
        self.set("control", ",".join(chosen))
        if any(control not in ("sign-only", "supermask", "inverted-mask") for control in chosen) and self.chance(0.2):
            self.set("trials", 2)


# Running

class Program:
    def __init__(self, path, folder):
        self.path, self.folder = os.path.abspath(path), pathlib.Path(folder)

    def command(self, options, out, workers, *flags):
        words = [word for option, value in options.items() for word in (f"--{option}", value)]
        return [self.path, "search", *words, "--out", str(self.folder / out), "--workers", str(workers), *flags]

    def run(self, *arguments):
        return subprocess.run(arguments, capture_output=True, text=True, timeout=600)

    def whole(self, options, out, workers, *flags):
        return self.run(*self.command(options, out, workers, *flags))

    def interrupted(self, options, out, workers, moments, seconds):
        """Stopped and killed several times in about as long as the whole takes, then resumed. How often of each."""
        counts = {"stopped": 0, "killed": 0}
        for _ in range(moments.randint(1, 5)):
            process = subprocess.Popen(self.command(options, out, workers, "--resume"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            kill = moments.random() < 0.5
            try:
                _, errors = process.communicate(timeout=moments.uniform(0.02, seconds))
                if process.returncode != 0:
                    raise Failure(f"resumed: status {process.returncode}, {errors}")
                return counts
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL if kill else signal.SIGINT)
                _, errors = process.communicate()
                counts["killed" if kill else "stopped"] += 1
                if process.returncode not in (0, 130, -signal.SIGKILL, -signal.SIGINT):
                    raise Failure(f"stopped: status {process.returncode}, {errors}") from None
        done = self.whole(options, out, workers, "--resume")
        if done.returncode != 0:
            raise Failure(f"resumed: status {done.returncode}, {done.stderr}")
        return counts


def same_attributes(item):
    return {name: value.tolist() if isinstance(value, np.generic) else value for name, value in item.attrs.items() if name not in VOLATILE}


def difference(ours, theirs):
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return "lacking" if ours is None or theirs is None else "other values"
    return "; ".join(f"{name}: {ours.get(name)}, {theirs.get(name)}" for name in sorted(ours.keys() | theirs.keys())
                     if repr(ours.get(name)) != repr(theirs.get(name)))


def contents(folder):
    """Every dataset and attribute of every file below, but for times and what made them."""
    found = {}
    for path in sorted(folder.rglob("*.h5")):
        with h5py.File(path) as file:
            place = str(path.relative_to(folder))
            found[place] = same_attributes(file)

            def visit(name, item):
                if name.startswith("provenance"):
                    return
                found[f"{place}/{name}"] = same_attributes(item)
                if not isinstance(item, h5py.Dataset):
                    return
                value = item[()]
                if name == "metrics":
                    value = np.stack([value[n].astype("f8") for n in value.dtype.names if n != "wall_seconds"])
                found[f"{place}/{name} values"] = value.tobytes()
            file.visititems(visit)
    return found


def require_same(whole, other, way):
    ours, theirs = contents(whole), contents(other)
    differing = [name for name in sorted(ours.keys() | theirs.keys()) if repr(ours.get(name)) != repr(theirs.get(name))]
    if differing:
        told = [f"{name} ({difference(ours.get(name), theirs.get(name))})" for name in differing[:5]]
        raise Failure(f"{way}: {len(differing)} of {len(ours)} differ: {', '.join(told)}")


# Learning rates

class Schedule:
    """As the documentation has it, from the options alone."""

    def __init__(self, draw):
        options = draw.options
        self.base, self.shape = float(options["learning-rate"]), options["schedule"]
        self.warmup = int(options.get("warmup", 0))
        self.milestones = [int(word) for word in options.get("milestones", "").split(",") if word]
        self.factor, self.steps = float(options.get("decay-factor", 0.1)), draw.steps

    def at(self, place, next_place, length):
        if place < self.warmup:
            return self.base * min(1, next_place / self.warmup)
        if self.shape == "step":
            return self.base * self.factor ** sum(milestone <= place for milestone in self.milestones)
        if self.shape == "cosine":
            passed = (place - self.warmup) / (max(length, self.warmup + 1) - self.warmup)
            return self.base / 2 * (1 + math.cos(math.pi * min(1, passed)))
        return self.base

    def drawn_out(self, step, first, last):
        """Of the update from `step` on, in a training from `first` to `last` that stands for one to the usual end."""
        place = [s if s <= first else first + (s - first) * (self.steps - first) / (last - first) for s in (step, step + 1)]
        return self.at(*place, self.steps)


def check_learning_rates(draw, folder):
    schedule, checked = Schedule(draw), 0
    for path in sorted(folder.rglob("level-*.h5")):
        with h5py.File(path) as file:
            first, last, level = (int(file.attrs[name]) for name in ("first_step", "steps", "level"))
            branch, rows = file.attrs["branch"].decode(), file["metrics"][:]
        for row in rows[rows["step"] > first]:
            step = int(row["step"]) - 1
            if branch == "pretraining":
                expected = schedule.at(step, step + 1, max(schedule.steps, last))
            elif branch == "ticket" and level > 0 and draw.retrain == "fine-tune":
                expected = schedule.at(schedule.steps - 1, schedule.steps, schedule.steps)
            else:
                expected = schedule.drawn_out(step, first, last)
            if not math.isclose(row["learning_rate"], expected, rel_tol=1e-9, abs_tol=1e-15):
                raise Failure(f"{path.relative_to(folder)}: learning rate {row['learning_rate']} at step {step}, not {expected}")
            checked += 1
    return checked


# Comparing

def compare(program, draw, moments, tally):
    """Runs a search in all ways. Whether there was anything to compare: what the program refuses, or finds to diverge,
    has no result."""
    options = draw.options
    begin = time.monotonic()
    done = program.whole(options, "whole", 1)
    seconds = time.monotonic() - begin
    if done.returncode in (2, 4):
        tally["refused" if done.returncode == 2 else "diverged"] += 1
        tally["words"].add(done.stderr.strip().splitlines()[-1][:120])
        return False
    if done.returncode != 0:
        raise Failure(f"whole: status {done.returncode}, {done.stderr}")
    folder = program.folder / "whole"
    verified = program.run(program.path, "verify", str(folder))
    if verified.returncode != 0:
        raise Failure(f"verify: {verified.stdout}{verified.stderr}")
    tally["learning rates"] += check_learning_rates(draw, folder)
    several = program.whole(options, "several", moments.randint(2, 4))
    if several.returncode != 0:
        raise Failure(f"several workers: status {several.returncode}, {several.stderr}")
    require_same(folder, program.folder / "several", "several workers")
    counts = program.interrupted(options, "stopped", moments.randint(1, 3), moments, seconds)
    require_same(folder, program.folder / "stopped", f"interrupted ({counts})")
    for name, count in counts.items():
        tally[name] += count
    if draw.levels > 1 and "levels" in options:
        program.whole(options | {"levels": "1"}, "further", 1)
        further = program.whole(options, "further", 2, "--resume")
        if further.returncode != 0:
            raise Failure(f"further levels: status {further.returncode}, {further.stderr}")
        require_same(folder, program.folder / "further", "further levels")
        tally["continued"] += 1
    return True


def reproduce(path, seed, draw, moments, tally, failures):
    with tempfile.TemporaryDirectory() as folder:
        try:
            tally["compared"] += compare(Program(path, folder), draw, moments, tally)
        except (Failure, subprocess.TimeoutExpired) as failure:
            words = " ".join(f"--{option} '{value}'" for option, value in draw.options.items())
            failures.append({"seed": seed, "failure": str(failure), "options": words})
            print(f"search {seed}: {failure}\n  ltlab search {words}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="LTLAB")
    parser.add_argument("--seed", type=int, default=0, help="of the first search (0)")
    parser.add_argument("--count", type=int, help="how many searches")
    parser.add_argument("--seconds", type=float, default=45, help="or for how long (45)")
    parser.add_argument("--summary", type=pathlib.Path, help="write figures there, as JSON")
    arguments = parser.parse_args()
    tally = {name: 0 for name in ("drawn", "compared", "refused", "diverged", "stopped", "killed", "continued", "learning rates")}
    tally["words"], failures, begin = set(), [], time.monotonic()
    for number, case in enumerate(KEPT):
        draw = Draw(0)
        draw.__dict__.update(case)
        reproduce(arguments.program, f"kept {number}", draw, random.Random(), tally, failures)
    seed = arguments.seed
    while seed - arguments.seed < arguments.count if arguments.count else time.monotonic() - begin < arguments.seconds:
        tally["drawn"] += 1
        reproduce(arguments.program, seed, Draw(seed), random.Random(f"moments {seed}"), tally, failures)
        seed += 1
    summary = {"program": "tests/differential/searches.py", "seeds": [arguments.seed, seed - 1],
               **tally, "words": sorted(tally["words"]), "failures": failures, "seconds": round(time.monotonic() - begin)}
    print(json.dumps(summary, indent=1))
    if arguments.summary:
        arguments.summary.write_text(json.dumps(summary, indent=1) + "\n")
    return 1 if failures or tally["compared"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
