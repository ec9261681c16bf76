"""Measures what snapshots cost on two recordings, prints it, and writes it into docs/performance.md with a plot.

Called by scripts/bench-snapshots, which builds what is measured. Standard library only.
"""

import argparse
import json
import lzma
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "images" / "snapshots.svg"
BEGIN, END = "<!-- scripts/bench-snapshots writes from here -->", "<!-- to here, scripts/bench-snapshots -->"

# Name, options, which member has the bytes, must, reach; must and reach of encoding and of decoding in ns an entity.
RULES = [
    ("in order", [], "bytes_per_message", 180, 170, (16, 10), (25, 15)),
    ("every third frame", ["--every", "3"], "bytes_per_message", 305, 285, None, None),
    ("baseline 6 frames old", ["--baseline", "6"], "bytes_per_message", 380, 306, (16, 10), (25, 15)),
    ("catch-up after 6 frames, with steps", ["--behind", "6"], "catch_up_bytes", 600, 560, None, None),
    ("catch-up after 60 frames, with steps", ["--behind", "60"], "catch_up_bytes", 1050, 950, None, None),
    ("keyframe, of every frame", ["--baseline", "0"], "bytes_per_message", 3300, 2800, None, None),
]
UNTRAINED = [("in order, generic tables", []), ("in order, codec 0", ["--codec", "0"])]


def unpacked(folder, recordings, name):
    """The recording's file, unpacked."""
    for path in (recordings / f"{name}.bin", recordings / name):
        if path.exists():
            return path
    path = folder / f"{name}.bin"
    path.write_bytes(lzma.decompress((recordings / f"{name}.bin.xz").read_bytes()))
    return path


def measured(muster, path, options, member, rounds):
    """Bytes of a message, and the medians of several runs' times and ratios."""
    runs = []
    for _ in range(rounds):
        result = subprocess.run(
            [muster, "snapshots", "measure", path, *options, "--json"], check=True, capture_output=True, text=True)
        runs.append(json.loads(result.stdout))
    assert all(run["exact"] for run in runs), f"{path}: a frame was not decoded to what it was"
    return {
        "bytes": runs[0][member],
        "messages": runs[0]["messages"],
        **{name: statistics.median(run[name] for run in runs) for name in (
            "encode_ns_per_entity", "decode_ns_per_entity", "encode_to_plain", "decode_to_plain")},
    }


def verdict(value, must, reach):
    return "reached" if value <= reach else "met" if value <= must else "**missed**"


def table(rows):
    lines = [
        "| messages | bytes | must | reach | | encode, ns an entity (to a plain pass) | decode |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one, other, must, reach in rows:
        times = [
            f"{one[f'{kind}_ns_per_entity']:.1f} ({one[f'{kind}_to_plain']:.1f}),"
            f" {other[f'{kind}_ns_per_entity']:.1f} ({other[f'{kind}_to_plain']:.1f})" for kind in ("encode", "decode")]
        goal = f"≤ {must:,} | {reach:,} | {verdict(max(one['bytes'], other['bytes']), must, reach)}" if must else " | | "
        lines.append(f"| {name} | {one['bytes']:,.1f}, {other['bytes']:,.1f} | {goal} | {times[0]} | {times[1]} |")
    return lines


STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #52514e }
  .title { font-weight: 600; fill: #0b0b0b }
  .value { fill: #0b0b0b }
  .bar { fill: #2a78d6 }
  .ring { fill: none; stroke: #0b0b0b; stroke-width: 1.5 }
  .must { stroke: #c3352b; stroke-width: 2 }
  .axis { stroke: #8a8984; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #c3c2b7 } .title, .value { fill: #f4f3ee } .bar { fill: #3987e5 }
    .ring { stroke: #f4f3ee } .must { stroke: #ff8278 } .axis { stroke: #8a8984 }
  }
"""
LEFT, WIDTH, ROW, HEAD = 250, 380, 26, 34


def panel(title, bars, top):
    """Bars from 0 with what they must keep; `bars` are name, value, the other recording's, must, and how to write it."""
    most = max(max(value, other, must or 0) for _, value, other, must, _ in bars) * 1.02
    place = lambda value: LEFT + WIDTH * value / most
    parts = [f'<text class="title" x="0" y="{top + 14}">{title}</text>']
    for index, (name, value, other, must, form) in enumerate(bars):
        y = top + HEAD + index * ROW
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{name}</text>')
        parts.append(f'<rect class="bar" x="{LEFT}" y="{y - 6}" width="{place(value) - LEFT:.1f}" height="12" rx="2"/>')
        parts.append(f'<circle class="ring" cx="{place(other):.1f}" cy="{y}" r="4"/>')
        if must:
            parts.append(f'<line class="must" x1="{place(must):.1f}" x2="{place(must):.1f}" y1="{y - 10}" y2="{y + 10}"/>')
        label = f"{value:{form}}" + (f" of {must:,}" if must else "")
        parts.append(f'<text class="value" x="{LEFT + WIDTH + 14}" y="{y + 4}">{label}</text>')
    end = top + HEAD + len(bars) * ROW - 10
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{top + HEAD - 12}" y2="{end}"/>')
    return parts, end + 20


def plot(rows, times):
    small = [(name, one["bytes"], other["bytes"], must, ",.0f") for name, one, other, must, _ in rows]
    parts, top = [], 0
    for title, bars in [
        ("Bytes of a message", small[:-1]), ("Bytes of a keyframe", small[-1:]), ("Nanoseconds for each of 901 entities", times)
    ]:
        more, top = panel(title, bars, top)
        parts += more
    parts.append(
        f'<text x="0" y="{top + 8}">bar: cubes_a with tables trained on cubes_b · ring: the reverse ·'
        " red line: what must be kept</text>")
    width, height = LEFT + WIDTH + 120, top + 20
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" aria-label="What snapshots cost in bytes and time">',
        f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--muster", required=True)
    parser.add_argument("--recordings", required=True, type=pathlib.Path, help="the folder of cubes_a and cubes_b, .bin or .bin.xz")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, and nothing is written")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    with tempfile.TemporaryDirectory() as temporary:
        a, b = (unpacked(pathlib.Path(temporary), arguments.recordings, name) for name in ("cubes_a", "cubes_b"))

        def both(options, member, trained=True):
            return [
                measured(arguments.muster, one, [*options, *(["--train", other] if trained else [])], member, rounds)
                for one, other in ((a, b), (b, a))]

        rows, times = [], []
        for name, options, member, must, reach, encode, decode in RULES:
            one, other = both(options, member)
            rows.append((name, one, other, must, reach))
            for kind, goal in (("encode", encode), ("decode", decode)):
                if goal:
                    value = f"{kind}_ns_per_entity"
                    times.append((f"{kind}, {name}", one[value], other[value], goal[0], ".1f"))
        plain = [(name, *both(options, "bytes_per_message", trained=False), None, None) for name, options in UNTRAINED]
    runs = "one run" if rounds == 1 else f"{rounds} runs"
    lines = [f"Release build, {runs} of each; first `cubes_a`, then `cubes_b`.", "", *table(rows + plain)]
    print("\n".join(lines))
    if arguments.quick:
        return
    PLOT.write_text(plot(rows, times))
    text = DOCUMENT.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    DOCUMENT.write_text(text[:start] + "\n\n" + "\n".join(lines) + "\n\n" + text[end:])


main()
