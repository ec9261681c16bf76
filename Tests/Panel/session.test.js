import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { AdminSession } from "../../Sources/ServerCore/Web/Files/admin/session.js";

let [stored, asked, answers] = [];
const storage = {
  getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value), removeItem: (key) => stored.delete(key),
};
const answer = (status, data) => answers.push(() => new Response(data === undefined ? null : JSON.stringify(data), { status }));

/** A server that answers what it was told to, and remembers what it was asked. */
async function fetch(url, { method, headers, body }) {
  asked.push({ url, method, token: headers.Authorization, body: body && JSON.parse(body) });
  return answers.shift()();
}

async function loggedIn(role = "moderator") {
  const session = new AdminSession("http://a.example", { storage, fetch });
  answer(200, { user: "ann", role, seconds: 60, token: "secret" });
  await session.login("ann", "pw");
  return session;
}

beforeEach(() => { [stored, asked, answers] = [new Map(), [], []]; });

suite("An admin's session (protocol/spec/admin.md §2 and §3)", () => {
  test("the token goes with each request, and in no address", async () => {
    const session = await loggedIn();
    answer(200, { count: 0, lobbies: [] });
    answer(200, { ok: true });
    await session.ask("lobbies", { search: "a b", sort: "", offset: undefined, limit: 5 });
    await session.act("kick", { lobby: "x", seat: 1 });
    assert.deepEqual(asked, [
      { url: "http://a.example/api/admin/login", method: "POST", token: undefined, body: { username: "ann", password: "pw" } },
      { url: "http://a.example/api/admin/lobbies?search=a+b&limit=5", method: "GET", token: "Bearer secret", body: undefined },
      { url: "http://a.example/api/admin/kick", method: "POST", token: "Bearer secret", body: { lobby: "x", seat: 1 } },
    ]);
  });

  test("a page that is loaded again goes on", async () => {
    await loggedIn();
    assert.equal(new AdminSession("http://a.example", { storage, fetch }).user, "ann");
  });

  test("what was stored by somebody else is nobody", () => {
    stored.set("admin-session", "{");
    assert.equal(new AdminSession("http://a.example", { storage, fetch }).user, null);
  });

  test("a role may do what is for it and for those below", async () => {
    const session = await loggedIn();
    assert.deepEqual(["viewer", "moderator", "admin"].map((role) => session.may(role)), [true, true, false]);
    assert.equal(new AdminSession("", { storage: { getItem: () => null }, fetch }).may("viewer"), false, "nobody is logged in");
  });

  test("401 ends it, once, and is told", async () => {
    const session = await loggedIn();
    let ends = 0;
    session.onEnd = () => { ends += 1; };
    answer(401, { error: "no session", code: "unauthorized" });
    answer(401, { error: "no session", code: "unauthorized" });
    const both = await Promise.allSettled([session.ask("overview"), session.ask("overview")]);
    assert.deepEqual(both.map(({ reason }) => reason.code), ["unauthorized", "unauthorized"]);
    assert.deepEqual([ends, session.user, stored.size], [1, null, 0]);
  });

  test("a wrong password ends nothing", async () => {
    const session = await loggedIn();
    session.onEnd = () => assert.fail("it goes on");
    answer(401, { error: "invalid credentials", code: "unauthorized" });
    await assert.rejects(session.login("ann", "wrong"), { status: 401, message: "invalid credentials" });
    assert.equal(session.user, "ann");
  });

  test("a refusal has the server's words and code; an answer that is none of ours its status", async () => {
    const session = await loggedIn();
    answer(403, { error: "that is for an admin", code: "forbidden" });
    answers.push(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    await assert.rejects(session.act("drain", {}), { code: "forbidden", message: "that is for an admin", status: 403 });
    await assert.rejects(session.ask("overview"), { status: 502, message: "The server answers 502." });
  });

  test("a server that is not there is told from one that refuses", async () => {
    const session = await loggedIn();
    answers.push(() => { throw new TypeError("fetch failed"); });
    await assert.rejects(session.ask("overview"), { code: "unreachable", status: 0 });
    assert.equal(session.user, "ann");
  });

  test("who logs out is out, whether the server hears it or not", async () => {
    const session = await loggedIn();
    answers.push(() => { throw new TypeError("fetch failed"); });
    await session.logout();
    assert.deepEqual([session.user, stored.size, asked.at(-1).token], [null, 0, "Bearer secret"]);
  });
});
