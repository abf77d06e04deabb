"""End-to-end tests of `ltlab report`, its page in headless Chromium: usage: report_command_test.py LTLAB SCRIPTS"""

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

import h5py
import numpy as np

SCRIPTS = Path(sys.argv.pop())
LTLAB = sys.argv.pop()
sys.path.insert(0, str(SCRIPTS))
try:
    from report_screenshots import set_media, start_browser
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait
except ImportError:
    start_browser = None
    print("no selenium: the page is not looked at (scripts/setup.sh browser)")

SEARCH = ["search", "--data", "embedded", "--embedded-train", 600, "--embedded-test", 100, "--validation", 100,
          "--batch", 20, "--validate-every", 20, "--kernel", "sparse"]
LAYERS = ["fc1.weight", "fc2.weight"]


def run(*words):
    return subprocess.run([LTLAB, *map(str, words)], capture_output=True, text=True)


def output_of(*words):
    result = run(*words)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*)</script>', page.read_text()).group(1))


def unpack(text):
    return zlib.decompress(base64.b64decode(text))


def unpack_masks(layer, levels):
    """As layer_images.h says: changed bits, level by level."""
    bits = np.unpackbits(np.frombuffer(unpack(layer["masks"]), np.uint8).reshape(levels, -1), axis=1)
    keep, masks = np.ones(layer["size"], np.uint8), []
    for changes in bits:
        keep = keep ^ changes[:layer["size"]]
        masks.append(keep.reshape(layer["shape"]))
    return masks


class Reported:
    """A search, and the page that tells of it; made once for all tests."""

    folder = Path(tempfile.mkdtemp())
    search, page = folder / "search", folder / "report.html"
    words = [*SEARCH, "--model", "mlp:784-30-10", "--rate", 0.6, "--steps", 60, "--levels", 3, "--replicates", 2, "--control",
             "random-reinit,random-mask", "--out", search]


def setUpModule():
    unittest.addModuleCleanup(shutil.rmtree, Reported.folder)
    result = run(*Reported.words)
    assert result.returncode == 0, result.stderr
    output_of("report", Reported.search, "-o", Reported.page)


class ReportTest(Reported, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = data_of(cls.page)

    def trainings(self):
        for training in self.data["trainings"]:
            levels = [h5py.File(self.search / training["name"] / f"level-{level['level']:03}.h5")
                      for level in training["levels"]]
            yield training, levels

    def test_images_are_the_masks_and_weights_that_are_stored(self):
        names = [f"replicate-{r}{inside}" for r in (0, 1) for inside in ("", "/random-mask-0", "/random-reinit-0")]
        self.assertEqual([training["name"] for training in self.data["trainings"]], names)
        for training, levels in self.trainings():
            self.assertEqual(len(levels), 4 if training["branch"] == "ticket" else 3)
            for layer, name in zip(training["layers"], LAYERS, strict=True):
                codes = np.frombuffer(unpack(layer["weights"]["codes"]), np.int8).astype(float)
                for mask, scale, level in zip(unpack_masks(layer, len(levels)), layer["weights"]["scales"], levels,
                                              strict=True):
                    np.testing.assert_array_equal(mask, level[f"mask/{name}"][:])
                    stored = level[f"weights/{name}"][:][mask == 1]
                    mine, codes = codes[:stored.size], codes[stored.size:]
                    self.assertAlmostEqual(scale, abs(stored).max(), places=6)
                    np.testing.assert_allclose(np.sqrt(abs(stored) / scale), abs(mine) / 15, atol=1.01 / 15)
                    np.testing.assert_array_equal(np.sign(mine), np.where(stored < 0, -1, 1))
                self.assertEqual(codes.size, 0)

    def test_survivors_at_each_pixel(self):
        for training, levels in self.trainings():
            inputs = training["inputs"]
            self.assertEqual([inputs[extent] for extent in ("channels", "height", "width")], [1, 28, 28])
            counts = np.frombuffer(unpack(inputs["survivors"]), "<u2").reshape(len(levels), 784)
            np.testing.assert_array_equal(counts, [level["mask/fc1.weight"][:].sum(axis=0) for level in levels])

    def test_figures_are_those_of_other_commands(self):
        found = json.loads(run(*self.words, "--resume", "--json").stdout)
        results = self.data["runs"][0]["results"]
        self.assertEqual(results["levels"], found["levels"])
        self.assertEqual(results["verdict"], found["verdict"])
        compared = json.loads(output_of("inspect", self.search, "--compare", "--level", 2, "--json"))
        with h5py.File(self.search / "run.h5") as file:
            provenance = {name: value.decode() for name, value in file["provenance"].attrs.items()}
        self.assertEqual(dict(self.data["runs"][0]["provenance"]), provenance)
        pair = compared["pairs"][0]["layers"][-1]
        overlap = next(o for o in self.data["overlaps"] if o["level"] == 2)["pairs"][0]["layers"][-1]
        self.assertAlmostEqual(overlap["jaccard"], pair["jaccard"], places=4)
        self.assertAlmostEqual(overlap["by_inputs"]["z"], pair["chance_at_input_degrees"]["z"], places=3)
        for training, levels in self.trainings():
            for told, stored in zip(training["levels"], levels, strict=True):
                self.assertEqual(told["test_accuracy"], stored.attrs["test_accuracy"])
                self.assertEqual(told["metrics"]["step"], list(stored["metrics"]["step"]))

    def test_several_runs_and_single_tickets(self):
        page = self.folder / "two.html"
        output_of("report", self.search / "replicate-0", self.search, "--out", page)
        data = data_of(page)
        self.assertEqual([run["name"] for run in data["runs"]], ["replicate-0", "search"])
        self.assertEqual([t["run"] for t in data["trainings"]], [0] * 3 + [1] * 6)
        self.assertEqual(data["trainings"][0]["name"], "ticket")
        self.assertEqual(len(data["overlaps"][0]["pairs"]), 3)

    def test_large_pages_leave_out_what_full_keeps(self):
        large = self.folder / "large"
        result = run(*SEARCH, "--model", "mlp:784-3000-10", "--steps", 1, "--levels", 2, "--rate", 0.05, "--out", large)
        self.assertEqual(result.returncode, 0, result.stderr)
        small, full = self.folder / "small.html", self.folder / "full.html"
        self.assertIn("without 1 of 4 images", output_of("report", large, "-o", small))
        self.assertLess(small.stat().st_size, 5e6)
        self.assertIsNone(data_of(small)["trainings"][0]["layers"][0]["weights"])
        self.assertNotIn("without", output_of("report", large, "-o", full, "--full"))
        self.assertGreater(full.stat().st_size, 5e6)

    def test_force_replaces_the_page_and_nothing_else(self):
        page, other = self.folder / "again.html", self.folder / "other.txt"
        page.write_text("an older page")
        result = run("report", self.search, "-o", page)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--force replaces it", result.stderr)
        self.assertEqual(page.read_text(), "an older page")
        output_of("report", self.search, "-o", page, "--force")
        self.assertEqual(len(data_of(page)["runs"]), 1)
        other.write_text("precious")
        link, dangling, folder = self.folder / "link.html", self.folder / "dangling.html", self.folder / "folder.html"
        link.symlink_to(other)
        dangling.symlink_to(self.folder / "nothing")
        folder.mkdir()
        for out, message in ((link, "symbolic link"), (dangling, "symbolic link"), (folder, "is a folder"),
                             (f"{folder}/", "is a folder"), ("/dev/null", "no ordinary file"),
                             (self.search / "run.h5", "folder of a run")):
            with self.subTest(out=out):
                result = run("report", self.search, "-o", out, "--force")
                self.assertEqual(result.returncode, 2)
                self.assertIn(message, result.stderr)
        self.assertEqual(other.read_text(), "precious")
        self.assertTrue(link.is_symlink() and dangling.is_symlink() and not (self.folder / "nothing").exists())
        self.assertEqual(run("verify", self.search).returncode, 0)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.suffix == ".tmp"], [])

    def test_bad_input(self):
        new = self.folder / "new.html"
        for words, status, message in (
                ([self.folder / "none", "-o", new], 2, "holds no run"),
                ([self.search / "replicate-0" / "random-mask-0", "-o", new], 2, "holds a control"),
                ([self.search, "-o", self.folder / "missing" / "new.html"], 2, "no folder"),
                ([self.search, "-o", self.page], 2, "is there already"),
                ([self.search], 2, "name the page"),
                (["-o", new], 2, "name at least one run")):
            with self.subTest(words=words):
                result = run("report", *words)
                self.assertEqual(result.returncode, status)
                self.assertIn(message, result.stderr)
        self.assertFalse(new.exists())


@unittest.skipIf(start_browser is None, "no selenium")
class PageTest(Reported, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.browser.get(self.page.as_uri())
        self.until(lambda: self.value("mask-image", "ariaLabel"))

    def tearDown(self):
        self.assertEqual(self.browser.get_log("browser"), [], "the console has messages")

    def at(self, name):
        return self.browser.find_element(By.ID, name)

    def value(self, name, prop):
        return self.browser.execute_script("return document.getElementById(arguments[0])[arguments[1]]", name, prop)

    def until(self, condition):
        return WebDriverWait(self.browser, 10, 0.05).until(lambda _: condition())

    def pixels(self, canvas="mask-image"):
        return self.browser.execute_script("return document.getElementById(arguments[0]).toDataURL()", canvas)

    def press(self, name, *keys):
        self.at(name).send_keys(*keys)

    def test_slider_moves_images_and_tells_the_level(self):
        self.press("level", Keys.HOME)
        self.until(lambda: "level 0" in self.value("mask-image", "ariaLabel"))
        dense, pixels = self.pixels(), self.pixels("input-image")
        self.press("level", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.until(lambda: "level 2" in self.value("mask-image", "ariaLabel"))
        self.until(lambda: self.pixels("input-image") != pixels)
        self.assertNotEqual(self.pixels(), dense)
        self.assertRegex(self.value("level", "ariaValueText"), r"Level 2 of 3: \d+\.\d\d\s% density, test accuracy \d")
        self.assertIn("Level 2:", self.at("layers-table").text)
        self.assertIn("Level 2:", self.at("overlap-tables").text)

    def test_image_shows_the_mask_that_is_stored(self):
        self.press("level", Keys.HOME, Keys.ARROW_RIGHT)
        self.until(lambda: "level 1" in self.value("mask-image", "ariaLabel"))
        colors = self.browser.execute_script("""const canvas = document.getElementById("mask-image");
            return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];""")
        with h5py.File(self.search / "replicate-0" / "level-001.h5") as level:
            mask = level["mask/fc1.weight"][:]
        survives = (np.reshape(colors, (*mask.shape, 4)) == [55, 130, 215, 255]).all(axis=2)
        np.testing.assert_array_equal(survives, mask == 1)

    def test_training_layer_and_view_change_the_image(self):
        seen = {self.pixels()}
        choices = {"view": "weights", "arrangement": "images", "layer": "fc2.weight", "training": "1"}
        for name, choice in choices.items():
            with self.subTest(name):
                Select(self.at(name)).select_by_value(choice)
                self.until(lambda: self.pixels() not in seen)
                seen.add(self.pixels())
        self.assertIn("random-mask", self.at("curves-chart").text)

    def test_keyboard_zooms(self):
        width = self.value("mask-image", "clientWidth")
        self.press("mask-frame", "+")
        self.assertEqual(self.value("mask-image", "clientWidth"), 2 * width)
        self.press("mask-frame", "0")
        self.assertEqual(self.value("mask-image", "clientWidth"), width)

    def test_everything_has_a_text(self):
        pictures = self.browser.find_elements(By.CSS_SELECTOR, "[role=img]")
        self.assertGreaterEqual(len(pictures), 8)
        for picture in pictures:
            self.assertGreater(len(picture.get_attribute("aria-label") or ""), 40)
        self.assertEqual(self.browser.execute_script("""return [...document.querySelectorAll("select, input")]
            .filter((control) => control.labels.length === 0).map(({ id }) => id)"""), [])
        figure = self.at("accuracy-chart")
        figure.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
        self.until(lambda: figure.find_elements(By.TAG_NAME, "table"))
        self.assertEqual(len(figure.find_elements(By.CSS_SELECTOR, "tbody tr")), 4)

    def test_focus_reaches_all_controls(self):
        reached = set()
        for _ in range(60):
            self.browser.switch_to.active_element.send_keys(Keys.TAB)
            reached.add(self.browser.switch_to.active_element.get_attribute("id"))
        self.assertLessEqual({"training", "level", "accuracy-when", "metric", "layer", "view", "arrangement",
                              "mask-frame", "zoom-in", "overlap-layer"}, reached)

    def shown(self, *folders, name="shown.html"):
        """Another page in place of the one that all tests look at."""
        page = self.folder / name
        output_of("report", *folders, "-o", page, "--force")
        self.browser.get(page.as_uri())
        self.until(lambda: self.value("mask-image", "ariaLabel") or self.value("mask-caption", "textContent"))

    def script(self, text):
        return self.browser.execute_script(f"return {text}")

    def texts(self, selector):
        return self.script(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)")

    def test_axes_end_where_values_do(self):
        self.assertEqual(self.script("domainOf([0.2, 1], { bounds: [0, 1] })")[1], 1)
        self.assertEqual(self.script("domainOf([0, 300], { bounds: [0, Infinity] })")[0], 0)
        self.assertLess(self.script("accuracyDomain([{ branch: 'ticket', points: [{ y: 0.999 }, { y: 0.99 }] }], [])")[1], 1.0001)
        self.assertFalse(self.script("ticks({ domain: [-0.4, 3] }).some((tick) => Object.is(tick, -0))"))
        self.assertEqual(self.script("[fixed(-0.001, 1), whole(-0.3), fixed(-0.26, 1), percent(-0.00001, 1)]"),
                         ["0.0", "0", "-0.3", "0.0\u00a0%"])
        texts = self.texts("svg g text")
        self.assertGreater(len(texts), 20)
        self.assertEqual([text for text in texts if text.startswith("-")], [])
        ticks = [float(text) for text in self.texts("#accuracy-chart g text[text-anchor=end]")]
        self.assertTrue(0 <= min(ticks) < max(ticks) <= 100)

    def test_densities_are_told_as_elsewhere(self):
        self.assertEqual(self.script("[1, 0.0185, 0.001, 0.00034, 0.000034, 0].map(density)"),
                         [f"{number}\u00a0%" for number in ("100.00", "1.85", "0.10", "0.034", "0.0034", "0.00")])

    def test_each_run_has_its_own_dense_accuracy(self):
        self.shown(self.search, self.search / "replicate-1")
        lines = self.script("[...document.querySelectorAll('#accuracy-chart g > .required')].map((one) => one.getAttribute('d'))")
        self.assertEqual(len(set(lines)), 2)
        told = [text for text in self.texts("#accuracy-chart .legend li") if " dense: " in text]
        self.assertEqual([text.split(" dense: ")[0].strip() for text in told], ["search", "replicate-1"])
        dense = self.script("data.runs.map(({ results }) => results.verdict.dense_test_accuracy.mean)")
        self.assertEqual([text.split(": ")[1] for text in told], [f"{100 * value:.2f}\u00a0%" for value in dense])

    def test_tables_are_whole_on_a_wide_screen_and_the_page_on_a_narrow_one(self):
        for width in (1300, 420):
            self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                         {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
            self.shown(self.search, self.search / "replicate-0")
            self.assertLessEqual(self.script("document.documentElement.scrollWidth"), width)
            if width == 1300:
                cut = """[...document.querySelectorAll(".wide")].filter((one) => one.scrollWidth > one.clientWidth)
                    .map(({ id }) => id)"""
                self.assertEqual(self.script(cut), [])
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_page_of_a_single_level(self):
        single = self.folder / "single"
        result = run(*SEARCH, "--model", "mlp:784-5-10", "--steps", 20, "--levels", 0, "--out", single)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.shown(single, name="single.html")
        for picture in self.browser.find_elements(By.CSS_SELECTOR, "figure > svg"):
            self.assertNotRegex(picture.get_attribute("innerHTML"), "NaN|Infinity")
        self.assertIn("Level 0 of 0", self.value("level", "ariaValueText"))

    def test_page_of_a_layer_collapse(self):
        """A layer's density of zero has no place on a logarithmic axis."""
        collapsed = self.folder / "collapsed"
        result = run(*SEARCH, "--model", "mlp:784-30-30-10", "--steps", 20, "--levels", 3, "--rate", 0.9, "--scope", "global",
                     "--score", "large-final", "--out", collapsed)
        self.assertEqual(result.returncode, 0, result.stderr)
        levels = data_of_run = json.loads(output_of("inspect", collapsed, "--json"))["levels"]
        self.assertEqual(levels[-1]["effective_density"], 0, data_of_run)
        self.shown(collapsed, name="collapsed.html")
        self.press("level", Keys.END)
        for picture in self.browser.find_elements(By.CSS_SELECTOR, "figure > svg"):
            self.assertNotRegex(picture.get_attribute("innerHTML"), "NaN|Infinity")
        self.assertIn("effective density 0.00", self.at("layers-table").text)
        self.assertIn("Layer collapse from level 2 on: pruning left no weight of fc1, so no path leads", self.at("collapse").text)
        self.until(lambda: self.at("input-text").text == "No weight of the layer survives.")

    def test_light_and_dark(self):
        papers = []
        for scheme in ("light", "dark"):
            set_media(self.browser, "screen", scheme)
            papers.append(self.browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(papers[0], "rgb(255, 255, 255)")
        self.assertNotEqual(papers[0], papers[1])

    def test_no_network(self):
        loaded = self.browser.execute_script("return performance.getEntriesByType('resource').map(({ name }) => name)")
        self.assertEqual([url for url in loaded if not url.startswith("data:")], [])
        self.assertNotIn("http", re.sub(r"http-equiv|http://www\.w3\.org/2000/svg", "",
                                        self.page.read_text().split('id="data"')[0]))


if __name__ == "__main__":
    unittest.main()
