"""The quick part of the abuse battery (docs/abuse.md): every row that neither waits nor sends much."""

import json
import os
import subprocess
import sys

from conftest import BINARY, ROOT

SECONDS = 150
# Rows that fail for a defect that is known. Whoever mends it takes the row out.
KNOWN: dict[str, str] = {}


def test_every_quick_attack_ends_as_its_rule_says():
    run = subprocess.run(
        [sys.executable, "-m", "Tests.Abuse", "--quick", "--json", "--server", BINARY], cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(rows) > 40, run.stderr
    assert {row["row"] for row in rows if row["outcome"] == "FAIL"} == set(KNOWN), run.stderr
    assert "exit code" not in run.stderr and "Traceback" not in run.stderr, run.stderr
