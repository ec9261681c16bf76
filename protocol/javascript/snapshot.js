// Snapshot messages (protocol/spec/snapshot.md §4 to §6).
//
// A state is {tick, tables: [{ids, rows}]} in the schema's order, with quantised values; applying a message
// leaves the states before it as they are.

import * as codec0 from "./codec0.js";
import { applyGroups, isGrouped, leadsOn } from "./groups.js";
import { readDistance, Reader, SnapshotError } from "./reader.js";

const DELTA = 2;

/** Whether a message needs a state to be applied to. */
export function isDelta(message) {
  return isGrouped(message) ? leadsOn(message) : (message[0] & 15) === DELTA;
}

/**
 * The state to which a message leads: a keyframe from nothing, a delta from `baseline`, the newest state or null. Throws a SnapshotError, and then
 * nothing has changed. Codec 1 takes the `coding` of codec1.js, and `before`: the state before the newest, null after a keyframe.
 */
export function applySnapshot(message, baseline, schema, coding = null, before = null) {
  if (isGrouped(message)) {
    return applyGroups(message, baseline, before, schema, coding ? 1 : 0, (whole, ...states) => applyState(whole, schema, coding, ...states));
  }
  return applyState(message, schema, coding, baseline, before);
}

function applyState(message, schema, coding, baseline, before) {
  const reader = new Reader(message);
  const first = reader.bits(8);
  const kind = first & 15;
  if (kind !== 1 && kind !== DELTA) throw new SnapshotError("unknownKind");
  const codec = first >>> 4 & 3;
  if (codec > 1 || codec === 1 && !coding) throw new SnapshotError("unknownCodec");
  if (first & 0x80) throw new SnapshotError("reservedFlag");
  const tick = reader.varint();
  if (tick === 0) throw new SnapshotError("badTick");
  const [distance, step] = kind === DELTA ? readDistance(reader, tick, codec) : [0, 0];
  const expected = first & 0x40 ? reader.bits(32) : null;
  if (distance && baseline?.tick !== tick - distance || step && before?.tick !== tick - distance - step) {
    throw new SnapshotError("wrongBaseline");
  }
  const state = { tick, tables: null };
  if (codec === 0) state.tables = readBits(reader, schema, distance ? baseline.tables : null);
  else if (distance === 0) state.tables = coding.readKeyframe(message, reader.position / 8);
  else state.tables = coding.readDelta(message, reader.position / 8, baseline, step ? before : null, distance, step);
  if (expected !== null && stateHash(state) !== expected) throw new SnapshotError("stateHashMismatch");
  return state;
}

function readBits(reader, schema, tables) {
  const made = tables ? codec0.readDelta(reader, schema, tables) : codec0.readKeyframe(reader, schema);
  if (reader.left >= 8 || reader.bits(reader.left)) throw new SnapshotError("trailingBytes");
  return made;
}

/** The hash over a state that the server sends along now and then (snapshot.md §4.2). */
export function stateHash(state) {
  let hash = 0;
  let count = 0;
  const add = (word) => {
    word = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul(word << 15 | word >>> 17, 0x1b873593);
    hash = Math.imul(hash << 13 | hash >>> 19, 5) + 0xe6546b64 | 0;
    count += 1;
  };
  add(state.tick);
  for (const { ids, rows } of state.tables) {
    add(ids.length);
    ids.forEach(add);
    for (const row of rows) row.forEach(add);
  }
  hash ^= 4 * count;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}
