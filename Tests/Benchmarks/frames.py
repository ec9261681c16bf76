"""Times frames of the page in headless Chromium, its first paint, and how soon one plays. Nothing is asserted.

    .build/venv/bin/python Tests/Benchmarks/frames.py [BINARY]
"""

import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/Integration"), str(ROOT / "Tests")]
if len(sys.argv) > 1:
    os.environ["MUSTER_BINARY"] = str(pathlib.Path(sys.argv[1]).resolve())

from conftest import Server  # noqa: E402
from devtools import Browser  # noqa: E402

PAINT = """
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return paint?.startTime ?? null;"""
PLAYS = "arena?.predictor.body && arena.newest && performance.now()"


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, browser = Server(cwd=folder), Browser(pathlib.Path(folder) / "profile")
        try:
            tab = browser.tab(f"{server.url}/?auto=1&name=Ann")
            plays = tab.wait(PLAYS)
            print(json.dumps({"firstPaint": tab.run(PAINT), "playsAfter": plays}))
            tab = browser.tab(server.url)
            tab.wait("'arena' in globalThis")
            for name, figures in tab.run((ROOT / "Tests/Benchmarks/frames.js").read_text()).items():
                print(name, json.dumps({key: round(value, 2) for key, value in figures.items()}))
        finally:
            browser.stop()
            server.stop()


main()
