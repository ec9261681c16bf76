// How long the JavaScript client takes for a message of codec 1, beside a plain pass over the same records. In a page (decode.py),
// or in Node:
//
//     muster snapshots encode cubes_a.bin --train cubes_b.bin >messages && node Tests/Benchmarks/decode.js messages
//
// Every message is checked against the hash of the state that it is to lead to.

async function decode(text, load) {
  const { applySnapshot, Schema, stateHash } = await load("muster.js");
  const { CodingTables } = await load("codec1.js");
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const [head, ...lines] = text.trim().split("\n").map((line) => JSON.parse(line));
  const schema = Schema.parse(head.schema);
  const tables = new CodingTables(bytesOf(head.tables), schema);
  const messages = lines.map((line) => ({ ...line, bytes: bytesOf(line.message) }));

  /** What every message leads to, one after the other, and the milliseconds that they took. */
  function run() {
    const [states, byTick] = [[], new Map([[null, null]])];
    const begun = performance.now();
    for (const { bytes, tick, baseline, before } of messages) {
      const state = applySnapshot(bytes, byTick.get(baseline), schema, tables, byTick.get(before));
      byTick.set(tick, state);
      states.push(state);
    }
    return [states, performance.now() - begun];
  }

  /** Every value of every state looked at once. */
  function pass(states) {
    let sum = 0;
    const begun = performance.now();
    for (const { tables: [{ rows }] } of states) for (const row of rows) for (const value of row) sum = sum + value | 0;
    return [sum, performance.now() - begun];
  }

  // Clocks of pages are coarse, so that a run is timed as a whole. The first is that of a page that has just been opened.
  const [states, first] = run();
  const isExact = states.every((state, at) => stateHash(state) === messages[at].hash);
  const runs = Array.from({ length: 10 }, () => run()[1]);
  const passes = Array.from({ length: 10 }, () => pass(states)[1]);
  const of = (milliseconds) => milliseconds / messages.length;
  return {
    exact: isExact, messages: messages.length,
    bytesPerMessage: of(messages.reduce((sum, { bytes }) => sum + bytes.length, 0)),
    firstRun: of(first), bestRun: of(Math.min(...runs)), worstRun: of(Math.max(...runs)), plainPass: of(Math.min(...passes)),
    ratio: Math.min(...runs) / Math.min(...passes),
  };
}

if (globalThis.process?.argv[2]) {
  const { readFileSync } = await import("node:fs");
  const load = (name) => import(new URL(`../../protocol/javascript/${name}`, import.meta.url));
  console.log(JSON.stringify(await decode(readFileSync(process.argv[2], "utf8"), load)));
}
