import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { ACTIONS, actionData } from "../../Sources/ServerCore/Web/Files/admin/actions.js";
import { changes } from "../../Sources/ServerCore/Web/Files/admin/changes.js";
import { bytes, count, duration, milliseconds } from "../../Sources/ServerCore/Web/Files/admin/format.js";
import { ceiling, path, roomFor } from "../../Sources/ServerCore/Web/Files/admin/plot.js";

suite("Numbers as people read them", () => {
  const cases = [
    [bytes, [[0, "0 B"], [999, "999 B"], [999.6, "1.00 kB"], [22_840, "22.8 kB"], [998_600, "999 kB"], [1_000_000, "1.00 MB"], [5e12, "5.00 TB"]]],
    [milliseconds, [[undefined, "–"], [0, "0.00 ms"], [3.741, "3.74 ms"], [33.44, "33.4 ms"], [999.2, "999 ms"], [1500, "1.5 s"]]],
    [count, [[0, "0"], [999, "999"], [1000, "1 000"], [1234567, "1 234 567"]]],
    [duration, [[0, "0 s"], [59.6, "1 min"], [61, "1 min 1 s"], [3600, "1 h"], [7503, "2 h 5 min"], [86400 * 3 + 60, "3 d"], [-4, "0 s"]]],
  ];
  for (const [format, pairs] of cases) {
    test(format.name, () => pairs.forEach(([value, text]) => assert.equal(format(value), text)));
  }
});

suite("What is sent for an action (protocol/spec/admin.md §4.2)", () => {
  const target = { lobby: "yard", seat: 3 };
  const sent = (name, typed) => actionData(ACTIONS[name], target, typed);

  test("numbers as numbers, checks only where they are set, and nothing that was left empty", () => {
    assert.deepEqual(sent("ban", { seconds: "60", everywhere: false, reason: " spoils it " }), { ...target, seconds: 60, reason: "spoils it" });
    assert.deepEqual(sent("ban", { seconds: "", everywhere: true, reason: "" }), { ...target, everywhere: true });
  });

  test("zero is a number, too", () => assert.deepEqual(sent("mute", { seconds: "0", reason: "" }), { ...target, seconds: 0 }));

  test("what is fixed is sent whatever was typed", () => {
    assert.deepEqual(sent("resume", { paused: true, reason: "" }), { ...target, paused: false });
  });

  test("a season without a name is none, and said to be", () => {
    assert.deepEqual(actionData(ACTIONS.season, {}, { season: "", reason: "" }), { season: "" });
    assert.deepEqual(actionData(ACTIONS.season, {}, { season: " spring ", reason: "new" }), { season: "spring", reason: "new" });
  });

  test("every action is one of the API, takes what the API takes, and the API has no other that players feel", () => {
    const { paths } = JSON.parse(readFileSync(new URL("../../protocol/spec/openapi.json", import.meta.url)));
    const verbs = Object.entries(paths).filter(([at, { post }]) => at.startsWith("/api/admin/") && post).map(([at]) => at.slice(11));
    const used = new Set(Object.values(ACTIONS).map(({ verb }) => verb));
    assert.deepEqual([...used, "login", "logout"].sort(), verbs.sort());
  });
});

suite("What has happened between two looks at a lobby", () => {
  const lobby = (rows, more = {}) => ({
    phase: "running", round: 1, paused: false, stepsDropped: 0, ...more,
    seatRows: rows.map(([seat, name, state = "connected", resumes = 0, mutedSeconds]) => ({ seat, name, state, resumes, mutedSeconds })),
  });
  const cases = [
    ["nothing was seen before", null, lobby([[0, "ann"]]), []],
    ["nothing", lobby([[0, "ann"]]), lobby([[0, "ann"]]), []],
    ["somebody comes", lobby([]), lobby([[1, "bob"]]), ["bob has come to seat 1"]],
    ["somebody goes", lobby([[1, "bob"]]), lobby([]), ["bob has left seat 1"]],
    ["another one sits there", lobby([[1, "bob"]]), lobby([[1, "eve"]]), ["bob has left seat 1", "eve has come to seat 1"]],
    ["a line breaks", lobby([[1, "bob"]]), lobby([[1, "bob", "dropped"]]), ["bob has lost the connection"]],
    ["a player is back", lobby([[1, "bob", "dropped"]]), lobby([[1, "bob", "connected", 1]]), ["bob is back"]],
    ["a seat is kept", lobby([]), lobby([[2, "", "reserved"]]), ["seat 2 is kept for somebody"]],
    ["a mute", lobby([[1, "bob"]]), lobby([[1, "bob", "connected", 0, 9]]), ["bob is muted"]],
    ["a mute goes on", lobby([[1, "b", "connected", 0, 9]]), lobby([[1, "b", "connected", 0, 8]]), []],
    ["a mute ends", lobby([[1, "b", "connected", 0, 9]]), lobby([[1, "b"]]), ["b may talk again"]],
    [
      "the lobby itself", lobby([]), lobby([], { phase: "finished", round: 2, paused: true, locked: true, stepsDropped: 3 }),
      ["the match is finished", "round 2 begins", "paused", "locked", "3 steps dropped"],
    ],
    ["an admin's pause", lobby([]), lobby([], { paused: true, pause: { by: "ann", reason: "", seconds: 0 } }), ["paused by ann"]],
  ];
  for (const [name, before, after, told] of cases) test(name, () => assert.deepEqual(changes(before, after), told));
});

suite("Plots", () => {
  test("the top is the next of 1, 2, 5, 10", () => {
    const tops = [[[[]], 1], [[[0, null]], 1], [[[3], [4]], 5], [[[0.11]], 0.2], [[[50]], 50], [[[51]], 100], [[[1000]], 1000]];
    for (const [series, top] of tops) assert.ok(Math.abs(ceiling(series) - top) < 1e-9, `${series} ${ceiling(series)}`);
  });

  test("the newest is at the right edge, and a line is broken where there is no value", () => {
    const size = { width: 30, height: 10 };
    assert.equal(path([0, 10, null, 5], 10, 4, size), "M0.0 10.0h0L10.0 0.0M30.0 5.0h0");
    assert.equal(path([10], 10, 4, size), "M30.0 0.0h0");
    assert.equal(path([], 10, 4, size), "");
  });

  test("they show two minutes at first, then all there is, an hour at most", () => {
    assert.deepEqual([0, 6, 12, 13, 360, 400].map((count) => roomFor(count, 360)), [12, 12, 12, 13, 360, 360]);
  });
});
