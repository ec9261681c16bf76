// The bodies of snapshot messages in codec 0 (protocol/spec/snapshot.md §5.2): a change bit and absolute values.

import { SnapshotError } from "./reader.js";

/** The tables of a keyframe. */
export function readKeyframe(reader, schema) {
  return schema.types.map(({ isSingle, fields }) => {
    const ids = isSingle ? [0] : readIDs(reader);
    return { ids, rows: records(reader, ids.length, fields) };
  });
}

/** The tables that a delta makes of its baseline's. Those that have not changed are the very same. */
export function readDelta(reader, schema, tables) {
  return schema.types.map((type, index) => readChange(reader, type, tables[index]));
}

function readChange(reader, { isSingle, fields }, old) {
  if (!reader.bits(1)) return old;
  if (isSingle) return { ids: [0], rows: [record(reader, fields)] };
  let [kept, spawned] = [old, []];
  if (reader.bits(1)) {
    const removed = readIDs(reader);
    spawned = readIDs(reader);
    kept = keep(old, removed, spawned);
  }
  const rows = kept.rows.map((row) => reader.bits(1) ? record(reader, fields) : row);
  return merge({ ids: kept.ids, rows }, { ids: spawned, rows: records(reader, spawned.length, fields) });
}

/** A table without those that go, where those may go and these come. */
export function keep(old, removed, spawned) {
  const [known, gone] = [new Set(old.ids), new Set(removed)];
  if (removed.some((id) => !known.has(id)) || spawned.some((id) => known.has(id))
    || known.size - removed.length + spawned.length > 65535) throw new SnapshotError("badIdentifiers");
  const isKept = (_, at) => !gone.has(old.ids[at]);
  return { ids: old.ids.filter(isKept), rows: old.rows.filter(isKept) };
}

/** Two tables in one, by ascending ids; none is in both. */
export function merge(left, right) {
  if (!right.ids.length) return left;
  const [ids, rows] = [[], []];
  for (let [a, b] = [0, 0]; a < left.ids.length || b < right.ids.length;) {
    if (left.ids[a] === right.ids[b]) throw new SnapshotError("badIdentifiers");
    const isLeft = b === right.ids.length || left.ids[a] < right.ids[b];
    const [from, at] = isLeft ? [left, a++] : [right, b++];
    ids.push(from.ids[at]);
    rows.push(from.rows[at]);
  }
  return { ids, rows };
}

function readIDs(reader) {
  const count = reader.packed();
  if (count * 4 > reader.left) throw new SnapshotError("truncated");
  const ids = [];
  for (let least = 0; ids.length < count; least = ids.at(-1) + 1) {
    ids.push(least + reader.packed());
    if (ids.at(-1) > 65535) throw new SnapshotError("badIdentifiers");
  }
  return ids;
}

function record(reader, fields) {
  return fields.map(({ width, maximum }) => {
    const value = reader.bits(width);
    if (value > maximum) throw new SnapshotError("valueOutOfRange");
    return value;
  });
}

/** `count` records, once it is known that the message can hold them. */
function records(reader, count, fields) {
  const width = fields.reduce((sum, field) => sum + field.width, 0);
  if (count * width > reader.left) throw new SnapshotError("truncated");
  return Array.from({ length: count }, () => record(reader, fields));
}
