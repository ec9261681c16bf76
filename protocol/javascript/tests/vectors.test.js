// The library against protocol/vectors/snapshot.json. Client messages are written here and read by the server, so the
// malformed ones among them are left out.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import {
  applySnapshot, encodeAck, encodeInputs, encodeKeyframeRequest, Field, Schema, SnapshotError, stateHash,
} from "../muster.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/snapshot.json", import.meta.url), "utf8"));
const schemas = new Map(vectors.schemas.map(({ id, text }) => [id, Schema.parse(text)]));

function outcome(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof SnapshotError) return error.code;
    throw error;
  }
}

suite("snapshot.json (protocol/spec/snapshot.md §7)", () => {
  for (const { id, text, hash } of vectors.schemas) {
    test(`schema ${id} has its hash, and no other text`, () => {
      assert.equal(Schema.parse(text).hash, hash);
      const others = [text.slice(0, -1), `${text}\n`, text.replace("\n", "\r\n"), text.replace("input\n", "")];
      for (const other of others) assert.throws(() => Schema.parse(other));
    });
  }
  test("numbers become quantised values and come back", () => {
    for (const { kind, number, value, back } of vectors.quantise) {
      const field = Schema.parse(`muster-schema 1\ninput\nfield x ${kind}\n`).input[0];
      assert.equal(field.value(number), value, `${kind} of ${number}`);
      assert.equal(field.number(value), back, `${kind} at ${value}`);
    }
    assert.equal(new Field("x", "bool", []).value(true), 1);
  });
  for (const { id, schema, baseline, message, state, error, hash } of vectors.snapshots) {
    test(`snapshot ${id}: ${error ?? "the state"}`, () => {
      const before = JSON.stringify(baseline);
      const bytes = Buffer.from(message, "hex");
      assert.deepEqual(outcome(() => applySnapshot(bytes, baseline, schemas.get(schema))), error ?? state);
      assert.equal(JSON.stringify(baseline), before, "its baseline");
      if (hash !== undefined) assert.equal(stateHash(state), hash);
    });
  }
  for (const { id, schema, message, decoded } of vectors.clientMessages.filter(({ decoded }) => decoded)) {
    test(`client message ${id}`, () => {
      const encode = {
        inputs: () => encodeInputs(decoded.ack, decoded.inputs, schemas.get(schema)),
        ack: () => encodeAck(decoded.ack),
        keyframeRequest: () => encodeKeyframeRequest(decoded.reason),
      };
      assert.equal(Buffer.from(encode[decoded.kind]()).toString("hex"), message);
    });
  }
});
