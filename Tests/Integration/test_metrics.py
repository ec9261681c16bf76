"""`/metrics` as Prometheus reads it, with the examples of docs/operating.md."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import ROOT, run_muster
from Tests.ports import free_ports

SECONDS = 20
TOKEN = "change-me-change-me"
EXAMPLES = ROOT / "docs/examples"
FOLDER = pathlib.Path(os.environ.get("MUSTER_PROMETHEUS", ROOT / ".build/prometheus/usr/bin"))


def program(name):
    """Prometheus and its tool come in one package, which need not be installed: scripts/test unpacks it."""
    path = shutil.which(name, path=f"{FOLDER}:{os.environ.get('PATH', '')}")
    if path is None:
        pytest.skip(f"{name} is not there: scripts/test fetches it")
    return path


def get(url, **fields):
    with urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=SECONDS) as answer:
        return answer.read().decode()


class Prometheus:
    """Prometheus with the example's settings, on ports of our own, reading as often as it can."""

    def __init__(self, folder, target):
        settings = (EXAMPLES / "prometheus.yml").read_text()
        for own, real in (("127.0.0.1:7777", target), ("scrape_interval: 15s", "scrape_interval: 1s\n  scrape_timeout: 1s")):
            assert own in settings
            settings = settings.replace(own, real)
        (folder / "prometheus.yml").write_text(settings)
        shutil.copy(EXAMPLES / "muster.rules.yml", folder)
        port = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    def ask(self, path):
        """The answer's data; None while it does not answer yet."""
        assert self.process.poll() is None, self.printed()
        try:
            answer = json.loads(get(f"{self.url}/api/v1/{path}"))
        except urllib.error.HTTPError as refused:
            answer = json.loads(refused.read())
        except (urllib.error.URLError, ConnectionError):
            return None
        assert answer["status"] == "success", (path, answer)
        return answer["data"]

    def query(self, expression):
        """The expression's value of each series, by its labels; nothing while there is none."""
        data = self.ask("query?" + urllib.parse.urlencode({"query": expression}))
        return [(row["metric"], float(row["value"][1])) for row in data["result"]] if data else []

    def printed(self):
        self.log.seek(0)
        return self.log.read()

    def end(self):
        self.process.kill()
        self.process.wait()


def test_prometheus_reads_what_bots_have_done_and_the_dashboard_asks_for_what_is_there(start_server, tmp_path):
    server = start_server(MUSTER_METRICS_TOKEN=TOKEN)
    prometheus = Prometheus(tmp_path, f"{server.host}:{server.port}")
    try:
        bots = run_muster("bots", "--server", server.url, "--count", "4", "--lobbies", "2", "--seconds", "3", cwd=tmp_path)
        assert bots.returncode == 0, bots.stderr
        while not (joins := prometheus.query("muster_joins_total")) or joins[0][1] < 4:
            pass
        labels, value = joins[0]
        assert value == 4 and labels["instance"] == f"{server.host}:{server.port}"
        assert prometheus.query("muster_step_lateness_seconds_count")[0][1] > 0
        assert prometheus.query("process_resident_memory_bytes")[0][1] > 1_000_000
        assert {target["health"] for target in prometheus.ask("targets")["activeTargets"]} == {"up"}
        rules = prometheus.ask("rules")["groups"][0]["rules"]
        assert len(rules) == (EXAMPLES / "muster.rules.yml").read_text().count("- alert:")
        for rule in rules:
            assert rule["type"] == "alerting" and not rule.get("lastError")
        dashboard = json.loads((EXAMPLES / "grafana.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "1m")
                for name in re.findall(r"\b(?:muster|process)_\w+", expression):
                    assert prometheus.query(f"count({name})"), name
                prometheus.query(expression)
    finally:
        prometheus.end()


def test_the_page_is_as_promtool_wants_it(server):
    page = get(f"{server.url}/metrics")
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=page, capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr


def test_the_examples_are_as_promtool_wants_them():
    for kind, name in (("rules", "muster.rules.yml"), ("config", "prometheus.yml")):
        checked = subprocess.run([program("promtool"), "check", kind, EXAMPLES / name], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def test_health_says_apart_whether_it_lives_and_whether_it_is_ready(server):
    assert get(f"{server.url}/health/live") == "ok\n" and get(f"{server.url}/health/ready") == "ok\n"


def test_the_token_of_metrics_is_a_secret(tmp_path):
    refused = run_muster("host", "--metrics-token", TOKEN, cwd=tmp_path)
    assert refused.returncode == 2 and TOKEN not in refused.stderr + refused.stdout
    printed = run_muster("host", "--print-config", cwd=tmp_path, MUSTER_METRICS_TOKEN=TOKEN)
    assert printed.returncode == 0 and '"metrics.token": {"value":"(set)"' in printed.stdout
    short = run_muster("host", cwd=tmp_path, MUSTER_METRICS_TOKEN="short-secret")
    assert short.returncode == 2 and "metrics.token" in short.stderr and "short-secret" not in short.stderr
