"""Reads what `llvm-cov export` says of the wire modules and prints how much of each was reached: see scripts/coverage.

A region counts once, however many functions it was compiled into. The message of a `precondition` is no region here: no
input may ever reach one. With `--missed` the regions that nothing reached are listed, too.
"""

import json
import pathlib
import sys

LEAST_PERCENT = 97
MODULES = ["ByteKit", "Compression", "HTTPCore", "JSONCore", "MessagePackCore", "SocketIOCore", "WebSocketCore"]
SOURCES = pathlib.Path(__file__).resolve().parents[2] / "protocol/Sources"
CODE_REGION = 0


def regions(export):
    """How often each region of the modules ran, by file and place."""
    counts = {}
    for function in export["data"][0]["functions"]:
        for line, column, end_line, end_column, count, file_id, _, kind in function["regions"]:
            path = pathlib.Path(function["filenames"][file_id])
            if kind == CODE_REGION and path.is_relative_to(SOURCES) and path.relative_to(SOURCES).parts[0] in MODULES:
                place = (path, line, column, end_line, end_column)
                counts[place] = counts.get(place, 0) + count
    return counts


def is_message(lines, line, column):
    """Whether a region is the text of a precondition: a literal, on the call's line or the two below it."""
    call = " ".join(lines[max(0, line - 3) : line])
    return lines[line - 1][column - 1 :].startswith('"') and "precondition" in call


def main():
    counts = regions(json.load(sys.stdin))
    texts = {path: path.read_text().split("\n") for path in {place[0] for place in counts}}
    reached = {module: [] for module in MODULES}
    for place in sorted(counts):
        path, line, column = place[:3]
        if not is_message(texts[path], line, column):
            reached[path.relative_to(SOURCES).parts[0]].append((place, counts[place] > 0))
    passes = True
    print("| module | regions | not reached | reached |\n|---|---|---|---|")
    for module, places in reached.items():
        missed = [place for place, is_reached in places if not is_reached]
        percent = 100 - 100 * len(missed) / len(places)
        passes = passes and percent >= LEAST_PERCENT
        print(f"| {module} | {len(places)} | {len(missed)} | {percent:.2f} % |")
        if "--missed" in sys.argv:
            for path, line, column, *_ in missed:
                print(f"    {path.relative_to(SOURCES)}:{line}:{column}: {texts[path][line - 1].strip()}")
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
