// Which codec a client is sent snapshots in (protocol/spec/lobby.md §2, snapshot.md §9.9).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { LobbyClient, Schema } from "../muster.js";
import { delta, JOINED, keyframe } from "./worlds.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/codec1.json", import.meta.url), "utf8"));
const bytesOf = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const [tables] = vectors.tables;
const { text } = vectors.schemas.find(({ id }) => id === tables.schema);
const CODEC1 = {
  ...JOINED, schema: text, schemaHash: Schema.parse(text).hash, codec: 1, tablesHash: tables.hash,
  tables: Buffer.from(bytesOf(tables.bytes)).toString("base64url"),
};
const chain = vectors.snapshots.filter((vector) => vector.tables === tables.id);
/** A keyframe, and two deltas that lead on from it. */
const messages = chain.slice(0, 3).map(({ message }) => bytesOf(message));

/** A client, what it was told, and each of its connections: the request, and the hooks to speak through. */
function start(request) {
  const links = [];
  const transport = (server, lobby, asked, hooks) => {
    links.push({ request: asked, hooks, sent: [] });
    const { sent } = links.at(-1);
    return { emit() {}, send: (message) => sent.push([...message]), close() {} };
  };
  const client = new LobbyClient("http://a.example", "abc", request, { transports: [transport] });
  const [states, whenever] = [[], []];
  client.onSnapshot = (state) => {
    states.push(state);
    whenever.forEach((look) => look());
  };
  const seen = (count) => new Promise((done) => {
    const look = () => states.length >= count && done();
    whenever.push(look);
    look();
  });
  client.join();
  return { client, links, states, seen };
}

function comeBack({ client, links }) {
  client.cut();
  client.retry();
  return links.at(-1);
}

suite("A client that reads codec 1", { timeout: 20_000 }, () => {
  test("asks for it, has its tables, and snapshots wait until it can read them", async () => {
    const { client, links: [link], states, seen } = start({ name: "Ann" });
    assert.deepEqual(link.request, { name: "Ann", codec: 1 });
    link.hooks.event("joined", CODEC1);
    for (const message of messages) link.hooks.snapshot(message);
    assert.deepEqual(states, []);
    await seen(3);
    assert.deepEqual(states, chain.slice(0, 3).map(({ state }) => state));
    client.leave();
  });

  test("names the tables that it has, and is not sent them again", () => {
    const all = start({});
    const { tables: _, ...known } = CODEC1;
    assert.deepEqual(all.links[0].request, { codec: 1, tables: tables.hash });
    all.links[0].hooks.event("joined", known);
    all.links[0].hooks.snapshot(messages[0]);
    const link = comeBack(all);
    assert.deepEqual(link.request, { token: "t1", schema: CODEC1.schemaHash, tick: 1, codec: 1, tables: tables.hash });
    link.hooks.event("joined", { ...known, resumed: true });
    link.hooks.snapshot(messages[1]);
    assert.equal(all.client.state.tick, 2);
    all.client.leave();
  });

  test("after a keyframe knows nothing of the state before it", () => {
    const { client, links: [link] } = start({});
    link.hooks.event("joined", CODEC1);
    const ticks = [];
    client.onSnapshot = ({ tick }) => ticks.push(tick);
    const named = (part) => bytesOf(chain.find(({ id }) => id === `${tables.id}-${part}`).message);
    for (const part of ["0 keyframe", "1 after a keyframe", "2 in step", "3 in step", "4 in step"]) link.hooks.snapshot(named(part));
    link.hooks.snapshot(named("5 keyframe"));
    // A delta that says how things moved before the keyframe.
    link.hooks.snapshot(named("6 in step"));
    assert.deepEqual([ticks, link.sent], [[1, 2, 3, 4, 5, 6], [[10, 2]]]);
    client.leave();
  });

  test("reads codec 0 of a server that has no other", () => {
    const { client, links: [link] } = start({});
    link.hooks.event("joined", JOINED);
    link.hooks.snapshot(keyframe(11));
    link.hooks.snapshot(delta(12, 4));
    assert.equal(client.state.tick, 12);
    client.leave();
  });

  test("comes back with codec 0 where the tables are of no use", async () => {
    const { client, links } = start({});
    const lost = new Promise((done) => { client.onState = (state) => state === "lost" && done(); });
    links[0].hooks.event("joined", { ...CODEC1, tablesHash: "0123456789abcdef", tables: "AAAA" });
    links[0].hooks.snapshot(messages[0]);
    await lost;
    assert.deepEqual(links[0].sent, []);
    client.retry();
    assert.deepEqual(links[1].request, { token: "t1", schema: CODEC1.schemaHash });
    client.leave();
  });

  test("makes the generic tables itself, and refuses others that it is not sent", async () => {
    const generic = vectors.tables.find((set) => set.generic && set.schema === tables.schema);
    const { tables: _, ...known } = { ...CODEC1, tablesHash: generic.hash };
    const made = vectors.snapshots.filter((vector) => vector.tables === generic.id);
    const { client, links: [link], states, seen } = start({});
    link.hooks.event("joined", known);
    link.hooks.snapshot(bytesOf(made[0].message));
    await seen(1);
    assert.deepEqual(states, [made[0].state]);
    client.leave();
    const other = start({});
    const lost = new Promise((done) => { other.client.onState = (state) => state === "lost" && done(); });
    other.links[0].hooks.event("joined", { ...known, tablesHash: "0123456789abcdef" });
    await lost;
    other.client.leave();
  });

  test("shows nothing more of what has waited once it is left", async () => {
    const { client, links: [link], states, seen } = start({});
    const shown = client.onSnapshot;
    client.onSnapshot = (state) => {
      client.leave();
      shown(state);
    };
    // Other tables than the test before has left behind, so that snapshots wait.
    link.hooks.event("joined", CODEC1);
    for (const message of messages) link.hooks.snapshot(message);
    await seen(1);
    await new Promise(setImmediate);
    assert.equal(states.length, 1);
  });

  test("asks for no more than it is told to", () => {
    const { client, links } = start({ codec: 0 });
    assert.deepEqual(links[0].request, {});
    client.leave();
  });
});
