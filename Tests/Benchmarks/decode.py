"""Times the JavaScript decoder of codec 1 on a recording, in Node and in headless Chromium. Nothing is asserted.

    .build/venv/bin/python Tests/Benchmarks/decode.py RECORDING TRAINED_ON [OPTION OF muster snapshots encode …]
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/Integration"), str(ROOT / "Tests")]

from browsing import Page  # noqa: E402
from conftest import BINARY  # noqa: E402
from devtools import Browser  # noqa: E402

PROGRAM = ROOT / "Tests/Benchmarks/decode.js"


def show(where, figures):
    print(where, json.dumps({key: round(value, 4) for key, value in figures.items()}))


def main():
    recording, trained_on, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        messages = pathlib.Path(folder) / "messages"
        command = [BINARY, "snapshots", "encode", recording, "--train", trained_on, *options]
        with messages.open("w") as file:
            subprocess.run(command, stdout=file, check=True)
        for _ in range(3):
            said = subprocess.run(["node", PROGRAM, messages], capture_output=True, text=True, check=True).stdout
            show("Node", json.loads(said))
        page, browser = Page(), Browser(pathlib.Path(folder) / "profile")
        page.scripts = {f"/{file.name}": file.read_bytes() for file in (ROOT / "protocol/javascript").glob("*.js")}
        program = PROGRAM.read_text().split("\nif (globalThis.process")[0]
        call = f"return decode({json.dumps(messages.read_text())}, (name) => import(`/${{name}}`))"
        try:
            for _ in range(3):
                tab = browser.tab(page.origin)
                tab.wait("document.readyState === 'complete'")
                show("Chromium", tab.run(f"{program}; {call}"))
                tab.close()
        finally:
            browser.stop()
            page.stop()


main()
