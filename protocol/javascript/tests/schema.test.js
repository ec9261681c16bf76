// Schemas whose fields are several numbers, or name another entity (protocol/spec/snapshot.md §3.1).
import assert from "node:assert/strict";
import test from "node:test";

import { Schema } from "../schema.js";

const text = (fields, input = "") => `muster-schema 1\ntable body\n${fields}single wind\ninput\n${input}`;

test("a vector is its components, each a field", () => {
  const { types, input } = Schema.parse(text("field at vec3 -32 32 0.015625 linear\nfield up bool\n", "field move vec2 -1 1 0.5\n"));
  assert.deepEqual(types[0].fields.map((field) => field.name), ["at.x", "at.y", "at.z", "up"]);
  assert.deepEqual(types[0].fields.map((field) => field.isLinear), [true, true, true, false]);
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

for (const [why, fields] of [
  ["of a single", "field of entity wind\n"], ["of nothing", "field of entity none\n"], ["without a table", "field of entity\n"],
  ["with four components", "field at vec4 0 1 1\n"], ["without a step", "field at vec2 0 1\n"],
  ["twice", "field at vec2 0 1 1\nfield at bool\n"], ["by its component", "field at.x fixed 0 1 1\n"],
  ["65 times", Array.from({ length: 22 }, (_, at) => `field f${at} vec3 0 1 1\n`).join("")],
]) {
  test(`a field ${why} is refused`, () => assert.throws(() => Schema.parse(text(fields))));
}
