import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { LobbyWatcher } from "../watcher.js";
import { badDelta, delta, keyframe, TEXT } from "./worlds.js";

let sources = [];
class Source extends EventTarget {
  constructor(url) {
    super();
    sources.push(Object.assign(this, { url: url.href, readyState: 1 }));
  }
  say(name, data) {
    this.dispatchEvent(new MessageEvent(name, { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }
  snapshot(message) { this.say("snapshot", Buffer.from(message).toString("base64")); }
  close() { this.readyState = 2; }
}

beforeEach(() => { sources = []; });

function watch() {
  const watcher = new LobbyWatcher("http://a.example", "a b", { hz: 5, EventSource: Source });
  const told = [];
  watcher.onSnapshot = ({ tick }) => told.push(tick);
  watcher.onLobby = ({ id }) => told.push(id);
  watcher.onEnd = (text) => told.push(text);
  watcher.open();
  sources.at(-1).say("schema", { schema: TEXT });
  return { watcher, told };
}

suite("Watching over an event stream (protocol/spec/lobby.md §5.3)", () => {
  test("who is there, and each state", () => {
    const { told } = watch();
    assert.equal(sources[0].url, "http://a.example/api/lobbies/a%20b/events?format=snapshot&hz=5");
    sources[0].say("lobby", { id: "abc" });
    sources[0].snapshot(keyframe(4));
    sources[0].snapshot(delta(5, 1));
    assert.deepEqual(told, ["abc", 4, 5]);
  });

  test("a state that does not fit opens the stream anew", () => {
    const { told, watcher } = watch();
    sources[0].snapshot(keyframe(4));
    sources[0].snapshot(badDelta(5));
    assert.deepEqual([sources.length, sources[0].readyState, watcher.state], [2, 2, null]);
    sources[0].snapshot(delta(5, 1));
    sources[1].say("schema", { schema: TEXT });
    sources[1].snapshot(keyframe(9));
    assert.deepEqual(told, [4, 9]);
  });

  test("the end of the lobby, and a server that refuses, are told once", () => {
    const { told } = watch();
    sources[0].say("closed", { reason: "over" });
    sources[0].onerror();
    assert.deepEqual(told, ["over"]);
    const other = watch();
    sources[1].onerror();
    sources[1].readyState = 2;
    sources[1].onerror();
    assert.deepEqual(other.told, ["this lobby cannot be watched"]);
  });
});
