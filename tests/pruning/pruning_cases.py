#!/usr/bin/python3
"""Draws prunings at random and holds ltlab's masks against what numpy and plain loops make of the same definitions.

Each case, named by its seed, has one to five layers with masks, weights at step 0 and now, and settings: score, scope,
granularity, rates or densities, layers' own rates, level. Among the weights are ties, zeros of both signs, denormal and
huge numbers; among the masks full ones, empty ones, and such as levels before leave. One case in ten moves a mask's
survivors, as dynamic sparse training does. `found/` keeps the cases that once differed.

--runs also draws whole searches of the program, of two steps a level, and makes the masks that they saved anew from the
weights that they saved.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import ltlab_io  # noqa: E402

SCORES = ("magnitude", "large-final", "small-final", "large-init", "small-init", "large-init-large-final",
          "small-init-small-final", "magnitude-increase", "large-final-same-sign", "large-final-diff-sign", "movement",
          "away-from-zero", "random")
SIGN_SCORES = ("large-final-same-sign", "large-final-diff-sign")
SCOPES = ("layerwise", "global", "uniform", "erk")
GRANULARITIES = ("weight", "weight", "weight", "neuron", "filter", "input", "channel", "4x4", "1x8", "3x5", "2:4", "1:4",
                 "3:7", "1:2")
FOUND = Path(__file__).parent / "found"


# ---------------------------------------------------------------------------------------------------- drawing


def draw_weights(random, shape):
    """Weights of one of several kinds, or of all of them in turn."""
    size = math.prod(shape)
    kinds = [
        lambda: random.normal(size=size),
        lambda: random.integers(-2, 3, size=size),  # ties, and zeros
        lambda: np.zeros(size),
        lambda: np.full(size, random.choice([1, -1, 0.5])),
        lambda: random.choice([0.0, -0.0, 1e-45, -1e-45, 1e-38, 3e38, -3e38, 1.0], size=size),
        lambda: random.normal(size=size) * 10.0 ** random.integers(-40, 38, size=size),
    ]
    kind = random.integers(len(kinds) + 4)
    if kind == len(kinds):
        values = np.choose(random.integers(len(kinds), size=size), [make() for make in kinds])
    else:
        values = kinds[kind if kind < len(kinds) else 0]()
    return np.clip(values, -3.4e38, 3.4e38).astype(np.float32).reshape(shape)


def draw_mask(random, shape):
    """Full, of some density, or with whole rows or columns empty."""
    kind = random.integers(6)
    if kind < 2:
        return np.ones(shape, np.uint8)
    keep = (random.random(shape) < random.choice([0, 0.02, 0.3, 0.7, 0.95])).astype(np.uint8)
    if kind == 4:
        keep[random.random(shape[0]) < 0.5] = 0
    if kind == 5:
        keep[:, random.random(shape[1]) < 0.5] = 0
    return keep


def draw_layers(random):
    shapes = []
    for _ in range(random.integers(1, 6)):
        outputs, inputs = (int(extent) for extent in random.integers(1, 14, size=2))
        if random.random() < 0.1:
            outputs = inputs = 1
        kernel = int(random.integers(1, 4))
        shapes.append((outputs, inputs) if random.random() < 0.6 else (outputs, inputs, kernel, kernel))
    if random.random() < 0.3:
        shapes = [shapes[0]] * len(shapes)  # equal layers, whose ties are between them
    layers = []
    for number, shape in enumerate(shapes):
        initial, keep = draw_weights(random, shape), draw_mask(random, shape)
        present = initial if random.random() < 0.1 else draw_weights(random, shape)
        name = f"{'conv' if len(shape) == 4 else 'fc'}{number + 1}"
        layers.append({"name": f"{name}.weight", "shape": shape, "keep": keep, "initial": initial, "present": present})
    return layers


def draw_case(seed):
    """The case as a document for JSON, with arrays."""
    random = np.random.default_rng([7, seed])
    layers = draw_layers(random)
    if random.random() < 0.1:
        survivors = int(layers[0]["keep"].sum())
        return {"layers": layers[:1], "count": int(random.integers(survivors + 1))}
    settings = {"model": "mlp:1-1", "scope": str(random.choice(SCOPES)), "score": str(random.choice(SCORES)),
                "granularity": str(random.choice(GRANULARITIES))}
    rates = [0.2, 0.5, 0.1, 0.9, 0.99, 0.05, 1 / 3]
    settings["rate"] = repr(float(random.choice(rates)))
    settings["output-rate"] = repr(float(random.choice([0.1, 0.25, 0, *rates])))
    if random.random() < 0.3:
        settings["convolution-rate"] = repr(float(random.choice([0, *rates])))
    if random.random() < 0.4:
        own = {layer["name"].split(".")[0]: float(random.choice([0, 0, *rates])) for layer in layers
               if random.random() < 0.4}
        if own:
            settings["layer-rate"] = ",".join(f"{name}={rate!r}" for name, rate in own.items())
    level = int(random.integers(1, 7))
    if random.random() < 0.3:
        drawn = random.random(6).round(3) * 0.998 + 0.001 if random.random() < 0.6 else np.arange(1, 16) / 16
        densities = np.unique(drawn)[::-1]  # sixteenths meet halves of weights
        level = int(random.integers(1, len(densities) + 1))
        settings["densities"] = ",".join(repr(float(density)) for density in densities)
    if random.random() < 0.3:
        settings["min-survivors"] = str(random.integers(1, 40))
    if settings["score"] in SIGN_SCORES and random.random() < 0.7:
        settings["wrong-sign"] = str(random.choice(["zero", "negative"]))
    config = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return {"config": config, "level": level, "seed": int(random.integers(2**32)), "layers": layers}


# ---------------------------------------------------------------------------------------------------- scores


def share_below(scores, survives):
    """Of each weight, the share of the survivors whose score is lower."""
    of_survivors = scores[survives]
    return np.array([np.count_nonzero(of_survivors < score) for score in scores]) / max(1, of_survivors.size)


def scores_of(score, layer, granularity, seed, wrong_sign):
    """One score a weight, row-major, in doubles."""
    before, now = (layer[key].astype(np.float64).ravel() for key in ("initial", "present"))
    survives = layer["keep"].ravel() == 1
    along = np.where(np.signbit(before), -now, now)
    same = np.sign(before) == np.sign(now)
    if score == "random":
        return random_scores(layer, granularity, seed)
    if wrong_sign == "zero" and score in SIGN_SCORES:
        scores = np.where(same == (score == "large-final-same-sign"), np.abs(now), 0)
        return np.where(scores == 0, 1e-290 * (random_scores(layer, granularity, seed) - 1), scores)
    return {
        "magnitude": lambda: np.abs(now), "large-final": lambda: np.abs(now), "small-final": lambda: -np.abs(now),
        "large-init": lambda: np.abs(before), "small-init": lambda: -np.abs(before),
        "large-init-large-final": lambda: np.minimum(share_below(np.abs(before), survives),
                                                     share_below(np.abs(now), survives)),
        "small-init-small-final": lambda: np.minimum(share_below(-np.abs(before), survives),
                                                     share_below(-np.abs(now), survives)),
        "magnitude-increase": lambda: np.abs(now) - np.abs(before),
        "large-final-same-sign": lambda: along, "large-final-diff-sign": lambda: -along,
        "movement": lambda: np.abs(now - before), "away-from-zero": lambda: now * now - before * before,
    }[score]()


def random_scores(layer, granularity, seed):
    """numpy's Philox, begun as ltlab names its streams: key (seed, FNV-1a of the purpose), the counter from 0."""
    purpose = 0xCBF29CE484222325
    for letter in f"score/{layer['name']}".encode():
        purpose = (purpose ^ letter) * 0x100000001B3 % 2**64
    stream = np.random.Philox(counter=2**256 - 1, key=seed + (purpose << 64))  # numpy counts before it draws
    groups = groups_of(layer["shape"], "weight" if ":" in granularity else granularity)
    drawn = [(int(stream.random_raw()) >> 11) * 2.0**-53 for _ in range(max(groups) + 1)]
    return np.array([drawn[group] for group in groups])


# ---------------------------------------------------------------------------------------------------- groups


def groups_of(shape, granularity):
    """Of each weight, row-major, the number of what it is pruned with, in the order of the first weights."""
    numbers, labels = {}, []
    for output, inside, *place in np.ndindex(*shape):
        flat = inside if not place else (inside * shape[2] + place[0]) * shape[3] + place[1]
        if granularity == "weight":
            label = (output, inside, *place)
        elif granularity in ("neuron", "filter"):
            label = output
        elif granularity in ("input", "channel"):
            label = inside
        elif ":" in granularity:
            label = (output, inside // int(granularity.split(":")[1]), *place)
        else:
            height, width = map(int, granularity.split("x"))
            label = (output // height, flat // width)
        labels.append(numbers.setdefault(label, len(numbers)))
    return labels


# ---------------------------------------------------------------------------------------------------- plan


def settings_of(case):
    return dict(line.split(" = ") for line in case["config"].splitlines())


def least_of(settings):
    """Survivors that each layer keeps, or all where it has fewer."""
    return int(settings.get("min-survivors", 0))


def nearest(value):
    """To the nearest whole number, halves up."""
    return math.floor(Fraction(value) + Fraction(1, 2))


def rates_of(settings, layers):
    """Of each layer, the fraction of its survivors that goes in a round; 0 where it stays whole."""
    by_density = "densities" in settings
    rate = 0.2 if by_density else float(settings["rate"])
    plain = settings["scope"] in ("layerwise", "global") and ":" not in settings["granularity"]
    convolutions = float(settings.get("convolution-rate", rate)) if plain and not by_density else rate
    output = float(settings["output-rate"]) if plain and not by_density else rate / 2
    own = dict(word.split("=") for word in settings["layer-rate"].split(",")) if "layer-rate" in settings else {}
    rates = []
    for place, layer in enumerate(layers):
        name = layer["name"].split(".")[0]
        last = place == len(layers) - 1
        if last and settings["granularity"] in ("neuron", "filter"):
            rates.append(0.0)
        elif name in own:
            rates.append(float(own[name]))
        else:
            rates.append(output if last else convolutions if len(layer["shape"]) == 4 else rate)
    if settings["scope"] in ("uniform", "erk"):
        rates = [rate if layer_rate else 0.0 for layer_rate in rates]
    return rates


def competing(settings, rates):
    """Lists of layers that share their survivors."""
    if settings["scope"] == "layerwise":
        return [[place] for place in range(len(rates))]
    by_rate = {}
    for place, rate in enumerate(rates):
        by_rate.setdefault(bool(rate) if "densities" in settings else rate, []).append(place)
    return list(by_rate.values())


def survivors_by_density(groups, density):
    """Of each (weights, rate, least), what (1 - rate)^k keeps, or the least, with the k whose sum comes nearest to the
    density; of two as near, the fewer. None where whole layers and the least hold more. At each of the k that stand here,
    the number of one group changes."""
    total = sum(weights for weights, _, _ in groups)
    wanted = density * total
    if sum(least if rate else weights for weights, rate, least in groups) > wanted:
        return None
    changes = sorted({math.log((left + 0.5) / weights) / math.log(1 - rate) for weights, rate, _ in groups if rate
                      for left in range(weights)})
    between = [0.0, *((a + b) / 2 for a, b in zip(changes, changes[1:])), 2 * changes[-1] + 1] if changes else [0.0]
    kept = [[max(least, nearest((1 - rate) ** k * weights)) for weights, rate, least in groups] for k in between]
    return min(reversed(kept), key=lambda counts: abs(sum(counts) - wanted))


def shared_out(settings, layers, floors, survivors):
    """What uniform or ERK lets each of these layers keep of so many survivors, none less than its floor: factor * claim,
    within its bounds, with the factor at which all keep as many."""
    sizes = [math.prod(layer["shape"]) for layer in layers]
    claims = sizes if settings["scope"] == "uniform" else [sum(layer["shape"]) for layer in layers]
    shares = list(zip(claims, floors, sizes))

    def kept(factor):
        return [min(max(factor * claim, floor), size) for claim, floor, size in shares]

    bounds = {Fraction(bound, claim) for claim, floor, size in shares for bound in (floor, size)}
    last = max(bound for bound in bounds if sum(kept(bound)) <= survivors)
    free = [floor <= last * claim < size for claim, floor, size in shares]
    left = survivors - sum(keeps for keeps, is_free in zip(kept(last), free) if not is_free)
    factor = float(left) / (sum(claim for claim, is_free in zip(claims, free) if is_free) or 1)
    return [nearest(factor * claim) if is_free else int(keeps)
            for claim, is_free, keeps in zip(claims, free, kept(last))]


def quotas_of(case):
    """[(layers that compete, their survivors)], layers that stay whole left out; None where densities ask for less than
    these hold."""
    settings, layers = settings_of(case), case["layers"]
    rates = rates_of(settings, layers)
    groups = competing(settings, rates)
    sizes = [math.prod(layer["shape"]) for layer in layers]
    weights = [sum(sizes[place] for place in group) for group in groups]
    floors = [min(least_of(settings), size) for size in sizes]
    least = [sum(floors[place] for place in group) for group in groups]
    if "densities" in settings and ":" not in settings["granularity"]:
        density = float(settings["densities"].split(",")[case["level"] - 1])
        of_groups = zip(weights, (rates[group[0]] for group in groups), least)
        survivors = survivors_by_density(list(of_groups), density)
        if survivors is None:
            return None
    else:
        survivors = list(weights)
        for place, group in enumerate(groups):
            for _ in range(case["level"]):
                survivors[place] -= nearest(rates[group[0]] * survivors[place])
            survivors[place] = max(least[place], survivors[place])
    quotas = []
    for group, left in zip(groups, survivors):
        if rates[group[0]] == 0:
            continue
        if settings["scope"] in ("uniform", "erk"):
            shares = shared_out(settings, [layers[place] for place in group], [floors[place] for place in group], left)
            quotas += [([place], share) for place, share in zip(group, shares)]
        else:
            quotas.append((group, left))
    return quotas


# ---------------------------------------------------------------------------------------------------- masks


def pruned(case):
    """The masks, a flat list a layer, or None where the settings cannot be met."""
    settings, layers = settings_of(case), case["layers"]
    quotas = quotas_of(case)
    if quotas is None:
        return None
    keeps = [layer["keep"].ravel().tolist() for layer in layers]
    scores = [scores_of(settings["score"], layer, settings["granularity"], case["seed"],
                        settings.get("wrong-sign", "negative")).tolist() for layer in layers]
    for places, survivors in quotas:
        if ":" in settings["granularity"]:
            for place in places:
                keep_highest(keeps[place], scores[place], layers[place]["shape"], settings["granularity"])
        else:
            prune_lowest(keeps, scores, {place: groups_of(layers[place]["shape"], settings["granularity"])
                                         for place in places}, survivors, least_of(settings))
    return keeps


def keep_highest(keep, scores, shape, pattern):
    most = int(pattern.split(":")[0])
    runs = {}
    for weight, run in enumerate(groups_of(shape, pattern)):
        if keep[weight]:
            runs.setdefault(run, []).append(weight)
    for weights in runs.values():
        for weight in sorted(weights, key=lambda weight: (scores[weight], weight))[:max(0, len(weights) - most)]:
            keep[weight] = 0


def prune_lowest(keeps, scores, groups, survivors, least):
    """Groups go by their mean scores, until one more would lead farther from the number that survives; but for those that
    would leave a layer fewer survivors than the least."""
    members = {}
    for place, of_weight in groups.items():
        for weight, group in enumerate(of_weight):
            if keeps[place][weight]:
                members.setdefault((place, group), []).append(weight)
    means = {}
    for (place, group), weights in members.items():
        total = 0.0
        for weight in weights:
            total += scores[place][weight]
        means[place, group] = total / len(weights)
    of_layer = {place: sum(keeps[place]) for place in groups}
    left = sum(map(len, members.values()))
    for key in sorted(members, key=lambda key: (means[key], key)):
        after = left - len(members[key])
        if left <= survivors or abs(after - survivors) > abs(left - survivors):
            break
        if of_layer[key[0]] - len(members[key]) < least:
            continue
        of_layer[key[0]] -= len(members[key])
        left = after
        for weight in members[key]:
            keeps[key[0]][weight] = 0


def moved(case):
    """The survivors of least score are dropped, and as many of all that then are pruned grow by the highest score."""
    layer, count = case["layers"][0], case["count"]
    keep, drop, grow = (layer[key].ravel().tolist() for key in ("keep", "initial", "present"))
    for weight in sorted((w for w in range(len(keep)) if keep[w]), key=lambda w: (drop[w], w))[:count]:
        keep[weight] = 0
    for weight in sorted((w for w in range(len(keep)) if not keep[w]), key=lambda w: (-grow[w], w))[:count]:
        keep[weight] = 1
    return [keep]


# ---------------------------------------------------------------------------------------------------- comparing


def to_json(case):
    plain = [layer | {key: layer[key].ravel().tolist() for key in ("keep", "initial", "present")} for layer in case["layers"]]
    return json.dumps(case | {"layers": plain})


def from_json(text):
    case = json.loads(text)
    for layer in case["layers"]:
        for key, kind in (("keep", np.uint8), ("initial", np.float32), ("present", np.float32)):
            layer[key] = np.array(layer[key], kind).reshape(layer["shape"])
    return case


def differences(program, cases):
    """[(case, what differs)] of ltlab's masks against ours."""
    text = "".join(to_json(case) + "\n" for case in cases)
    answers = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for case, answer in zip(cases, map(json.loads, answers), strict=True):
        expected = moved(case) if "count" in case else pruned(case)
        if expected is None and "layers which stay whole" in answer.get("error", ""):
            continue
        if "error" in answer or expected is None:
            found.append((case, f"ltlab says {answer}, we {expected}"))
        elif answer["keep"] != expected:
            wrong = [sum(a != b for a, b in zip(*pair)) for pair in zip(answer["keep"], expected)]
            found.append((case, f"{wrong} weights differ; survivors {[sum(k) for k in answer['keep']]} in ltlab, "
                                f"{[sum(k) for k in expected]} here"))
    return found


# ---------------------------------------------------------------------------------------------------- whole searches


MODELS = ("linear 9 relu; linear 7; linear classes", "conv 4 relu; max-pool 2x2; conv 5 3x3 relu; linear classes",
          "conv 4 3x3 stride 2 relu; linear 8 relu; linear classes", "conv 3; batch-norm relu; conv 3 1x1 relu; linear classes",
          "conv 4 relu; residual; conv 4 relu; conv 4; end relu; global-average-pool; linear classes")


def write_data(path):
    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        for name in ("", "test_"):
            file[f"{name}images"] = random.integers(256, size=(80, 6, 6), dtype=np.uint8)
            file[f"{name}labels"] = np.arange(80) % 3


def draw_search(seed):
    """Options of a search, by their names."""
    random = np.random.default_rng([13, seed])
    rates = [0.2, 0.5, 0.1, 0.9, 1 / 3]
    options = {"model": str(random.choice(MODELS)), "score": str(random.choice(SCORES)),
               "scope": str(random.choice(SCOPES)), "granularity": str(random.choice(GRANULARITIES)),
               "prune": str(random.choice(["after-training", "after-training", "one-shot", "before-training"]))}
    pattern = ":" in options["granularity"]
    if pattern:
        del options["scope"]
    if not pattern and random.random() < 0.3:
        options["densities"] = ",".join(map(str, sorted(random.choice(np.arange(1, 16) / 16, 2, False), reverse=True)))
    elif not pattern:
        options["rate"] = repr(float(random.choice(rates)))
        options["levels"] = int(random.integers(2, 4))
        if options["scope"] in ("layerwise", "global"):
            options["output-rate"] = repr(float(random.choice([0, *rates])))
            if "conv" in options["model"] and random.random() < 0.4:
                options["convolution-rate"] = repr(float(random.choice(rates)))
    if not pattern and random.random() < 0.3:
        name = "conv1" if options["model"].startswith("conv") else "fc1"
        own = [0] if "densities" in options or options["scope"] in ("uniform", "erk") else [0, 0.3, 0.7]
        options["layer-rate"] = f"{name}={random.choice(own)}"
    if not pattern and random.random() < 0.3:
        options["min-survivors"] = int(random.integers(1, 40))
    options |= {"seed": int(random.integers(100)), "rewind": int(random.choice([0, 1]))}
    return options


def cases_of(run, options):
    """Of each level of a run the case that it was pruned by, and its masks."""
    texts = dict(line.split(" = ", 1) for line in run.attributes["config"].splitlines() + run.attributes["extent"].splitlines()
                 if " = " in line)
    names = ("scope", "score", "wrong-sign", "granularity", "rate", "output-rate", "convolution-rate", "layer-rate",
             "densities", "min-survivors")
    settings = {"scope": "layerwise", "score": "magnitude", "granularity": "weight", "rate": "0.2", "output-rate": "0.1"}
    settings |= {name: texts[name] for name in names if name in texts}
    dense = run.level(0)
    for number in run.levels[1:]:
        origin = run.level(number - 1 if options["prune"] == "after-training" else 0)
        untrained = options["prune"] == "before-training"
        layers = [{"name": name, "shape": mask.shape, "keep": np.ones(mask.shape, np.uint8) if untrained else
                   mask.astype(np.uint8), "initial": run.init[name],
                   "present": (run.rewind or run.init)[name] if untrained else origin.weights[name]}
                  for name, mask in origin.masks.items()]
        config = "".join(f"{name} = {value}\n" for name, value in settings.items())
        yield ({"config": config, "level": number, "seed": run.attributes["seed"], "layers": layers},
               [run.level(number).masks[name].ravel().astype(int).tolist() for name in dense.masks])


def differing_searches(ltlab, seeds):
    """(searches, levels that were compared, searches that ltlab refused, [(options, what differs)])."""
    levels, refused, wrong = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        write_data(f"{folder}/data.h5")
        for seed in seeds:
            options = draw_search(seed)
            words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
            result = subprocess.run(
                [ltlab, "search", "--data", f"h5:{folder}/data.h5:/images,/labels,/test_images,/test_labels", "--steps", "2",
                 "--validate-every", "2", "--batch", "10", "--validation", "20", "--workers", "1", "--learning-rate", "0.05",
                 *words, "--out", f"{folder}/{seed}"], capture_output=True, text=True)
            if result.returncode == 2:
                refused += 1
            elif result.returncode:
                wrong.append((seed, options, result.stderr))
            else:
                for case, found in cases_of(ltlab_io.read_run(f"{folder}/{seed}"), options):
                    levels += 1
                    if pruned(case) != found:
                        wrong.append((seed, options, f"masks of level {case['level']} differ"))
    return len(seeds), levels, refused, wrong


# ---------------------------------------------------------------------------------------------------- figures


def kinds(cases):
    """How many cases have each score, scope and granularity."""
    settings = [settings_of(case) for case in cases if "config" in case]
    told = {name: dict(sorted(Counter(each[name] for each in settings).items()))
            for name in ("score", "scope", "granularity")}
    told["moved"] = sum("count" in case for case in cases)
    told["by density"] = sum("densities" in each for each in settings)
    told["min-survivors"] = sum("min-survivors" in each for each in settings)
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="bin/ltlab_prune of the build")
    parser.add_argument("--cases", type=int, default=400, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first, the others follow (%(default)s)")
    parser.add_argument("--runs", type=int, default=0, help="how many whole searches (%(default)s)")
    parser.add_argument("--ltlab", help="the program that makes them")
    parser.add_argument("--keep", action="store_true", help=f"write those that differ to {FOUND.name}/")
    parser.add_argument("--summary", type=Path, metavar="FILE.json", help="also write the figures there")
    arguments = parser.parse_args()
    begin = time.monotonic()
    known = [from_json(path.read_text()) for path in sorted(FOUND.glob("*.json"))]
    wrong = [("found/", case, text) for case, text in differences(arguments.program, known)]
    cases, drawn = [], range(arguments.seed, arguments.seed + arguments.cases)
    for first in range(drawn.start, drawn.stop, 200):
        batch = {seed: draw_case(seed) for seed in range(first, min(first + 200, drawn.stop))}
        seeds = {id(case): seed for seed, case in batch.items()}
        wrong += [(seeds[id(case)], case, text) for case, text in differences(arguments.program, list(batch.values()))]
        cases += batch.values()
    for seed, case, text in wrong[:20]:
        print(f"case {seed}: {text}\n{case.get('config', 'moved')}", file=sys.stderr)
        if arguments.keep and seed != "found/":
            FOUND.mkdir(exist_ok=True)
            (FOUND / f"case-{seed}.json").write_text(to_json(case) + "\n")
    searches, levels, refused, differing = differing_searches(
        arguments.ltlab, range(arguments.seed, arguments.seed + arguments.runs))
    for seed, options, told in differing[:20]:
        print(f"search {seed}: {told}\n{options}", file=sys.stderr)
    figures = {"cases": len(cases), "kept cases": len(known), "differ": len(wrong), "searches": searches,
               "levels of searches": levels, "searches refused": refused, "searches that differ": len(differing),
               "seconds": round(time.monotonic() - begin, 1)} | kinds(cases)
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    if arguments.summary:
        arguments.summary.write_text(json.dumps(figures, indent=1) + "\n")
    sys.exit(1 if wrong or differing else 0)


if __name__ == "__main__":
    main()
