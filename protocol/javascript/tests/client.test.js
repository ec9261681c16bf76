// The lobby client over a transport made of nothing, in time that the tests pass.

import assert from "node:assert/strict";
import { beforeEach, mock, suite, test } from "node:test";
import { LobbyClient, RefusedError } from "../muster.js";
import { badDelta, delta, JOINED, keyframe } from "./worlds.js";

/** What one connection was told to do, and the hooks to speak through. */
class Fake {
  constructor(server, lobby, request, hooks) {
    Object.assign(this, { server, lobby, request, hooks, said: [], sent: [], isClosed: false });
  }
  emit(event, data, id) { this.said.push({ event, data, id }); }
  send(message) { this.sent.push([...message]); }
  close() { this.isClosed = true; }
}

let [links, states, now] = [[], [], 0];
const last = () => links.at(-1);
const transport = (name) => Object.defineProperty((...all) => {
  links.push(Object.assign(new Fake(...all), { name }));
  return last();
}, "name", { value: name });

function pass(ms) {
  for (let rest = ms; rest > 0; rest -= 10) {
    now += 10;
    mock.timers.tick(10);
  }
}

function start(request = {}, options = {}) {
  const client = new LobbyClient("http://a.example", "abc", request, {
    transports: [transport("first"), transport("second")], now: () => now, ...options,
  });
  client.onState = (state, text) => states.push([state, text]);
  client.join();
  return client;
}

function seated(request) {
  const client = start(request);
  last().hooks.event("joined", JOINED);
  return client;
}

const waits = () => states.at(-1)[0] === "lost";

beforeEach(() => {
  [links, states, now] = [[], [], 1000];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1000 });
});

suite("A seat in a lobby (protocol/spec/lobby.md)", () => {
  test("the first thing said is the join, and snapshots become states", () => {
    const client = start({ name: "Ann", game: "probe" });
    assert.deepEqual(last().request, { name: "Ann", game: "probe", codec: 1 });
    const shown = [];
    client.onSnapshot = ({ tick, tables }) => shown.push([tick, tables[1].rows[0][0]]);
    last().hooks.event("joined", JOINED);
    last().hooks.snapshot(keyframe(11, 3));
    last().hooks.snapshot(delta(12, 4));
    assert.deepEqual(shown, [[11, 3], [12, 4]]);
    assert.deepEqual(states.map(([state]) => state), ["connecting", "playing"]);
  });

  test("a lost connection is taken up again with the token and the tick, and the seat's lobby", () => {
    const client = start({ name: "Ann" });
    last().hooks.event("joined", { ...JOINED, lobby: "CODE" });
    last().hooks.snapshot(keyframe(11));
    last().hooks.closed(1006, "");
    assert.deepEqual([waits(), client.isOver, links.length], [true, false, 1]);
    pass(400);
    assert.deepEqual([last().lobby, last().request], [
      "CODE", { name: "Ann", token: "t1", schema: JOINED.schemaHash, tick: 11, codec: 1 },
    ]);
    // What it has of the schema it is not sent again.
    const { schema: _, ...again } = JOINED;
    last().hooks.event("joined", { ...again, resumed: true, token: "t2" });
    last().hooks.snapshot(delta(12, 9));
    assert.deepEqual([client.state.tick, client.token], [12, "t2"]);
  });

  test("a seat that is another one begins without the old state", () => {
    const client = seated();
    last().hooks.snapshot(keyframe(11));
    client.cut();
    pass(400);
    last().hooks.event("joined", { ...JOINED, resumed: false, tick: 3 });
    assert.equal(client.state, null);
  });

  test("the pauses grow, are never the same, and no longer than 8 s", () => {
    const pauses = [];
    const client = seated();
    for (let round = 0; round < 12; round += 1) {
      last().hooks.closed(1006, "");
      // Nobody answers: both transports are tried in each round.
      if (round > 0) {
        pass(10);
        last().hooks.closed(1006, "");
      }
      pauses.push(client.nextTry.at - Date.now());
      pass(8010);
    }
    assert.ok(pauses[0] <= 250 && pauses.every((pause, at) => pause <= 8000 && pause >= 125 * 2 ** Math.min(at, 5)));
    assert.ok(pauses.at(-1) >= 4000 && new Set(pauses.slice(-6)).size === 6);
  });

  test("a transport that is not answered gives way to the next at once, and what works is kept", () => {
    const client = start();
    assert.equal(last().name, "first");
    last().hooks.closed(1006, "");
    pass(10);
    assert.deepEqual([last().name, client.transport], ["second", "second"]);
    last().hooks.event("joined", JOINED);
    last().hooks.closed(1006, "");
    pass(300);
    assert.equal(last().name, "second");
  });

  test("when every transport has failed, the rounds are counted", () => {
    const client = start();
    last().hooks.closed(1006, "");
    pass(10);
    last().hooks.closed(1006, "");
    assert.equal(client.nextTry.rounds, 1);
    pass(300);
    last().hooks.event("joined", JOINED);
    assert.equal(client.nextTry.rounds, 0);
  });

  for (const [code, text] of [
    [4003, "kicked"], [4006, "playing from another connection"], [4012, "the password is another"],
    [4019, "the game is another version: load the page anew"],
  ]) {
    test(`close code ${code} ends it: ${text}`, () => {
      const client = seated();
      last().hooks.closed(code, "");
      assert.deepEqual([states.at(-1), client.isOver, client.code], [["over", text], true, code]);
      pass(20000);
      assert.equal(links.length, 1);
    });
  }

  test("who is kicked is told why", () => {
    seated();
    last().hooks.event("kicked", { reason: "be kind" });
    last().hooks.closed(4003, "");
    assert.deepEqual(states.at(-1), ["over", "kicked: be kind"]);
  });

  for (const code of [4001, 4014, 4015]) {
    test(`a token that is refused with ${code} is left out of the next join; without one it is over`, () => {
      const client = seated();
      last().hooks.closed(1006, "");
      pass(300);
      assert.equal(last().request.token, "t1");
      last().hooks.closed(code, "");
      pass(600);
      assert.equal(last().request.token, undefined);
      last().hooks.closed(code, "no");
      assert.deepEqual([client.isOver, states.at(-1)], [true, ["over", "no"]]);
    });
  }

  test("after a state with another hash a keyframe is asked for, and deltas wait for it", () => {
    const client = seated();
    last().hooks.snapshot(keyframe(11));
    last().hooks.snapshot(badDelta(12));
    assert.deepEqual([client.state.tick, last().sent.at(-1)], [11, [10, 1]]);
    last().hooks.snapshot(delta(12, 1));
    assert.deepEqual([client.state.tick, last().sent.length], [11, 1]);
    last().hooks.snapshot(keyframe(13));
    last().hooks.snapshot(delta(14, 2));
    assert.equal(client.state.tick, 14);
  });

  test("a delta that does not fit asks for a keyframe, and an unknown kind is ignored", () => {
    const client = seated();
    last().hooks.snapshot(Uint8Array.of(5, 1, 2));
    assert.equal(last().sent.length, 0);
    last().hooks.snapshot(delta(12, 1));
    assert.deepEqual([client.state, last().sent], [null, [[10, 2]]]);
  });

  test("a silent server is asked for a sign of life, and then given up", () => {
    const client = seated();
    pass(1500);
    assert.deepEqual(last().said, []);
    pass(1500);
    assert.deepEqual(last().said.map(({ event }) => event), ["players"]);
    last().hooks.answer(1, null, { players: [] });
    assert.equal(client.silence, 0);
    pass(2600);
    assert.equal(last().said.length, 2);
    pass(6000);
    assert.deepEqual([waits(), links[0].isClosed], [true, true]);
  });

  test("who waits for a match is not taken for dead", () => {
    start();
    last().hooks.event("queued", { seconds: 60 });
    pass(60000);
    assert.deepEqual([states.at(-1)[0], links.length], ["queued", 1]);
  });

  test("who says nothing acknowledges twice a second", () => {
    seated();
    last().hooks.snapshot(keyframe(11));
    pass(1000);
    assert.deepEqual(last().sent, [[9, 11], [9, 11]]);
  });

  test("who sends inputs acknowledges with them", () => {
    const client = seated();
    last().hooks.snapshot(keyframe(11));
    for (let index = 0; index < 10; index += 1) {
      client.input({});
      pass(100);
    }
    assert.ok(last().sent.every(([kind]) => kind === 0x18));
  });

  test("answers and refusals come to who has asked; what is open when the line breaks is refused", async () => {
    const client = seated();
    const [first, second, third] = [client.ask("chat", { text: "a" }), client.ask("ready"), client.ask("start")];
    const [one, two] = last().said.map(({ id }) => id);
    last().hooks.answer(two, { message: "not now", code: "not-now" });
    last().hooks.answer(one, null, { text: "a" });
    client.cut();
    assert.deepEqual(await first, { text: "a" });
    await assert.rejects(second, (error) => error instanceof RefusedError && error.code === "not-now");
    await assert.rejects(third, RefusedError);
    await assert.rejects(client.ask("ready"), RefusedError);
  });

  test("inputs go in binary with what was seen, and now and then as JSON, which tells the clock", async () => {
    const client = seated();
    last().hooks.snapshot(keyframe(11));
    client.input({ dx: 1, fire: true }, { tick: 14, seen: 9.7 });
    assert.deepEqual(last().said[0].data, { input: { dx: 1, fire: true }, sequence: 1, tick: 14, seen: 9 });
    client.input({ dx: -1 }, { tick: 15 });
    assert.deepEqual(last().sent.at(-1), [0x18, 11, 15, 2, 0]);
    now += 40;
    last().hooks.answer(last().said[0].id, null, { accepted: true, tick: 12, age: 10, early: 3 });
    await null;
    await null;
    assert.equal(client.clock.roundTrip, 40);
    assert.ok(Math.abs(client.clock.tickAt(now) - (12 + 30 / 50)) < 1e-9);
  });

  test("what an older connection still says is nobody's", () => {
    const client = seated();
    const old = last();
    client.cut();
    pass(400);
    last().hooks.event("joined", { ...JOINED, token: "t2" });
    old.hooks.event("joined", { ...JOINED, token: "t3" });
    old.hooks.closed(4003, "");
    assert.deepEqual([client.isOver, client.token, states.at(-1)[0]], [false, "t2", "playing"]);
  });

  test("leaving gives the seat up, suspending does not", () => {
    const client = seated();
    client.leave();
    assert.deepEqual([last().said.at(-1).event, last().isClosed, client.isOver], ["leave", true, true]);
    seated().suspend();
    assert.deepEqual([last().said, last().isClosed], [[], true]);
  });

  test("the network's coming back, or the player's word, makes the next try at once", () => {
    const client = seated();
    client.cut();
    assert.ok(client.nextTry.at > Date.now());
    client.retry();
    assert.deepEqual([links.length, client.nextTry.at], [2, null]);
    pass(1000);
    assert.equal(links.length, 2);
  });

  test("a spectator says nothing to the game, and watches again when it is lost", () => {
    const { token, seat, resumed, ...shared } = JOINED;
    const client = start({ watch: true });
    assert.deepEqual(last().request, { watch: true, codec: 1 });
    last().hooks.event("joined", { ...shared, watching: true, delay: 10 });
    assert.deepEqual([client.isWatching, client.token, states.at(-1)[0]], [true, null, "playing"]);
    last().hooks.snapshot(keyframe(40));
    client.input({ dx: 1 });
    pass(1000);
    assert.deepEqual([last().sent, last().said], [[], []]);
    last().hooks.closed(1006, "");
    pass(1000);
    assert.deepEqual(last().request, { watch: true, codec: 1 });
    last().hooks.event("joined", { ...shared, watching: true, delay: 10 });
    assert.equal(client.state, null);
  });

  test("with each game of a lobby its ticks and the pace of inputs begin anew", () => {
    const client = start();
    last().hooks.event("joined", { ...JOINED, phase: "waiting", tick: 0 });
    pass(5000);
    assert.ok(client.clock.tickAt(now) > 99);
    last().hooks.event("phase", { phase: "running", round: 1 });
    assert.equal(client.clock.tickAt(now), 0);
    last().hooks.event("phase", { phase: "finished", round: 1, ticks: 600 });
    pass(50);
    assert.equal(client.clock.tickAt(now), 1);
  });
});
