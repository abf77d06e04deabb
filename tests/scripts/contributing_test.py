"""Tests that CONTRIBUTING.md names the files that a thing of each kind stands in, by one that there is. Usage:
contributing_test.py ROOT"""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1)).resolve()
# Each section has an example here: a pattern of the names that code has for an existing thing of that kind, and the
# files that use the thing beside those that the section lists.
EXAMPLES = {
    "An option of a search": (r"gradual_course\b", ["lib/ltlab/lottery/methods/gradual_pruning.cpp"]),
    "A control": (r"sign_only|sign-only", []),
    "A time of pruning": (r"PruningTime::rigl|\brigl\b", []),
    "A score": (r"\bfisher\b|\bfisher_scores\b", []),
    "A layer": (r"Kind::dropout\b|\bDropoutLayer\b|^      dropout,", []),
    "A figure of a level, or a column of its metrics": (r"early_stop_test_loss\b", ["lib/ltlab/lottery/level_training.cpp", "lib/ltlab/analysis/compared_run.cpp",
        "lib/ltlab/analysis/compared_run.h", "lib/ltlab/analysis/figures.h"]),
}
CONDITIONAL = {"A score": "lib/ltlab/prune/scores.cpp"}  # for those that ask no network


def code(path):
    """What is neither a comment nor an include."""
    text = re.sub(r"//.*", "", path.read_text())
    return re.sub(r"^#include.*", "", text, flags=re.M)


def sections():
    """{heading: paths in its list}."""
    found = {}
    for part in (ROOT / "CONTRIBUTING.md").read_text().split("\n### ")[1:]:
        part = part.split("\n## ")[0]
        items = " ".join(re.findall(r"^- ((?:.|\n  )*)", part, flags=re.M))
        found[part.split("\n")[0]] = re.findall(r"`((?:lib|apps)/[^`]+)`", items)
    return found


class Contributing(unittest.TestCase):
    def test_every_kind_has_an_example(self):
        self.assertEqual(sorted(sections()), sorted(EXAMPLES))

    def test_things_stand_in_the_files_that_the_list_names(self):
        sources = [path for folder in ("lib", "apps") for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cpp")]
        texts = {str(path.relative_to(ROOT)): code(path) for path in sources}
        for heading, (pattern, users) in EXAMPLES.items():
            with self.subTest(heading):
                used = sorted(path for path, text in texts.items() if re.search(pattern, text, flags=re.M))
                named = [path for path in sections()[heading] if path != CONDITIONAL.get(heading)]
                expected = {path.replace("NAME", "rigl" if "methods" in path else "dropout_layer") for path in named}
                self.assertEqual(used, sorted(expected | set(users)))

    def test_files_exist(self):
        for heading, paths in sections().items():
            for path in paths:
                if "NAME" not in path:
                    self.assertTrue((ROOT / path).is_file(), f"{heading}: {path}")


if __name__ == "__main__":
    unittest.main()
