import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, suite, test } from "node:test";
import { LobbyList } from "../list.js";

let [ways, told] = [[], []];
const last = () => ways.at(-1);
const way = (name) => (server, query, hooks) => {
  const made = { name, server, query, ...hooks, isClosed: false };
  ways.push(made);
  return () => { made.isClosed = true; };
};

function open(options = { ways: [way("first"), way("second")] }, query = { game: "arena", metadata: { mode: "a b" } }) {
  const list = new LobbyList("http://a.example", query, options);
  list.onChange = (rows) => told.push(rows.map(({ id, players }) => `${id}${players}`).join(" "));
  list.onState = (state) => told.at(-1) !== state && state === "lost" && told.push(state);
  list.open();
  return list;
}

const row = (id, players) => ({ id, game: "arena", players, seats: 16 });
const settled = () => new Promise(setImmediate);

beforeEach(() => {
  [ways, told] = [[], []];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
});

suite("The list of lobbies, kept up to date (protocol/spec/lobby.md §5.6)", () => {
  test("what is new, has changed and has gone, in the order of the ids", () => {
    open();
    assert.deepEqual(last().query, { game: "arena", metadata: { mode: "a b" } });
    last().news({ lobbies: [row("b", 1), row("a", 2)], whole: true });
    last().news({ lobbies: [row("c", 1), row("b", 3)] });
    last().news({ lobbies: [], removed: ["a", "gone"] });
    last().news({ lobbies: [row("d", 1)], whole: true });
    assert.deepEqual(told, ["a2 b1", "a2 b3 c1", "b3 c1", "d1"]);
  });

  test("a way that was never heard is followed by the next at once, and one that was is tried again", () => {
    open();
    last().lost();
    mock.timers.tick(0);
    assert.deepEqual(ways.map(({ name }) => name), ["first", "second"]);
    last().news({ lobbies: [row("a", 1)], whole: true });
    last().lost();
    mock.timers.tick(250);
    assert.deepEqual(ways.map(({ name }) => name), ["first", "second", "second"]);
    assert.deepEqual([told, ways[1].isClosed], [["a1"], true]);
  });

  test("when no way is left it is said, and tried later; what a way says afterwards is nobody's", () => {
    const list = open();
    const [first] = ways;
    last().lost();
    mock.timers.tick(0);
    last().lost();
    assert.deepEqual(told, ["lost"]);
    first.news({ lobbies: [row("a", 1)], whole: true });
    first.lost();
    mock.timers.tick(250);
    assert.equal(ways.length, 3);
    list.close();
    assert.ok(last().isClosed);
    last().news({ lobbies: [row("a", 1)], whole: true });
    mock.timers.tick(10000);
    assert.deepEqual([told, ways.length], [["lost"], 3]);
  });
});

suite("The ways to it", () => {
  const before = { WebSocket: globalThis.WebSocket, EventSource: globalThis.EventSource, fetch: globalThis.fetch };
  let [sockets, sources, asked] = [[], [], []];
  beforeEach(() => {
    [sockets, sources, asked] = [[], [], []];
    globalThis.WebSocket = class {
      constructor(url) { sockets.push(Object.assign(this, { url: url.href, said: [], isClosed: false })); }
      send(text) { this.said.push(JSON.parse(text)); }
      say(event, data) { this.onmessage({ data: JSON.stringify({ event, data }) }); }
      close() { this.isClosed = true; }
    };
    globalThis.EventSource = class extends EventTarget {
      constructor(url) { sources.push(Object.assign(super(), { url: url.href, close: () => { this.isClosed = true; } })); }
    };
    globalThis.fetch = async (url) => {
      asked.push(url.href);
      return { ok: true, json: async () => [row("asked", 1)] };
    };
  });
  afterEach(() => Object.assign(globalThis, before));

  test("over a WebSocket it subscribes, and renews that; a server that does not answer is lost", () => {
    open({});
    const [socket] = sockets;
    assert.equal(socket.url, "ws://a.example/lobby/~quick");
    socket.onopen();
    const wish = { event: "subscribe", data: { game: "arena", metadata: { mode: "a b" } }, id: 1 };
    assert.deepEqual(socket.said, [wish]);
    socket.say("ack", null);
    socket.say("lobbies", { lobbies: [row("a", 1)], whole: true });
    mock.timers.tick(20000);
    assert.deepEqual(socket.said, [wish, wish]);
    mock.timers.tick(20000);
    assert.deepEqual([socket.said.length, socket.isClosed], [2, true]);
    mock.timers.tick(250);
    assert.equal(sockets.length, 2);
  });

  test("without a WebSocket it is an event stream, and without that it is asked for", async () => {
    const list = open({});
    sockets[0].onclose();
    mock.timers.tick(0);
    assert.equal(sources[0].url, "http://a.example/api/lobbies?game=arena&metadata.mode=a+b");
    sources[0].dispatchEvent(new MessageEvent("lobbies", { data: JSON.stringify({ lobbies: [row("s", 1)], whole: true }) }));
    assert.deepEqual(told, ["s1"]);
    list.close();
    open({});
    sockets[1].onopen();
    sockets[1].say("exception", { message: "as many have subscribed as may", id: 1 });
    mock.timers.tick(0);
    sources[1].onerror();
    mock.timers.tick(0);
    await settled();
    assert.deepEqual([asked, told.at(-1)], [["http://a.example/api/lobbies?game=arena&metadata.mode=a+b"], "asked1"]);
    mock.timers.tick(4000);
    await settled();
    assert.equal(asked.length, 2);
  });
});
