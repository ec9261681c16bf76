"""Runs scenarios, each on a stage of its own."""

import argparse
import os
import time
import traceback

from .scenarios import SCENARIOS, Scene
from .stage import ROOT, run

HEAD = "| scenario | what happens | pass figure | found | verdict |\n| --- | --- | --- | --- | --- |"


def arguments(given):
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--scenario", action="append", help="C-11, say; may be repeated. All when left out")
    parser.add_argument("--server", default=os.environ.get("MUSTER_BINARY", ROOT / ".build/release/muster"))
    parser.add_argument("--long", action="store_true", help="as long as the plan wants: 10 minutes where here are 20 s")
    return parser.parse_args(given)


def attempt(scenario, asked):
    scene = Scene(str(asked.server), asked.long)
    try:
        scenario.play(scene)
    except Exception as error:  # a scenario that breaks has failed, and the others go on
        place = traceback.extract_tb(error.__traceback__)[-1]
        scene.broken.append(f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}:{place.lineno})")
    finally:
        scene.strike()
    return scene


def main(given=None):
    asked = arguments(given)
    wanted = [scenario for scenario in SCENARIOS if not asked.scenario or scenario.id in asked.scenario]
    if not wanted:
        print("there is no such scenario; there are: " + " ".join(scenario.id for scenario in SCENARIOS))
        return 2
    run("ip", "link", "set", "lo", "up")
    print(HEAD, flush=True)
    failed, begun = [], time.monotonic()
    for scenario in wanted:
        if scenario.elsewhere:
            print(f"| {scenario.id} | {scenario.what} | {scenario.figure} | – | not here: {scenario.elsewhere} |", flush=True)
            continue
        scene = attempt(scenario, asked)
        verdict = "pass" if not scene.broken else "FAIL: " + "; ".join(scene.broken)
        if scene.broken:
            failed.append(scenario.id)
        print(f"| {scenario.id} | {scenario.what} | {scenario.figure} | {'; '.join(scene.found)} | {verdict} |", flush=True)
    print(f"\n{len(wanted) - len(failed)} of {len(wanted)} scenarios hold or are elsewhere, {time.monotonic() - begun:.0f} s")
    for name in failed:
        print(f"FAIL {name}")
    return 1 if failed else 0
