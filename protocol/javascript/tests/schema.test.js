// Schemas whose fields are several numbers, or name another entity (protocol/spec/snapshot.md §3.1).
import assert from "node:assert/strict";
import test from "node:test";

import { CodingTables } from "../codec1.js";
import { Schema } from "../schema.js";
import { World } from "../world.js";

const text = (fields, input = "") => `muster-schema 1\ntable body\n${fields}single wind\ninput\n${input}`;

test("a vector is its components, each a field", () => {
  const { types, input } = Schema.parse(text("field at vec3 -32 32 0.015625 linear\nfield up bool\n", "field move vec2 -1 1 0.5\n"));
  assert.deepEqual(types[0].fields.map((field) => field.name), ["at.x", "at.y", "at.z", "up"]);
  assert.deepEqual(types[0].fields.map((field) => field.predictor), ["linear", "linear", "linear", ""]);
  assert.equal(types[0].fields[2].read(2049), 0.015625);
  assert.deepEqual(input.map((field) => field.value(0.4)), [3, 3]);
});

test("inputs give a vector's components by their names", () => {
  const schema = Schema.parse(text("", "field move vec2 -1 1 0.5\n"));
  assert.deepEqual(schema.inputRow({ "move.y": 1 }), [2, 4]);
});

test("an entity is an id, or -1 for none", () => {
  const [field] = Schema.parse(text("field of entity body\n")).types[0].fields;
  assert.equal(field.width, 17);
  assert.deepEqual([0, 1, 65536].map((value) => field.read(value)), [-1, 0, 65535]);
});

test("bytes are a count and words, and a world has them as bytes", () => {
  const schema = Schema.parse(text("field tag bytes 6\nfield up bool\n"));
  assert.deepEqual(schema.types[0].fields.map((field) => field.name), ["tag.count", "tag.word1", "tag.word2", "up"]);
  const world = new World(schema, { tick: 1, tables: [{ ids: [3], rows: [[5, 0x84030201, 0xff, 1]] }, { ids: [0], rows: [[]] }] });
  const { tag, up } = world.get("body", 3);
  assert.deepEqual([[...tag], up], [[1, 2, 3, 0x84, 0xff], true]);
});

test("a type says in how many snapshots it is one time", () => {
  const parse = (line) => Schema.parse(`muster-schema 1\n${line}\ninput\n`).types[0].every;
  assert.deepEqual(["table a", "table a every 2", "single a every 64"].map(parse), [1, 2, 64]);
  for (const line of ["table a every 1", "table a every 65", "table a every", "table a often 2", "table a every 02", "table a every 2 3", "table a every 2.5"]) {
    assert.throws(() => parse(line), line);
  }
});

const riding = (cart, box, more = "") => `muster-schema 1\n${cart}table box\nfield on entity cart\n${box}input\n${more}`;

test("a parent is a field of an entity of a type before", () => {
  const { types } = new CodingTables(null, Schema.parse(riding("table cart\nfield y bool\nfield at vec2 0 8 1\n", "field at vec2 0 8 1 parent on\n")));
  assert.deepEqual(types[1].modes[1].fields.map(({ parent }) => parent), [
    null, { reference: 0, type: 0, column: 1 }, { reference: 0, type: 0, column: 2 },
  ]);
});

for (const [why, schema] of [
  ["by a field that refers to nothing", riding("table cart\nfield x bool\n", "field x bool parent x\n")],
  ["that comes later", `muster-schema 1\ntable box\nfield on entity cart\nfield x bool parent on\ntable cart\nfield x bool\ninput\n`],
  ["without a name", riding("table cart\nfield x bool\n", "field x bool parent\n")],
]) {
  test(`a parent ${why} is refused`, () => assert.throws(() => new CodingTables(null, Schema.parse(schema))));
}

for (const [why, fields] of [
  ["of no bytes", "field tag bytes 0\n"], ["of 65 bytes", "field tag bytes 65\n"], ["of bytes that go on", "field tag bytes 2 linear\n"],
  ["of a single", "field of entity wind\n"], ["of nothing", "field of entity none\n"], ["without a table", "field of entity\n"],
  ["with four components", "field at vec4 0 1 1\n"], ["without a step", "field at vec2 0 1\n"],
  ["twice", "field at vec2 0 1 1\nfield at bool\n"], ["by its component", "field at.x fixed 0 1 1\n"],
  ["65 times", Array.from({ length: 22 }, (_, at) => `field f${at} vec3 0 1 1\n`).join("")],
]) {
  test(`a field ${why} is refused`, () => assert.throws(() => Schema.parse(text(fields))));
}
