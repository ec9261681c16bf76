import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const folder = new URL("../", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".js"));
const text = (name) => readFileSync(new URL(name, folder), "utf8");

test("the library is less than 20 kB, packed", () => {
  const bytes = gzipSync(names.map(text).join(""), { level: 9 }).length;
  assert.ok(bytes < 20_000, `${bytes} bytes`);
});

test("no module of it needs another package, or Node", () => {
  for (const name of names) {
    for (const [, from] of text(name).matchAll(/\bfrom "([^"]+)"/g)) assert.match(from, /^\.\/\w+\.js$/, name);
  }
});
