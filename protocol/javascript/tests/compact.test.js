// The compact dialect against the vectors, and against a socket made of one object.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, suite, test } from "node:test";
import { compact } from "../compact.js";
import { pack, unpack } from "../messagepack.js";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8"));
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const hex = (message) => Buffer.from(message).toString("hex");

suite("MessagePack (protocol/vectors/messagepack.json)", () => {
  for (const { id, hex: text, reads, writes, error } of vectors("messagepack.json").vectors) {
    // Bytes are not JSON, what is wrong no server writes, and extensions are Socket.IO's alone.
    if (error || reads.includes("$binary") || /d[4-8]|c[7-9]/.test(text.slice(0, 2)) || id.startsWith("undefined")) continue;
    test(`${id} is read as it says`, () => {
      assert.deepEqual(unpack(bytes(text)), JSON.parse(reads));
      if (writes && Number.isSafeInteger(JSON.parse(reads))) assert.equal(hex(pack(JSON.parse(reads))), text);
    });
  }

  test("what is written is read again, at every length of head", () => {
    for (const length of [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      const value = { text: "x".repeat(length), bytes: new Uint8Array(length), list: Array(length).fill(-7) };
      assert.deepEqual(unpack(pack(value)), value);
    }
    const many = Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index * 1e6]));
    assert.deepEqual(unpack(pack(many)), many);
  });

  test("what is undefined is not there, or null in a list; what is no number is null", () => {
    assert.deepEqual(unpack(pack({ a: undefined, b: [undefined, NaN, Infinity] })), { b: [null, null, null] });
  });

  test("bytes that end too soon are refused at every place", () => {
    const whole = pack({ name: "Ann", at: [1, 300, 70_000, 2 ** 40, -9, -200, -40_000, -(2 ** 40), 0.5], raw: new Uint8Array(3) });
    for (let end = 0; end < whole.length; end += 1) assert.throws(() => unpack(whole.subarray(0, end)), RangeError);
    assert.throws(() => unpack(Uint8Array.of(0xc1)), RangeError);
  });
});

suite("The compact dialect (protocol/spec/lobby.md §1.1)", () => {
  const actual = globalThis.WebSocket;
  afterEach(() => { globalThis.WebSocket = actual; });

  /** A transport whose socket is this object. */
  function join() {
    const [sent, told] = [[], []];
    let socket;
    globalThis.WebSocket = class {
      readyState = 1;
      constructor(url, protocol) {
        Object.assign(this, { url: `${url}`, protocol });
        socket = this;
      }
      send(message) { sent.push(message); }
      close() {}
    };
    const link = compact("http://a.example", "abc", { name: "ann", codec: 1 }, {
      event: (name, data) => told.push([name, data]),
      answer: (id, error, data) => told.push([id, error, data]),
      snapshot: (message) => told.push([...message]),
      closed: (code, text) => told.push([code, text]),
      traffic: { bytesIn: 0, bytesOut: 0 },
    });
    socket.onopen();
    return { link, socket, sent, told };
  }

  test("it offers the subprotocol, and says events as the vectors do", () => {
    const { link, socket, sent } = join();
    assert.equal(socket.protocol, "muster.compact.1");
    for (const { id, from, event, hex: text } of vectors("compact.json").events) {
      if (from !== "client") continue;
      if (id !== "join") link.emit(...JSON.parse(event));
      assert.equal(hex(sent.pop()), text, id);
    }
  });

  test("it hears events, answers, refusals and snapshots", () => {
    const { socket, told } = join();
    for (const { from, hex: text } of vectors("compact.json").events) {
      if (from === "server") socket.onmessage({ data: bytes(text).buffer });
    }
    socket.onmessage({ data: Uint8Array.of(1, 2, 3).buffer });
    assert.deepEqual(told, [
      ["joined", { lobby: "x", seat: 1, token: "t", resumed: false }], [0, null, { tick: 12, age: 1.5 }],
      ["exception", { code: 4007, message: "the lobby is full" }], ["chat", { text: "grüße 🎲" }], [null, null, null], [1, 2, 3],
    ]);
    socket.onclose({ code: 4007 });
    assert.deepEqual(told.at(-1), [4007, "the lobby is full"]);
  });
});
