#!/usr/bin/python3
"""Prints a table, in Markdown, of the figures that make.sh left beside this script."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent


def read(name):
    path = HERE / name
    return json.loads(path.read_text()) if path.exists() else None


def rows():
    """(what, tries, failed before, fails now, command)"""
    before = read("before.json")
    if found := read("models.json"):
        yield ("random models, each by dense, sparse, chosen and drawn kernels, in float and double, beside a plain reference",
               found["tries"], before["models"], found["failures"], "`build/release/bin/random_models --count 20000`")
    if found := read("searches.json"):
        yield ("random searches, killed and resumed, by one worker or several: the same bits", found["drawn"],
               before["searches"], len(found["failures"]), "`tests/differential/searches.py LTLAB --count 1000`")
    if found := read("prunings.json"):
        yield ("random prunings, and the masks of whole searches, beside numpy", found["cases"] + found["searches"],
               before["prunings"], found["differ"] + found["searches that differ"],
               "`tests/pruning/pruning_cases.py LTLAB_PRUNE --cases 20000 --runs 200 --ltlab LTLAB`")
    if found := read("state-dicts.json"):
        yield ("mutated files of torch.save(), imported: a run or a sentence, and no code run", found["cases"],
               before["state dicts"], found["broken"], "`tests/fuzz/state_dicts.py LTLAB --cases 20000`")
    for summary in read("faults.json") or []:
        old = next((s for s in read("faults-before.json")
                    if (s["scenario"], s["kind"]) == (summary["scenario"], summary["kind"])), None)
        if summary["tries"]:
            yield (f"a fault in {summary['kind']} during {summary['scenario']}, at one of {summary['places']} places",
                   summary["tries"], f"{old['failed']} of {old['tries']}" if old else "not tried", summary["failed"],
                   "`tests/faults/faults.py LTLAB LAYER --sample 200`")
    if (fuzz := HERE / "fuzz.txt").exists():
        for line in fuzz.read_text().splitlines():
            fields = line.split()
            if len(fields) == 5 and fields[1].isdigit():
                halts = f"; {fields[3]} made HDF5 itself crash, which a child takes" if int(fields[3]) else ""
                yield (f"inputs to the reader of {fields[0]}, by libFuzzer{halts}", int(fields[1]),
                       before["fuzz"].get(fields[0], before["fuzz"]["others"]), int(fields[4]), "`tests/fuzz/run.sh 900`")


def main():
    print("| what | tries | failed before | fails now | command |\n|---|---:|---|---:|---|")
    for what, tries, before, now, command in rows():
        print(f"| {what} | {tries:,} | {before} | {now} | {command} |")


if __name__ == "__main__":
    main()
