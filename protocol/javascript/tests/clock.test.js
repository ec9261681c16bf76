import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputPacer, LobbyClock } from "../muster.js";

suite("The lobby's clock (protocol/spec/lobby.md §4.3)", () => {
  test("it is where the answer was, its age and half a round trip ago", () => {
    const clock = new LobbyClock(20, 100, 0);
    assert.equal(clock.tickAt(50), 101);
    clock.answered(1000, 1060, { tick: 200, age: 20 });
    assert.equal(clock.tickAt(1060), 201);
    assert.equal(clock.roundTrip, 60);
  });

  test("of ten answers the quickest counts", () => {
    const clock = new LobbyClock(20, 0, 0);
    clock.answered(0, 20, { tick: 10, age: 0 });
    clock.answered(100, 600, { tick: 13, age: 0 });
    assert.deepEqual([clock.roundTrip, clock.roundTripMin], [500, 20]);
    assert.ok(Math.abs(clock.tickAt(20) - 10.2) < 1e-9);
    for (let index = 0; index < 10; index += 1) clock.answered(1000, 1100, { tick: 30, age: 0 });
    assert.deepEqual([clock.roundTripMin, clock.tickAt(1100)], [100, 31]);
  });
});

suite("The pace of inputs", () => {
  const start = () => {
    const clock = new LobbyClock(20, 0, 0);
    clock.answered(0, 100, { tick: 1, age: 0 });
    return new InputPacer(clock);
  };
  /** The ticks of some seconds of frames at 60 a second, and the lead over the lobby at their end. */
  const run = (pacer, from, ms) => {
    const ticks = [];
    let now = from;
    for (; now < from + ms; now += 1000 / 60) ticks.push(...pacer.due(now));
    return { ticks, now, lead: pacer.tick - pacer.clock.tickAt(now) };
  };

  test("each tick comes once, in order, half a round trip and a bit ahead", () => {
    const { ticks, lead } = run(start(), 100, 5000);
    ticks.forEach((tick, at) => assert.equal(tick, ticks[0] + at));
    assert.ok(ticks.length >= 99 && ticks.length <= 102, `${ticks.length}`);
    assert.ok(Math.abs(lead - (1 + 1.5)) < 0.5, `${lead}`);
  });

  test("inputs that come too late are sent earlier, those that wait long a little later", () => {
    const pacer = start();
    const before = run(pacer, 100, 2000);
    pacer.answered(-2);
    const late = run(pacer, before.now, 3000);
    assert.ok(late.lead > before.lead + 3, `${late.lead}`);
    pacer.answered(6);
    const early = run(pacer, late.now, 3000);
    assert.ok(early.lead < late.lead - 0.4 && early.lead > late.lead - 1, `${early.lead}`);
    pacer.answered(undefined);
    pacer.answered(1.5);
    assert.ok(Math.abs(run(pacer, early.now, 1000).lead - early.lead) < 0.2);
  });

  test("no tick comes twice when the pace slows down", () => {
    const pacer = start();
    const first = run(pacer, 100, 1000);
    for (let index = 0; index < 5; index += 1) pacer.answered(8);
    const { ticks } = run(pacer, first.now, 3000);
    assert.ok(ticks.every((tick, at) => tick === first.ticks.at(-1) + 1 + at));
  });

  test("a lobby that was paused is followed at once, either way, and no tick comes twice", () => {
    const pacer = start();
    const before = run(pacer, 100, 1000);
    pacer.clock.answered(before.now, before.now, { tick: 500, age: 0 });
    const [first] = pacer.due(before.now + 1);
    assert.ok(first >= 500 && pacer.tick < 503);
    const behind = new LobbyClock(20, 400, before.now);
    pacer.clock = behind;
    assert.deepEqual(run(pacer, before.now + 2, 1000).ticks, []);
  });

  test("after a page that slept it goes on from now", () => {
    const pacer = start();
    const before = run(pacer, 100, 1000);
    const ticks = pacer.due(before.now + 60_000);
    assert.ok(ticks.length <= 8 && ticks.at(-1) > before.ticks.at(-1) + 1190);
  });

  test("however late inputs were, they are never sent further ahead than lobbies take them", () => {
    const pacer = start();
    const { now } = run(pacer, 100, 1000);
    for (let index = 0; index < 5; index += 1) pacer.answered(-20);
    run(pacer, now, 20_000);
    assert.ok(pacer.tick - pacer.clock.tickAt(now + 20_000) < 10, `${pacer.tick - pacer.clock.tickAt(now + 20_000)}`);
  });
});
