// The panel of admins at /admin: which page is shown, what is asked each second, and what is done.

import { element, make, setText } from "/arena/dom.js";
import { ACTIONS } from "./admin/actions.js";
import { askBefore } from "./admin/dialog.js";
import { count, duration, milliseconds, perSecond } from "./admin/format.js";
import { LobbiesView } from "./admin/lobbies.js";
import { LobbyView } from "./admin/lobby.js";
import { Poll } from "./admin/poll.js";
import { AuditView, BansView, UsersView } from "./admin/records.js";
import { button, Facts } from "./admin/rows.js";
import { AdminSession } from "./admin/session.js";
import { TimelinesView } from "./admin/timelines.js";
import { TraceView } from "./admin/trace.js";

/** By the first word of the address after #: the page, for whom it is, and its key. */
const PAGES = {
  lobbies: { title: "Lobbies", role: "viewer", key: "1", make: (panel) => new LobbiesView(panel) },
  timelines: { title: "Timelines", role: "viewer", key: "2", make: (panel) => new TimelinesView(panel) },
  trace: { title: "Trace", role: "moderator", key: "3", make: (panel, player) => new TraceView(panel, player) },
  bans: { title: "Bans", role: "moderator", key: "4", make: (panel) => new BansView(panel) },
  audit: { title: "Audit", role: "admin", key: "5", make: (panel) => new AuditView(panel) },
  users: { title: "Users", role: "admin", key: "6", make: (panel) => new UsersView(panel) },
};
const TOAST_MS = 6000;

const session = new AdminSession(location.origin);
const facts = new Facts("The server now");
const serverActions = make("div", { className: "actions" });
let view = null;
let failedAt = null;

const panel = {
  session,
  /** Buttons for those of the actions that this user may do: `[name, subject, target]` each. */
  buttons: (wanted) => wanted.filter(([name]) => session.may(ACTIONS[name].role)).map(([name, subject, target]) =>
    button(ACTIONS[name].title, () => panel.act(name, subject, target), {
      className: ACTIONS[name].isDestructive ? "danger" : "", ariaLabel: [ACTIONS[name].title, subject.name].filter(Boolean).join(": "),
    })),
  /** Asks before it does something. */
  async act(name, subject, target) {
    const action = ACTIONS[name];
    if (!session.may(action.role) || element("act").open) return;
    const data = await askBefore(action, subject, target);
    if (data) await panel.send(action.verb, data, `${action.title}: done${subject.name ? `, ${subject.name}` : ""}.`);
  },
  async send(verb, data, done) {
    try {
      await session.act(verb, data);
      toast(done);
    } catch (error) {
      toast(`Not done: ${error.message}`, true);
    }
    panel.askAgain();
  },
  askAgain: () => pagePoll.start(),
};

// What is asked each second: how the server does, and what the page shows.

const nowPoll = new Poll(() => session.ask("overview", { lobbies: false }), { answered: showNow, failed: failed });
const pagePoll = new Poll(() => view.question(), {
  answered: (answer) => {
    reached();
    view.answered(answer);
  },
  failed: (error, ms) => view.failed?.(error) || failed(error, ms),
});

function showNow(overview) {
  reached();
  const { seats, perSecond: rates, tickLatenessMilliseconds: lateness } = overview;
  facts.show([
    ["Connections", count(overview.connections)], ["Lobbies", count(overview.lobbyCount)],
    ["Players", `${count(seats.connected)} of ${count(seats.total)}`], ["In", perSecond(rates.bytesIn)], ["Out", perSecond(rates.bytesOut)],
    ["Lateness, 99 %", milliseconds(lateness.p99)], ["Worst", milliseconds(lateness.max)],
    ["Watchers", count(overview.watchers)], ["Up", `${duration(overview.uptimeSeconds)}${overview.draining ? ", draining" : ""}`],
    ...overview.season === null ? [] : [["Season", overview.season || "none"]],
  ]);
  showServerActions(overview);
}

/** Without a storage there are no seasons, and a server is drained once. */
function showServerActions({ season, draining }) {
  const state = JSON.stringify([season, draining, session.role]);
  if (serverActions.dataset.state === state) return;
  serverActions.dataset.state = state;
  const wanted = [...season === null ? [] : [["season", { name: season }, {}]], ...draining ? [] : [["drain", {}, {}]]];
  serverActions.replaceChildren(...panel.buttons(wanted));
}

function failed(error, ms) {
  if (!session.user) return;
  if (error.code !== "unreachable") return setBanner(`The server refuses: ${error.message}`);
  failedAt ??= Date.now();
  setBanner(`The server does not answer. What is shown is ${duration((Date.now() - failedAt) / 1000)} old. `
    + `Trying again in ${Math.ceil(ms / 1000)} s.`);
}

function reached() {
  if (failedAt !== null) toast(`The server is back after ${duration((Date.now() - failedAt) / 1000)}.`);
  failedAt = null;
  setBanner("");
}

function setBanner(text) {
  setText(element("banner"), text);
  element("banner").hidden = !text;
  element("panel").classList.toggle("stale", Boolean(text));
}

function toast(text, isBad = false) {
  const line = make("p", { textContent: text, className: isBad ? "bad" : "" });
  element("toasts").append(line);
  setTimeout(() => line.remove(), TOAST_MS);
}

// Which page is shown.

function show() {
  const isIn = session.user !== null;
  element("login").hidden = isIn;
  element("panel").hidden = !isIn;
  if (!isIn) return element("username").value ? element("password").focus() : element("username").focus();
  setText(element("user"), `${session.user}, ${session.role}`);
  const [name, id] = location.hash.replace(/^#\//, "").split("/");
  const page = name !== "lobby" && Object.hasOwn(PAGES, name) && session.may(PAGES[name].role) ? name : "lobbies";
  leave();
  view = name === "lobby" && id ? new LobbyView(panel, decoded(id)) : PAGES[page].make(panel, id && decoded(id));
  document.title = `${view.title} · Muster admin`;
  const links = Object.entries(PAGES).filter(([, { role }]) => session.may(role)).map(([address, { title }]) => {
    const link = make("a", { href: `#/${address}`, textContent: title });
    if (address === page) link.setAttribute("aria-current", "page");
    return link;
  });
  element("nav").replaceChildren(...links);
  element("now").replaceChildren(facts.element, serverActions);
  element("page").replaceChildren(view.element);
  nowPoll.start();
  pagePoll.start();
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function leave() {
  nowPoll.stop();
  pagePoll.stop();
  view?.close?.();
  view = null;
}

/** Back to the form; whoever logs in again is where they were. */
function end(text) {
  leave();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("");
  failedAt = null;
  setBanner("");
  element("page").replaceChildren();
  setText(element("login-notice"), text);
  show();
}

session.onEnd = () => end("The session has ended. Log in to go on.");
element("logout").addEventListener("click", async () => {
  await session.logout();
  end("");
});
element("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const pressed = element("login-button");
  pressed.disabled = true;
  setText(element("login-notice"), "");
  try {
    await session.login(element("username").value, element("password").value);
    element("password").value = "";
    show();
    element("page").focus();
  } catch (error) {
    const isWrong = error.status === 401;
    setText(element("login-notice"), isWrong ? "Not let in: the name or the password is wrong, or too many were." : error.message);
    element("password").select();
  }
  pressed.disabled = false;
});
addEventListener("hashchange", () => {
  show();
  element("page").focus();
});
// Nobody looks: nothing is asked.
document.addEventListener("visibilitychange", () => {
  if (!view) return;
  for (const poll of [nowPoll, pagePoll]) if (document.hidden) poll.stop(); else poll.start();
});

// Keys, and dark and light.

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  setText(element("theme"), isDark() ? "Light" : "Dark");
  // What is drawn has its colours from before.
  if (view) show();
}

function switchTheme() {
  setTheme(isDark() ? "light" : "dark");
  try {
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  } catch {
    // Then it is as the system has it, next time.
  }
}

function allKeys() {
  const pages = Object.entries(PAGES).filter(([, { role }]) => session.may(role));
  const own = (view?.keys ?? []).filter(({ role }) => !role || session.may(role));
  return [
    ...pages.map(([address, { key, title }]) => ({ key, text: title.toLowerCase(), run: () => { location.hash = `#/${address}`; } })),
    ...own,
    { key: "j", text: "next link or button of the page", run: () => move(1) }, { key: "k", text: "the one before", run: () => move(-1) },
    { key: "t", text: "dark or light", run: switchTheme }, { key: "?", text: "these keys", run: help },
  ];
}

function move(step) {
  const all = [...element("page").querySelectorAll("a, button, input, select")].filter((one) => one.offsetParent);
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length]?.focus();
}

function help() {
  const name = (key) => key === "Escape" ? "Esc" : key;
  element("help-keys").replaceChildren(...allKeys().map(({ key, text }) =>
    make("div", {}, make("dt", {}, make("kbd", { textContent: name(key) })), make("dd", { textContent: text }))));
  element("help").showModal();
}

addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, select, textarea, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !session.user) return;
  const found = allKeys().find(({ key }) => key === event.key);
  if (!found) return;
  event.preventDefault();
  found.run();
});
element("keys").addEventListener("click", help);
element("theme").addEventListener("click", switchTheme);

let stored = null;
try {
  stored = localStorage.getItem("theme");
} catch {
  // As above.
}
if (stored === "dark" || stored === "light") document.documentElement.dataset.theme = stored;
setText(element("theme"), isDark() ? "Light" : "Dark");
show();
