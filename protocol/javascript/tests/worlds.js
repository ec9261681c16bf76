// What the tests share: a schema, states of it, and messages that lead to them.

import { Schema } from "../muster.js";

export const TEXT = "muster-schema 1\ntable player\nfield x fixed 0 100 0.5\nfield turn angle 8\nfield health "
  + "int 0 100\nsingle match\nfield round int 0 255\ninput\nfield dx int -1 1\nfield fire bool\n";
export const schema = Schema.parse(TEXT);

/** A state with players {id: [x, turn, health]} in quantised values. */
export function state(tick, players, round = 0) {
  const ids = Object.keys(players).map(Number).sort((a, b) => a - b);
  return { tick, tables: [{ ids, rows: ids.map((id) => players[id]) }, { ids: [0], rows: [[round]] }] };
}

/** A keyframe with nobody in it: kind 1, the tick, no ids, the round. */
export const keyframe = (tick, round = 0) => Uint8Array.of(1, tick, round << 4 & 255, round >> 4);
/** A delta by one tick in which only the round changes. */
export const delta = (tick, round) => Uint8Array.of(2, tick, 1, round << 2 & 255 | 2, round >> 6);
/** A delta that announces another hash than the state has. */
export const badDelta = (tick) => Uint8Array.of(0x42, tick, 1, 1, 2, 3, 4, 0);

export const JOINED = {
  lobby: "abc", game: "probe", name: "Ann", seat: 0, seats: 4, token: "t1", resumed: false, tick: 10, tickRate: 20,
  snapshotRate: 20, pingInterval: 25000, pingTimeout: 20000, schema: TEXT, schemaHash: schema.hash,
};
