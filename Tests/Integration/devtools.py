"""A headless Chromium with several tabs, steered over the DevTools protocol: what a player does, and what a player sees."""

import base64
import contextlib
import itertools
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

import pytest
import websockets.sync.client
from browsing import BROWSER

SECONDS = 30
ADDRESS = re.compile(r"DevTools listening on (\S+)")


class Browser:
    """One browser, until `stop`; its tabs share nothing but the machine."""

    def __init__(self, folder, *flags):
        self.process = subprocess.Popen(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--mute-audio",
             "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
             "--disable-backgrounding-occluded-windows", f"--user-data-dir={folder}", *flags, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            # A browser is many processes, and its command may be a script: they are ended as one group.
            start_new_session=True)
        self._addresses = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._open = contextlib.ExitStack()
        self.socket = self._open.enter_context(websockets.sync.client.connect(self._address(), max_size=None))
        self._ids = itertools.count(1)
        self._tabs = {}

    def _read(self):
        """Where the browser listens is in what it prints; the rest of that is read so that it can go on."""
        for line in self.process.stderr:
            if match := ADDRESS.search(line):
                self._addresses.put(match[1])

    def _address(self):
        try:
            return self._addresses.get(timeout=SECONDS)
        except queue.Empty:
            pytest.fail(f"the browser does not listen; its exit code is {self.process.poll()}")

    def call(self, method, session=None, **parameters):
        """The result of a command. What comes meanwhile of events goes to its tab."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self.socket.recv(timeout=SECONDS * 2))
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if tab := self._tabs.get(answer.get("sessionId")):
                tab.told(answer["method"], answer["params"])

    def tab(self, url, **options):
        """A new tab with storage of its own; see Tab."""
        return Tab(self, url, **options)

    def stop(self):
        self._open.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Tab:
    """A tab at an address.

    `blocked` are parts of addresses that no request gets to, `script` runs before those of the page.
    """

    def __init__(self, browser, url, size=(1280, 800), scheme="light", blocked=(), script="", is_phone=False):
        self.browser, self.problems, self._blocked = browser, [], blocked
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        self._target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        browser._tabs[self._session] = self
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=is_phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        if is_phone:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
        if script:
            self.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        if blocked:
            self.call("Network.enable")
            self.call("Network.setBlockedURLs", urls=[f"*{part}*" for part in blocked])
        self.call("Page.navigate", url=url)

    def call(self, method, **parameters):
        return self.browser.call(method, self._session, **parameters)

    def told(self, event, data):
        """Keeps what went wrong in the page. That nothing comes of a blocked request is as it should be."""
        if event == "Runtime.exceptionThrown":
            details = data["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        if event == "Log.entryAdded" and data["entry"]["level"] == "error" and not self._is_network(data["entry"]):
            self.problems.append(data["entry"]["text"])

    @staticmethod
    def _is_network(entry):
        return entry["source"] == "network" or "WebSocket" in entry["text"]

    def run(self, program):
        """What the program, the body of an async function, returns."""
        answer = self.call(
            "Runtime.evaluate", expression=f"(async () => {{ {program} }})()", awaitPromise=True, returnByValue=True,
            userGesture=True)
        if "exceptionDetails" in answer:
            pytest.fail(f"{program}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def wait(self, condition, seconds=SECONDS):
        """The expression's value, once it is truthy."""
        look = f"""
            const value = (() => {{ try {{ return {condition}; }} catch (error) {{ return null; }} }})();
            if (value) return value instanceof Node ? true : value;
            await new Promise((done) => setTimeout(done, 20));"""
        program = f"for (const end = performance.now() + {seconds * 1000}; performance.now() < end;) {{ {look} }} return null;"
        value = self.run(program)
        assert value, f"not within {seconds} s: {condition}\nit shows: {self.text()}\nproblems: {self.problems}"
        return value

    def text(self):
        """All that can be read."""
        return self.run("return document.body.innerText")

    def press(self, code, key=None, is_down=None):
        """A key, down and up again unless `is_down` says which."""
        for kind in ["keyDown", "keyUp"] if is_down is None else ["keyDown" if is_down else "keyUp"]:
            text = {"text": "\r"} if code == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, code=code, key=key or code, **text)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, selector):
        """A click on what may move meanwhile, as lists do."""
        self.run(f"const element = document.querySelector({json.dumps(selector)}); element.focus(); element.click()")

    def screenshot(self, path):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        """Ends the tab; nothing may have gone wrong in it."""
        self.browser.call("Target.closeTarget", targetId=self._target)
        assert not self.problems, self.problems


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One browser for the tests of a file."""
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.stop()
