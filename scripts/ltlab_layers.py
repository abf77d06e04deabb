"""In which order the layers of a state_dict are computed, told by names and shapes, for ltlab_io.py."""

import re
from collections import Counter
from dataclasses import dataclass

from script_errors import InputError

MOST_CHECKS = 500_000  # whether a layer may follow; beyond, layers fit in too many ways
KINDS = ("weight_orig", "weight", "weight_mask", "bias", "running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Layer:
    """A linear layer or convolution."""

    name: str  # "features.0"
    outputs: int
    inputs: int  # features or channels
    linear: bool

    def feeds(self, other):
        """Whether the other one can follow: it takes as many as this puts out, behind a convolution's pixels too."""
        if self.linear or not other.linear:
            return self.linear == other.linear and self.outputs == other.inputs
        return self.outputs > 0 and other.inputs % self.outputs == 0


def is_chain(layers):
    """Whether each layer takes what the one before puts out."""
    return all(before.feeds(after) for before, after in zip(layers, layers[1:]))


def in_order(layers, sorted_by_name):
    """The layers from input to output, and whether that is certain: as they come, but where keys were sorted by name or
    names' numbers fall, or where no layer but in one other order takes what the one before puts out. It is not certain
    where by shapes there are other orders, and this one is hardly the network's own: names are sorted, and not by their
    numbers, or a layer does not take what the one before puts out. InputError where shapes and numbers do not tell.
    """
    disordered = sorted_by_name or _numbers_fall(layers)
    names = [layer.name for layer in layers]
    if is_chain(layers) and not disordered and names != sorted(names):
        return layers, True
    chains = _chains(layers, by_number=False)
    ambiguous = len(chains) > 1 and chains[0] != chains[1]
    if len(chains) > 1:
        chains = _chains(layers, by_number=True)
    if len(chains) == 1:
        return chains[0], True
    if disordered:
        raise InputError("the order of its layers cannot be told: its keys are sorted by name or mixed, and by their "
                         f"shapes the layers follow each other in {'several ways' if chains else 'no way'}; save "
                         "model.state_dict() in its own order")
    return layers, not ambiguous


def arranged(keys, shapes, layers):
    """The keys of a state_dict in the order of its layers, each norm behind the layer that it fits."""
    places = {layer.name: place for place, layer in enumerate(layers)}
    free = 0
    for stem in sorted({_stem(key) for key in keys} - set(places), key=_numbered):
        sizes = [shapes[key][0] for key in keys if _stem(key) == stem and len(shapes[key]) == 1]
        fitting = [place for place in range(free, len(layers)) if sizes and layers[place].outputs == sizes[0]]
        places[stem] = fitting[0] + 0.5 if fitting else len(layers)
        free = fitting[0] + 1 if fitting else free
    ranks = {kind: rank for rank, kind in enumerate(KINDS)}
    rank_of = lambda key: ranks.get(key.rpartition(".")[2], len(KINDS))  # noqa: E731
    return sorted(keys, key=lambda key: (places[_stem(key)], rank_of(key), _numbered(key)))


def _stem(key):
    return key.rpartition(".")[0]


def _numbered(name):
    """A name without its numbers, and these: ("layers.#", (12,))."""
    return re.sub(r"\d+", "#", name), tuple(int(number[:9]) for number in re.findall(r"\d+", name))


def _numbers_fall(layers):
    """Whether of two names that differ in numbers alone the one with the higher comes first."""
    highest = {}
    for layer in layers:
        words, numbers = _numbered(layer.name)
        if highest.get(words, numbers) > numbers:
            return True
        highest[words] = numbers
    return False


def _chains(layers, by_number):
    """Up to two orders that are chains of all layers, two of them too where the search is too long; `by_number` asks for
    those in which names that differ in numbers alone go by these."""
    if not _may_chain(layers):
        return []
    names = [_numbered(layer.name) for layer in layers]
    found, checks, paths = [], 0, [((), tuple(sorted(range(len(layers)), key=lambda place: names[place], reverse=True)))]
    while paths and len(found) < 2:
        path, rest = paths.pop()
        if not rest:
            found.append([layers[place] for place in path])
        lowest = {names[place][0]: place for place in rest}  # rest goes down, so that the last is the lowest
        for place in rest:
            checks += 1
            follows = not path or layers[path[-1]].feeds(layers[place])
            if follows and (not by_number or lowest[names[place][0]] == place):
                paths.append(((*path, place), tuple(other for other in rest if other != place)))
                checks += len(rest)
        if checks > MOST_CHECKS:
            return [layers, layers]
    return found


def _may_chain(layers):
    """Whether as many layers put out each number of units as take it, but for the ends: else no chain has them all."""
    for linear in (False, True):
        surplus = Counter(layer.outputs for layer in layers if layer.linear == linear)
        surplus.subtract(Counter(layer.inputs for layer in layers if layer.linear == linear))
        if sum(count for count in surplus.values() if count > 0) > 1:
            return False
    return True
