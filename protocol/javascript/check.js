// Checks protocol/vectors/snapshot.json with muster.js, in Node 18 or later:
//
//     node protocol/javascript/check.js [FILE]
//
// Prints each vector that does not hold and a line with the counts; exits with 1 when there was any, else with 0.
// Client messages are written here and read by the server, so the malformed ones among them are left out.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import {
  applySnapshot, encodeAck, encodeInputs, encodeKeyframeRequest, Field, Schema, SnapshotError, stateHash,
} from "./muster.js";

const file = process.argv[2] ?? new URL("../vectors/snapshot.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8"));
const failures = [];
let checks = 0;

function check(name, actual, wanted) {
  checks += 1;
  if (isDeepStrictEqual(actual, wanted)) return;
  failures.push(`${name}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)}`);
}

function outcome(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof SnapshotError) return error.code;
    throw error;
  }
}

function isRefused(text) {
  try {
    Schema.parse(text);
    return false;
  } catch {
    return true;
  }
}

const schemas = new Map();
for (const { id, text, hash } of vectors.schemas) {
  const schema = Schema.parse(text);
  schemas.set(id, schema);
  check(`schema ${id}`, schema.hash, hash);
  for (const other of [text.slice(0, -1), `${text}\n`, text.replace("\n", "\r\n"), text.replace("input\n", "")]) {
    check(`schema ${id}, altered`, isRefused(other), true);
  }
}
for (const { kind, number, value, back } of vectors.quantise) {
  const field = Schema.parse(`muster-schema 1\ninput\nfield x ${kind}\n`).input[0];
  check(`${kind} of ${number}`, field.value(number), value);
  check(`${kind} at ${value}`, field.number(value), back);
}
check("bool of true", new Field("x", "bool", []).value(true), 1);
for (const { id, schema, baseline, message, state, error, hash } of vectors.snapshots) {
  const before = JSON.stringify(baseline);
  const bytes = Buffer.from(message, "hex");
  check(id, outcome(() => applySnapshot(bytes, baseline, schemas.get(schema))), error ?? state);
  check(`${id}: its baseline`, JSON.stringify(baseline), before);
  if (hash !== undefined) check(`hash of ${id}`, stateHash(state), hash);
}
const written = vectors.clientMessages.filter(({ decoded }) => decoded);
for (const { id, schema, message, decoded } of written) {
  const encode = {
    inputs: () => encodeInputs(decoded.ack, decoded.inputs, schemas.get(schema)),
    ack: () => encodeAck(decoded.ack),
    keyframeRequest: () => encodeKeyframeRequest(decoded.reason),
  };
  check(id, Buffer.from(encode[decoded.kind]()).toString("hex"), message);
}

for (const failure of failures) console.log(failure);
const { schemas: texts, quantise, snapshots } = vectors;
console.log(
  `${texts.length} schemas, ${quantise.length} quantise, ${snapshots.length} snapshots, ${written.length} of `
  + `${vectors.clientMessages.length} clientMessages, ${checks} checks: ${failures.length} failures`);
process.exitCode = failures.length ? 1 : 0;
