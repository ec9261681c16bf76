import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BlendedWorld, Interpolator, Schema, World } from "../muster.js";
import { schema, state } from "./worlds.js";

const near = (a, b, off = 1e-9) => assert.ok(Math.abs(a - b) <= off, `${a} is not ${b}`);

suite("Entities by type and field", () => {
  test("numbers are in the game's units, by id", () => {
    const world = new World(schema, state(5, { 1: [10, 64, 100], 3: [20, 0, 50] }, 7));
    assert.deepEqual(world.all("player").map(({ id, x, health }) => [id, x, health]), [[1, 5, 100], [3, 10, 50]]);
    near(world.get("player", 1).turn, Math.PI / 2);
    assert.equal(world.get("player", 2), undefined);
    assert.equal(world.single("match").round, 7);
    assert.deepEqual([world.all("nothing"), world.ids("nothing"), world.tick], [[], [], 5]);
  });

  test("a field's name means nothing to an object", () => {
    const odd = Schema.parse("muster-schema 1\ntable t\nfield __proto__ int 0 5\nfield constructor bool\ninput\n");
    const made = new World(odd, { tick: 1, tables: [{ ids: [7], rows: [[3, 1]] }] }).get("t", 7);
    assert.deepEqual(Object.entries(made), [["id", 7], ["__proto__", 3], ["constructor", true]]);
    assert.ok(!("toString" in made) && !("hasOwnProperty" in made));
  });
});

suite("Between two states", () => {
  const from = state(10, { 1: [0, 250, 100], 2: [10, 0, 80] });
  const to = state(12, { 1: [20, 6, 50], 3: [40, 0, 10] });

  test("fixed numbers and angles move, by the shorter way round; whole numbers do not", () => {
    const one = new BlendedWorld(schema, from, to, 0.5).get("player", 1);
    near(one.x, 5);
    near(one.turn, 256 * 2 * Math.PI / 256);
    assert.equal(one.health, 100);
  });

  test("who goes stays until the later state, who comes is there from then on", () => {
    const ids = (part) => new BlendedWorld(schema, from, to, part).all("player").map(({ id }) => id);
    assert.deepEqual([ids(0.9), ids(1)], [[1, 2], [1, 3]]);
  });

  test("beyond the later state things move on", () => {
    near(new BlendedWorld(schema, from, to, 1.5).get("player", 1).x, 15);
  });

  test("what jumps is not moved", () => {
    const isJump = (type, a, b) => type === "player" && b.x - a.x > 5;
    assert.equal(new BlendedWorld(schema, from, to, 0.5, isJump).get("player", 1).x, 0);
    assert.equal(new BlendedWorld(schema, from, to, 1.5, isJump).get("player", 1).x, 10);
  });
});

suite("The display's moment", () => {
  const start = (options) => new Interpolator(schema, { tickRate: 20, snapshotRate: 20, ...options });
  /** States in which the player's x is the tick, a tick each 50 ms, that come late by `late(tick)`; what each frame saw. */
  function play(interpolator, ticks, late, until = ticks * 50) {
    const arrivals = Array.from({ length: ticks }, (_, at) => ({ tick: at + 1, at: (at + 1) * 50 + late(at + 1) }));
    const frames = [];
    for (let now = 0; now <= until; now += 1000 / 60) {
      while (arrivals.length && arrivals[0].at <= now) {
        const { tick, at } = arrivals.shift();
        interpolator.push(state(tick, { 1: [tick * 2 % 200, 0, 0] }), at);
      }
      const world = interpolator.sample(now);
      if (world) frames.push({ now, x: world.get("player", 1).x, tick: world.tick });
    }
    return frames;
  }

  test("even arrivals: one and a half snapshots behind, each frame the same way on", () => {
    const frames = play(start(), 60, () => 0).slice(30);
    for (const { now, tick, x } of frames) {
      near(tick, now / 50 - 1.5, 0.1);
      near(x, tick, 1e-6);
    }
  });

  test("uneven arrivals: it waits for most of them, and nothing stands or leaps", () => {
    const interpolator = start();
    const frames = play(interpolator, 99, (tick) => tick * 7919 % 40).slice(120);
    near(interpolator.jitter, 36, 6);
    const steps = frames.slice(1).map(({ x }, at) => x - frames[at].x);
    for (const step of steps) near(step, 1 / 3, 0.05);
  });

  test("when nothing comes things move on for 100 ms and then stand", () => {
    const frames = play(start(), 40, () => 0, 3000);
    near(frames.at(-1).tick, 42);
    assert.equal(frames.at(-1).x, 42);
  });

  test("after a pause of the line it goes on from what comes then", () => {
    const frames = play(start(), 99, (tick) => tick > 40 ? 1500 : 0, 99 * 50 + 1500);
    near(frames.at(-1).tick, 99 - 1.5, 0.5);
  });

  test("a type of every fourth snapshot moves as evenly as one of every snapshot, three snapshots later", () => {
    // The first type is taken where the snapshot's number is a multiple of 4, the second with an `i` of 1 one before it.
    const slow = Schema.parse("muster-schema 1\ntable rock every 4\nfield x fixed 0 1000 0.5\ntable tree every 4\nfield x fixed 0 1000 0.5\n"
      + "table bird\nfield x fixed 0 1000 0.5\ninput\n");
    const interpolator = new Interpolator(slow, { tickRate: 20, snapshotRate: 10 });
    const since = (number, place) => Math.max(Math.floor((number + place) / 4) * 4 - place, 1);
    for (let number = 1; number <= 40; number += 1) {
      const rows = [since(number, 0), since(number, 1), number].map((taken) => [[taken * 2 * 2]]);
      interpolator.push({ tick: number * 2, tables: rows.map((row) => ({ ids: [1], rows: row })) }, number * 100);
    }
    for (let tick = 40; tick < 70; tick += 0.25) {
      const world = interpolator.worldAt(tick);
      near(world.get("bird", 1).x, tick);
      near(world.get("rock", 1).x, tick - 6);
      near(world.get("tree", 1).x, tick - 6);
      assert.deepEqual([world.tick, [...world.ids("tree")], world.ids("nothing")], [tick, [1], []]);
    }
  });

  test("who of such a type comes or goes does so with what is shown of it", () => {
    const slow = Schema.parse("muster-schema 1\ntable rock every 2\nfield x fixed 0 100 0.5\ninput\n");
    const interpolator = new Interpolator(slow, { tickRate: 20, snapshotRate: 20 });
    const at = (tick, ids) => interpolator.push({ tick, tables: [{ ids, rows: ids.map(() => [0]) }] }, tick * 50);
    [[2, [1]], [3, [1]], [4, [2]], [5, [2]], [6, [2]]].forEach(([tick, ids]) => at(tick, ids));
    const seen = (tick) => [interpolator.worldAt(tick).all("rock").map(({ id }) => id), interpolator.worldAt(tick).ids("rock")];
    assert.deepEqual([seen(4.9), seen(5)], [[[1], [1]], [[2], [2]]]);
  });

  test("a rematch counts its ticks anew", () => {
    const interpolator = start();
    play(interpolator, 40, () => 0);
    interpolator.push(state(1, { 1: [0, 0, 0] }), 5000);
    assert.equal(interpolator.sample(5000).get("player", 1).x, 0);
  });
});
