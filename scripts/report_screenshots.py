#!/usr/bin/python3
"""Takes screenshots of a page that `ltlab report` made: its sections, light and dark, and its first printed pages.

Needs scripts/setup.sh browser. Writes OUT-light.png, OUT-dark.png and, with pdftoppm, OUT-print-1.png, ...
"""

import argparse
import base64
import shutil
import subprocess
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTH = 1250


def start_browser():
    """Chromium without a window, and without a network."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                     "--force-device-scale-factor=1", f"--window-size={WIDTH},900"):
        options.add_argument(argument)
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


def set_media(browser, media, scheme):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})


def take_whole(browser, path, sections):
    """The page from its top to its end, or only the parts named."""
    show = """const names = arguments[0];
        document.querySelectorAll("header, section").forEach((one) =>
            one.style.display = !names.length || names.includes(one.id) ? "" : "none");
        document.getElementById("controls").style.position = "static";
        window.dispatchEvent(new Event("resize"));
        return document.documentElement.scrollHeight;"""
    height = browser.execute_script(show, sections)
    time.sleep(0.5)
    picture = browser.execute_cdp_cmd("Page.captureScreenshot", {
        "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}})
    path.write_bytes(base64.b64decode(picture["data"]))
    print(path)


def take_print(browser, out, pages):
    """The first pages as they are printed on A4."""
    set_media(browser, "print", "light")
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {
        "printBackground": True, "paperWidth": 8.27, "paperHeight": 11.69})
    path = Path(f"{out}-print.pdf")
    path.write_bytes(base64.b64decode(pdf["data"]))
    if shutil.which("pdftoppm"):
        subprocess.run(["pdftoppm", "-r", "70", "-png", "-l", str(pages), path, f"{out}-print"], check=True)
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path, help="what ltlab report wrote")
    parser.add_argument("-o", "--out", required=True, metavar="OUT", help="what the files' names begin with")
    parser.add_argument("--section", nargs="*", default=[], metavar="ID",
                        help="these parts alone: top, accuracy, curves, layers, masks, ...")
    parser.add_argument("--pages", type=int, default=6, help="printed pages, at most")
    arguments = parser.parse_args()
    if not arguments.page.is_file():
        sys.exit(f"report_screenshots.py: there is no '{arguments.page}'")
    with start_browser() as browser:
        browser.get(arguments.page.resolve().as_uri())
        for scheme in ("light", "dark"):
            set_media(browser, "screen", scheme)
            take_whole(browser, Path(f"{arguments.out}-{scheme}.png"), arguments.section)
        take_print(browser, arguments.out, arguments.pages)


if __name__ == "__main__":
    main()
