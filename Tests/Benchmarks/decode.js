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

  /** Milliseconds for all messages, one after the other; `look` is told what each leads to. */
  function run(look) {
    const states = new Map([[null, null]]);
    const begun = performance.now();
    for (const message of messages) {
      const { bytes, tick, baseline, before } = message;
      const state = applySnapshot(bytes, states.get(baseline), schema, tables, states.get(before));
      states.set(tick, state);
      // As a client does, none is kept that no message leads on from.
      states.delete(tick - 400);
      look?.(state, message);
    }
    return performance.now() - begun;
  }

  /** Every value of a state looked at once, as often as there are messages. */
  function pass(rows) {
    let sum = 0;
    const begun = performance.now();
    for (let count = 0; count < messages.length; count += 1) {
      for (let place = 0; place < rows.length; place += 1) {
        const row = rows[place];
        for (let column = 0; column < row.length; column += 1) sum = sum + row[column] | 0;
      }
    }
    return { milliseconds: performance.now() - begun, sum };
  }

  // Clocks of pages are coarse, so that a run is timed as a whole. The first is that of a page that has just been opened.
  const first = run();
  let [isExact, last] = [true, null];
  run((state, { hash }) => {
    isExact &&= stateHash(state) === hash;
    last = state;
  });
  const runs = Array.from({ length: 10 }, () => run());
  const passes = Array.from({ length: 10 }, () => pass(last.tables[0].rows).milliseconds);
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
