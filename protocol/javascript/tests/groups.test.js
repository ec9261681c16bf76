// The library against protocol/vectors/groups.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { applySnapshot, Schema, SnapshotError } from "../muster.js";
import { isDelta } from "../snapshot.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/groups.json", import.meta.url), "utf8"));
const schemas = new Map(vectors.schemas.map(({ id, text }) => [id, Schema.parse(text)]));

/** What a client has, as the vectors write it. */
function plain({ tick, tables, groups }) {
  const list = [...groups].sort((a, b) => a[0] - b[0]);
  return { state: { tick, tables }, groups: list.map(([group, state]) => [group, { ...state, tick }]) };
}

suite("groups.json (protocol/spec/snapshot.md §8.4)", () => {
  for (const { id, schema, baseline, message, state, groups, error } of vectors.messages.filter((vector) => !vector.tables)) {
    test(`message ${id}: ${error ?? "the state"}`, () => {
      const before = baseline && { ...baseline.state, groups: new Map(baseline.groups) };
      const kept = JSON.stringify(baseline);
      const bytes = Buffer.from(message, "hex");
      const apply = () => applySnapshot(bytes, before, schemas.get(schema));
      if (error) assert.throws(apply, (thrown) => thrown instanceof SnapshotError && thrown.code === error);
      else assert.deepEqual(plain(apply()), { state, groups });
      assert.equal(JSON.stringify(baseline), kept, "its baseline");
      if (!error) assert.equal(isDelta(bytes), baseline !== null);
    });
  }

  test("a message that is cut is refused, or has the state of its whole segments", () => {
    for (const { schema, baseline, message, error } of vectors.messages) {
      if (error) continue;
      const before = baseline && { ...baseline.state, groups: new Map(baseline.groups) };
      const bytes = Buffer.from(message, "hex");
      for (let length = 0; length < bytes.length; length += 1) {
        try {
          applySnapshot(bytes.subarray(0, length), before, schemas.get(schema));
        } catch (thrown) {
          assert.ok(thrown instanceof SnapshotError);
        }
      }
    }
  });
});
