// Codec 1 against protocol/vectors/codec1.json, and against bytes that nobody meant.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { CodingTables } from "../codec1.js";
import { applySnapshot, Schema, SnapshotError, stateHash } from "../muster.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/codec1.json", import.meta.url), "utf8"));
const schemas = new Map(vectors.schemas.map(({ id, text }) => [id, Schema.parse(text)]));
const bytesOf = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const tables = new Map(vectors.tables.map(({ id, schema, bytes }) => [
  id, new CodingTables(bytesOf(bytes), schemas.get(schema)),
]));

function outcome({ schema, tables: name, baseline, before }, message) {
  try {
    return applySnapshot(message, baseline, schemas.get(schema), tables.get(name), before);
  } catch (error) {
    if (error instanceof SnapshotError) return error.code;
    throw error;
  }
}

/** Numbers from 0 to 2³² − 1 that are the same each time. */
function* numbers(seed) {
  for (let state = seed; ;) {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    yield (state ^ state >>> 13) >>> 0;
  }
}

/** Everything in a state is as the schema allows. */
function checkState(state, schema, text) {
  state.tables.forEach(({ ids, rows }, place) => {
    assert.equal(ids.length, rows.length, text);
    assert.ok(ids.every((id, at) => id <= 65535 && (at === 0 || id > ids[at - 1])), text);
    const { fields } = schema.types[place];
    for (const row of rows) {
      assert.ok(row.length === fields.length, text);
      row.forEach((value, at) => assert.ok(Number.isInteger(value) && value >= 0 && value <= fields[at].maximum, text));
    }
  });
}

suite("codec1.json (protocol/spec/snapshot.md §7 and §9)", () => {
  for (const { id, schema, hash, generic } of vectors.tables) {
    test(`tables ${id} have their hash`, () => assert.equal(tables.get(id).hash, hash));
    if (generic) test(`tables ${id} are made of the schema`, () => assert.equal(new CodingTables(null, schemas.get(schema)).hash, hash));
  }
  for (const vector of vectors.snapshots) {
    test(`snapshot ${vector.id}: ${vector.error ?? "the state"}`, () => {
      const kept = JSON.stringify([vector.baseline, vector.before]);
      assert.deepEqual(outcome(vector, bytesOf(vector.message)), vector.error ?? vector.state);
      assert.equal(JSON.stringify([vector.baseline, vector.before]), kept, "the states before");
      if (vector.state) assert.equal(stateHash(vector.state), vector.hash);
    });
  }
});

suite("groups.json in codec 1 (protocol/spec/snapshot.md §8.4)", () => {
  const groups = JSON.parse(readFileSync(new URL("../../vectors/groups.json", import.meta.url), "utf8"));
  const schemaOf = new Map(groups.schemas.map(({ id, text }) => [id, Schema.parse(text)]));
  const tablesOf = new Map((groups.tables ?? []).map(({ id, schema, bytes }) => [
    id, new CodingTables(bytesOf(bytes), schemaOf.get(schema)),
  ]));
  const held = (view) => view && { ...view.state, groups: new Map(view.groups) };
  for (const vector of groups.messages.filter((one) => one.tables)) {
    test(`message ${vector.id}: ${vector.error ?? "the state"}`, () => {
      const { schema, tables: name, baseline, before, message, state, error } = vector;
      const apply = () => applySnapshot(
        bytesOf(message), held(baseline), schemaOf.get(schema), tablesOf.get(name), held(before));
      if (error) return assert.throws(apply, (thrown) => thrown instanceof SnapshotError && thrown.code === error);
      const made = apply();
      assert.deepEqual({ tick: made.tick, tables: made.tables }, state);
      const list = [...made.groups].sort((a, b) => a[0] - b[0]);
      assert.deepEqual(list.map(([group, one]) => [group, { ...one, tick: made.tick }]), vector.groups);
    });
  }
});

suite("What nobody meant", () => {
  test("a message without tables is of a codec that the client does not have", () => {
    const { schema, baseline, message } = vectors.snapshots[0];
    assert.throws(() => applySnapshot(bytesOf(message), baseline, schemas.get(schema)), { code: "unknownCodec" });
  });

  test("a message that is cut anywhere is refused, or leads to a state of the schema", () => {
    let refused = 0;
    for (const vector of vectors.snapshots) {
      const message = bytesOf(vector.message);
      for (let length = 0; length < message.length; length += 1) {
        const made = outcome(vector, message.subarray(0, length));
        if (typeof made === "string") refused += 1;
        else checkState(made, schemas.get(vector.schema), `${vector.id} cut to ${length}`);
      }
    }
    assert.ok(refused > 1000);
  });

  test("changed and random bytes are refused, or lead to a state of the schema", () => {
    const random = numbers(20261123);
    const next = () => random.next().value;
    for (const vector of vectors.snapshots) {
      const whole = bytesOf(vector.message);
      for (let round = 0; round < 20; round += 1) {
        const message = whole.slice();
        for (let count = next() % 3; count >= 0; count -= 1) message[next() % message.length] = next();
        // Everything behind the head is random.
        if (round % 4 === 0) for (let at = Math.min(4, message.length); at < message.length; at += 1) message[at] = next();
        const made = outcome(vector, message);
        if (typeof made !== "string") checkState(made, schemas.get(vector.schema), `${vector.id}, round ${round}`);
      }
    }
  });

  test("tables that are cut, changed or another schema's are an Error", () => {
    const random = numbers(7);
    const next = () => random.next().value;
    for (const { schema, bytes } of vectors.tables) {
      const whole = bytesOf(bytes);
      for (const [id, other] of schemas) if (id !== schema) assert.throws(() => new CodingTables(whole, other), /not tables/);
      for (let round = 0; round < 50; round += 1) {
        const cut = whole.subarray(0, next() % whole.length);
        assert.throws(() => new CodingTables(cut, schemas.get(schema)), /not tables/);
        const changed = whole.slice();
        changed[next() % whole.length] ^= 1 + next() % 255;
        try {
          new CodingTables(changed, schemas.get(schema));
        } catch (error) {
          assert.match(error.message, /^not tables/);
        }
      }
    }
  });
});
