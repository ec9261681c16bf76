"""A headless Chromium that runs one program in a page of an origin of its own, and says what came of it."""

import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import threading

import pytest

BROWSERS = ["chromium", "chromium-headless-shell", "google-chrome", "chrome"]
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
SECONDS = 45

needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")

PAGE = """<!DOCTYPE html><meta charset="utf-8"><script type="module">
const next = (target, name) => new Promise((done, failed) => {
    target.addEventListener(name, done, { once: true });
    if (name !== "close") target.addEventListener("error", () => failed(new Error(`no ${name}`)), { once: true });
});
const program = async () => { %s };
const result = await program().then((value) => ({ value }), (error) => ({ error: `${error}` }));
await fetch("/result", { method: "POST", body: JSON.stringify(result) });
</script>"""


class Page:
    """An origin that serves one page, and is told what its program returned."""

    def __init__(self):
        self.results = queue.Queue()
        self.program = ""
        # What else it serves, by its path.
        self.scripts = {}
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                is_script = self.path in page.scripts
                body = page.scripts.get(self.path, b"") if self.path != "/" else (PAGE % page.program).encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                page.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def run(self, program, profile, *flags):
        """What the program, the body of an async function, returns; one that throws fails the test."""
        self.program = program
        browser = subprocess.Popen(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
             f"--user-data-dir={profile}", *flags, f"{self.origin}/"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            # A browser is many processes, and its command may be a script: they are ended as one group.
            start_new_session=True)
        try:
            result = self.results.get(timeout=SECONDS)
        except queue.Empty:
            pytest.fail("the page's program did not end")
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
        assert "error" not in result, result["error"]
        return result["value"]


@pytest.fixture
def page():
    """The origin of a page, and its browser."""
    page = Page()
    yield page
    page.stop()
