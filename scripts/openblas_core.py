#!/usr/bin/python3
"""Prints the name that OPENBLAS_CORETYPE needs here: that of the best kernels of OpenBLAS that this processor can run.

Debian 12's OpenBLAS knows processors by their model numbers, and takes one newer than itself for a Prescott of 2004, at
a quarter of the speed: no honest baseline.
"""

import re
from collections.abc import MutableMapping
from pathlib import Path

# The best first, each with what its kernels use.
CORES = {"SkylakeX": {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}, "Haswell": {"avx2", "fma"}}


def best_core(cpuinfo: str) -> str:
    """One of CORES, or "" where none fits and OpenBLAS's own choice is as good."""
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    has = set(flags.group(1).split()) if flags else set()
    return next((core for core, needs in CORES.items() if needs <= has), "")


def set_core(environment: MutableMapping[str, str]) -> None:
    """Sets OPENBLAS_CORETYPE, which OpenBLAS reads when it is loaded, unless it is set."""
    core = best_core(Path("/proc/cpuinfo").read_text())
    if core:
        environment.setdefault("OPENBLAS_CORETYPE", core)


if __name__ == "__main__":
    print(best_core(Path("/proc/cpuinfo").read_text()))
