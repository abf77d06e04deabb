"""End-to-end tests of what the program prints on terminals of several widths: usage: terminal_test.py LTLAB"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unicodedata
import unittest
from pathlib import Path

LTLAB = sys.argv.pop(1)
SEARCH = ["search", "--data", "embedded", "--embedded-train", 300, "--validation", 50, "--kernel", "sparse", "--batch", 20]


def run(*words, **options):
    return subprocess.run([LTLAB, *map(str, words)], capture_output=True, text=True, **options)


def on_terminal(columns, *words):
    """Lines that the program prints on a terminal so wide; what it tells of its progress is left out."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([LTLAB, *map(str, words)], stdout=child, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(child)
        text = b""
        while True:
            try:
                part = os.read(parent, 65536)
            except OSError:  # the other end is closed
                break
            text += part
    os.close(parent)
    assert process.returncode == 0, (words, process.returncode)
    return text.decode().replace("\r\n", "\n").splitlines()


def width_of(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


def numbers_in(text):
    return set(re.findall(r"\d[\d.,e+-]*\d|\d", text))


class TerminalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.search = cls.folder / "a-search-of-some-length"
        cls.words = [*SEARCH, "--embedded-test", 100, "--steps", 10, "--model", "mlp:784-30-20-10", "--levels", 2, "--rate", 0.5, "--replicates", 2, "--control",
                     "random-reinit,random-mask", "--out", cls.search]
        result = run(*cls.words)
        assert result.returncode == 0, result.stderr
        cls.ticket = cls.search / "replicate-0"

    def commands(self):
        yield [*self.words, "--resume"]
        yield [*self.words, "--resume", "--explain-kernels"]
        yield ["inspect", self.search]
        yield ["inspect", self.ticket]
        yield ["inspect", self.ticket / "level-001.h5", self.search / "replicate-1" / "level-001.h5"]
        yield ["inspect", "--compare", self.search]
        yield ["compare", self.search]
        yield ["compare", f"short={self.ticket}", f"{'a-very-long-name-' * 4}={self.search / 'replicate-1'}"]
        yield ["landscape", self.search, "--images", 20, "--points", 90]
        yield ["landscape", self.ticket, "--images", 20, "--what", "sharpness", "--eigenvalues", 4, "--tolerance", 0.1]
        yield ["model", "resnet-20"]
        yield ["model", "list"]
        yield ["data", "list"]
        yield ["data", "info", "embedded"]
        yield ["data", "verify", "embedded"]
        yield ["verify", self.search]

    def test_lines_fit_the_terminal_and_lose_nothing(self):
        for words in self.commands():
            whole = run(*words).stdout
            for columns in (40, 80, 120):
                with self.subTest(command=" ".join(map(str, words)), columns=columns):
                    lines = on_terminal(columns, *words)
                    self.assertEqual([line for line in lines if width_of(line) > columns], [])
                    if "--points" not in words and "inspect" not in words:  # which draw fewer bars or bins
                        self.assertEqual(numbers_in(whole) - numbers_in("\n".join(lines)) - numbers_in("".join(map(str.strip, lines))), set())

    def test_what_is_piped_is_whole(self):
        text = run("compare", self.search).stdout
        self.assertGreater(max(map(len, text.splitlines())), 120)
        environment = dict(os.environ, COLUMNS="40")
        self.assertEqual(run("compare", self.search, env=environment).stdout, text)

    def test_cells_do_not_touch(self):
        """Of four test images, two replicates give intervals of more than a hundred points."""
        result = run(*SEARCH, "--embedded-test", 4, "--steps", 30, "--model", "mlp:784-30-10", "--levels", 2, "--rate", 0.5,
                     "--replicates", 2, "--out", self.folder / "wide")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"\d\d\.\d\d ± \d{3}\.\d\d  ")
        self.assertNotRegex(result.stdout, r"± \d+\.\d\d\d")


if __name__ == "__main__":
    unittest.main()
