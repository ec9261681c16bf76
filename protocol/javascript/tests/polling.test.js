// Long polling against a server made of one function.

import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { polling, webSocket } from "../muster.js";
import { eventPackets, parsePacket } from "../packets.js";

/** Everything that waits has come to pass. */
const settle = () => new Promise((done) => setImmediate(done));

let [posts, polls, told, refuses] = [[], [], [], false];
const hooks = {
  event: (name, data) => told.push(["event", name, data]),
  answer: (id, error, data) => told.push(["answer", id, error, data]),
  snapshot: (message) => told.push(["snapshot", ...message]),
  closed: (code, text) => told.push(["closed", code, text]),
  traffic: { bytesIn: 0, bytesOut: 0 },
};

/** The server says this, to the poll that waits. */
async function say(payload, status = 200) {
  polls.shift()(new Response(payload, { status }));
  await settle();
}

const actual = globalThis.fetch;
beforeEach(() => {
  [posts, polls, told, refuses] = [[], [], [], false];
  globalThis.fetch = (url, { method, body, signal } = {}) => new Promise((done, failed) => {
    signal?.addEventListener("abort", () => failed(signal.reason));
    if (method === "POST") {
      posts.push(body);
      done(new Response(refuses ? "no" : "ok", { status: refuses ? 400 : 200 }));
    } else if (url.searchParams.has("sid")) polls.push(done);
    else done(new Response('0{"sid":"s1","upgrades":[]}'));
  });
});
afterEach(() => { globalThis.fetch = actual; });

async function join() {
  const link = polling("http://a.example", "abc", { name: "Ann" }, hooks);
  await settle();
  return link;
}

suite("Long polling (protocol/spec/socketio.md §7)", () => {
  test("it opens a session, joins the namespace, and hears events and snapshots", async () => {
    await join();
    assert.deepEqual(posts, ['40/lobby/abc,{"name":"Ann"}']);
    await say('40/lobby/abc,{"sid":"x"}\x1e42/lobby/abc,["joined",{"seat":2}]');
    await say('451-/lobby/abc,["snapshot",{"_placeholder":true,"num":0}]\x1ebAQL/');
    assert.deepEqual(told, [["event", "joined", { seat: 2 }], ["snapshot", 1, 2, 255]]);
  });

  test("pings are answered, and what is said while a request is under way goes with the next", async () => {
    const link = await join();
    posts = [];
    await say("2");
    assert.deepEqual(posts, ["3"]);
    link.emit("chat", { text: "a" }, 7);
    link.send(Uint8Array.of(9, 11));
    link.emit("leave");
    await settle();
    assert.deepEqual(posts.slice(1), [
      '42/lobby/abc,7["chat",{"text":"a"}]',
      '451-/lobby/abc,["input",{"_placeholder":true,"num":0}]\x1ebCQs=\x1e42/lobby/abc,["leave",null]',
    ]);
  });

  test("answers are answers, and an error in one is a refusal", async () => {
    await join();
    await say('43/lobby/abc,7[{"text":"a"}]\x1e43/lobby/abc,8[{"error":"no","code":"muted"}]\x1e43/lobby/abc,9[null]');
    assert.deepEqual(told, [
      ["answer", 7, null, { text: "a" }],
      ["answer", 8, { message: "no", code: "muted" }, { error: "no", code: "muted" }],
      ["answer", 9, null, null],
    ]);
  });

  for (const [title, payload, code, text] of [
    ["a refusal has its code", '44/lobby/abc,{"message":"full","data":{"code":4007}}', 4007, "full"],
    ["a kick has a plain WebSocket's code", '42/lobby/abc,["kicked",{"reason":"r"}]\x1e41/lobby/abc,', 4003, "r"],
    ["the server's leaving is a lost connection", "1", 1006, ""],
  ]) {
    test(`${title}: ${code}`, async () => {
      await join();
      await say(payload);
      assert.deepEqual(told.at(-1), ["closed", code, text]);
      assert.equal(polls.length, 0);
    });
  }

  test("a poll or a post that fails is a lost connection, told once", async () => {
    await join();
    await say("no", 502);
    const link = await join();
    refuses = true;
    link.emit("leave");
    for (let turn = 0; turn < 5; turn += 1) await settle();
    assert.deepEqual(told, [["closed", 1006, ""], ["closed", 1006, ""]]);
  });

  test("who closes says so, after all that was said before, and hears nothing more", async () => {
    const link = await join();
    link.emit("leave");
    link.close();
    await settle();
    assert.deepEqual(posts.slice(1), ['42/lobby/abc,["leave",null]', "1"]);
    await say('42/lobby/abc,["chat",{}]');
    assert.deepEqual(told, []);
  });
});

suite("Packets as text (protocol/spec/socketio.md §3)", () => {
  test("they are read with and without namespace, id and value", () => {
    const read = (text) => Object.values(parsePacket(text));
    assert.deepEqual(read('2["a",1]'), [2, undefined, ["a", 1]]);
    assert.deepEqual(read('2/lobby/x,12["a\\n",{"b":[","]}]'), [2, 12, ["a\n", { b: [","] }]]);
    assert.deepEqual(read("1/lobby/x,"), [1, undefined, undefined]);
    assert.deepEqual(read('51-/lobby/x,["s",{"num":0}]'), [5, undefined, ["s", { num: 0 }]]);
    assert.deepEqual(read('2["/a,b"]'), [2, undefined, ["/a,b"]]);
  });

  test("bytes leave the JSON", () => assert.deepEqual(eventPackets("/a", "input", Uint8Array.of(0)), [
    '451-/a,["input",{"_placeholder":true,"num":0}]', "bAA==",
  ]));
});

suite("A plain WebSocket (protocol/spec/lobby.md §1)", () => {
  let socket;
  const actualSocket = globalThis.WebSocket;
  beforeEach(() => {
    globalThis.WebSocket = class {
      constructor(url) { socket = Object.assign(this, { url: url.href, readyState: 1, said: [] }); }
      send(message) { this.said.push(message); }
      close() { this.readyState = 3; }
    };
  });
  afterEach(() => { globalThis.WebSocket = actualSocket; });
  const open = () => {
    const link = webSocket("https://a.example:8443", "~new", { name: "Ann" }, hooks);
    socket.onopen();
    return link;
  };
  const hear = (data) => socket.onmessage({ data: typeof data === "string" ? data : data.buffer });

  test("the lobby is in the path, and the first message is the join", () => {
    open();
    assert.equal(socket.url, "wss://a.example:8443/lobby/~new");
    assert.deepEqual(socket.said, ['{"event":"join","data":{"name":"Ann"}}']);
  });

  test("events, answers, refusals and snapshots are told apart", () => {
    open();
    hear('{"event":"joined","data":{"seat":1}}');
    hear('{"event":"ack","id":3,"data":{"text":"a"}}');
    hear('{"event":"exception","data":{"id":4,"message":"no","code":"muted"}}');
    hear(Uint8Array.of(1, 2));
    assert.deepEqual(told, [
      ["event", "joined", { seat: 1 }], ["answer", 3, null, { text: "a" }],
      ["answer", 4, { id: 4, message: "no", code: "muted" }, undefined], ["snapshot", 1, 2],
    ]);
  });

  test("a refused join says why", () => {
    open();
    hear('{"event":"exception","data":{"code":4007,"message":"full"}}');
    socket.onclose({ code: 4007 });
    socket.onclose({ code: 4007 });
    assert.deepEqual(told.slice(1), [["closed", 4007, "full"]]);
  });

  test("nothing is told once it was closed", () => {
    open().close();
    hear('{"event":"joined","data":{}}');
    socket.onclose({ code: 1000 });
    assert.deepEqual([told, socket.readyState], [[], 3]);
  });
});
