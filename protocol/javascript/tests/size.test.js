import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const folder = new URL("../", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".js"));
const text = (name) => readFileSync(new URL(name, folder), "utf8");

/** A module and all that it imports. */
function closure(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, from] of text(name).matchAll(/\bfrom "\.\/(\w+\.js)"/g)) closure(from, seen);
  return seen;
}

const packed = (modules) => gzipSync(modules.map(text).join(""), { level: 9 }).length;

test("the library is less than 20 kB, packed, and each module that is imported besides less than 7 kB more", () => {
  const library = closure("muster.js");
  const bytes = packed([...library].sort());
  assert.ok(bytes < 20_000, `${bytes} bytes`);
  const all = new Set(library);
  for (const name of ["api.js", "codec1.js", "compact.js", "list.js", "socketio.js", "watcher.js"]) {
    const more = [...closure(name)].filter((part) => !library.has(part)).sort();
    assert.ok(packed(more) < 7_000, `${name}: ${packed(more)} bytes`);
    for (const part of more) all.add(part);
  }
  assert.deepEqual([...all].sort(), names.sort(), "every module is one of these");
});

test("no module of it needs another package, or Node", () => {
  for (const name of names) {
    for (const [, from] of text(name).matchAll(/\bfrom "([^"]+)"/g)) assert.match(from, /^\.\/\w+\.js$/, name);
  }
});
