"""Times frames of the page in headless Chromium, its first paint, how soon one plays, and how soon again after a cut of five
seconds. Nothing is asserted.

    .build/venv/bin/python Tests/Benchmarks/frames.py [BINARY]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/Integration"), str(ROOT / "Tests")]
if len(sys.argv) > 1:
    os.environ["MUSTER_BINARY"] = str(pathlib.Path(sys.argv[1]).resolve())

from conftest import BINARY, Server  # noqa: E402
from devtools import Browser  # noqa: E402
from lines import Line  # noqa: E402
from test_arena import FIRST_STATE  # noqa: E402

PAINT = """
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return paint?.startTime ?? null;"""
PLAYS = "arena?.predictor.body && arena.newest && performance.now()"


def rounded(figures):
    return {key: round(value, 2) for key, value in figures.items() if value is not None}


def come_back(server, browser, folder):
    bots = subprocess.Popen(
        [BINARY, "bots", "--server", server.url, "--count", "8", "--lobbies", "1", "--seconds", "60", "--quiet"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    line = Line(server.port)
    tab = browser.tab(f"{line.url}/?auto=1&name=Ann&lobby=bots-1-0")
    tab.wait(PLAYS)
    line.cut()
    tab.run(FIRST_STATE)
    time.sleep(5)
    line.mend()
    tab.run("arena.client.retry()")
    result = tab.run("""
        const kept = ({ bytes, ticks, resumed }) => ({ bytes, ticks, resumed });
        return { again: kept(await returned), anew: kept(await anew()) };""")
    bots.terminate()
    bots.wait()
    return result


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, browser = Server(cwd=folder), Browser(
            pathlib.Path(folder) / "profile", "--enable-precise-memory-info")
        try:
            tab = browser.tab(f"{server.url}/?auto=1&name=Ann")
            plays = tab.wait(PLAYS)
            print(json.dumps({"firstPaint": tab.run(PAINT), "playsAfter": plays}))
            tab = browser.tab(server.url)
            tab.wait("'arena' in globalThis")
            seen = tab.run((ROOT / "Tests/Benchmarks/frames.js").read_text())
            for name, spans in seen["figures"].items():
                for span, figures in spans.items():
                    print(name, span, json.dumps(rounded(figures)))
            for row in seen["slowest"]:
                print("slowest", json.dumps(rounded(row)))
            print("back", json.dumps(come_back(server, browser, folder)))
        finally:
            browser.stop()
            server.stop()


main()
