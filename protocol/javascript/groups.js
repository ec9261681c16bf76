// Snapshot messages of games that show some of their entities to some players only (protocol/spec/snapshot.md §8).

import { merge } from "./codec0.js";
import { readDistance, Reader, SnapshotError, writeVarint } from "./reader.js";

const KIND = 3;

/** Whether a message is in segments. */
export function isGrouped(message) {
  return (message[0] & 15) === KIND;
}

/**
 * The state to which such a message leads. Beside `tick` and `tables` it has `groups`, a Map from their numbers to their
 * states, for the next message. `apply(message, baseline, before)` is what applies a message of one group.
 */
export function applyGroups(message, baseline, before, schema, codecMax, apply) {
  const reader = new Reader(message);
  const first = reader.bits(8);
  const codec = first >>> 4 & 3;
  if (codec > codecMax) throw new SnapshotError("unknownCodec");
  if (first & 0xc0) throw new SnapshotError("reservedFlag");
  const tick = reader.varint();
  if (tick === 0) throw new SnapshotError("badTick");
  const [distance, step] = leadsOn(message) ? readDistance(reader, tick, codec) : [reader.varint(), 0];
  if (distance && !(baseline?.groups && baseline.tick === tick - distance)
    || step && !(before?.groups && before.tick === tick - distance - step)) throw new SnapshotError("wrongBaseline");
  // One that has had no segment for long is of that tick all the same.
  const stateOf = (state, group) => state?.groups.has(group) ? { ...state.groups.get(group), tick: state.tick } : null;
  const groups = new Map(distance ? baseline.groups : []);
  for (let least = 0; reader.left > 0;) {
    const group = least + reader.varint("badNumber");
    if (group > 65535) throw new SnapshotError("badNumber");
    const length = reader.varint("badNumber");
    const start = reader.position / 8;
    if (length * 8 > reader.left) throw new SnapshotError("truncated");
    reader.position += length * 8;
    least = group + 1;
    if (length === 0) {
      if (group === 0) throw new SnapshotError("badIdentifiers");
      groups.delete(group);
      continue;
    }
    const payload = message.subarray(start, start + length);
    if ((payload[0] >>> 4 & 3) !== codec) throw new SnapshotError("unknownCodec");
    const earlier = step ? stateOf(before, group) : null;
    const whole = restore(payload, tick, distance, codec, earlier ? step : 0);
    groups.set(group, apply(whole, distance ? stateOf(baseline, group) : null, earlier));
  }
  if (!groups.has(0)) throw new SnapshotError("badIdentifiers");
  return { tick, tables: together(groups, schema), groups };
}

/** The message that a segment is short for. */
function restore(payload, tick, distance, codec, step) {
  const head = [payload[0]];
  writeVarint(head, tick);
  if ((payload[0] & 15) === 2) {
    if (!distance) throw new SnapshotError("wrongBaseline");
    writeVarint(head, codec ? distance * 8 + Math.min(step, 7) : distance);
    if (step > 6) writeVarint(head, step);
  }
  const whole = new Uint8Array(head.length + payload.length - 1);
  whole.set(head);
  whole.set(payload.subarray(1), head.length);
  return whole;
}

/** The tables of all groups together; singles are those of group 0. */
function together(groups, schema) {
  return schema.types.map(({ isSingle }, place) => {
    if (isSingle) return groups.get(0).tables[place];
    const table = [...groups.values()].map(({ tables }) => tables[place]).reduce(merge);
    if (table.ids.length > 65535) throw new SnapshotError("badIdentifiers");
    return table;
  });
}

/** Whether a message in segments leads on from a state. */
export function leadsOn(message) {
  let end = 1;
  while (message[end] > 127) end += 1;
  return message[end + 1] !== 0;
}
