// The server's page: lists open lobbies and plays arena. What the server says enters the page as text only.

import { LobbyClient } from "/muster.js";

const element = (id) => document.getElementById(id);
const canvas = element("canvas");
const pen = canvas.getContext("2d");

// Arena's constants (Sources/Games/Arena): the field, its walls as [left, right, bottom, top], and directions.
const HALF = { width: 20, height: 12 };
const WALLS = [
  [-1, 1, -4, 4], [-14, -8, 5, 6], [8, 14, -6, -5], [-14, -13, -7, 0], [13, 14, 0, 7], [-7, -3, -9, -8],
  [3, 7, 8, 9],
];
const DIRECTIONS = 256;
const angle = (aim) => aim * 2 * Math.PI / DIRECTIONS;

let client = null;
/** The last two snapshots, older first, each with the time at which it came. */
let snapshots = [];
const keys = new Set();
const pointer = { x: 0, y: 0, isDown: false };
let lastInput = "";
let lastInputAt = 0;

// The menu.

async function listLobbies() {
  if (client) return;
  try {
    const lobbies = await (await fetch("/api/lobbies")).json();
    element("lobbies").replaceChildren(...lobbies.map(lobbyRow));
    element("none").hidden = lobbies.length > 0;
    if (element("notice").dataset.isOffline) notice("");
  } catch {
    notice("The server does not answer.", true);
  }
}

function lobbyRow({ id, game, players, seats, title, password, locked }) {
  const row = document.createElement("button");
  const isClosed = password || locked;
  const room = isClosed ? (password ? "needs a password" : "has begun") : `${players} of ${seats}`;
  for (const [kind, text] of [["id", title ?? id], ["game", game], ["players", room]]) {
    const part = document.createElement("span");
    part.className = kind;
    part.textContent = text;
    row.append(part);
  }
  row.type = "button";
  row.disabled = game !== "arena" || isClosed;
  row.onclick = () => { element("lobby").value = id; };
  const item = document.createElement("li");
  item.append(row);
  return item;
}

function notice(text, isOffline = false) {
  element("notice").textContent = text;
  element("notice").dataset.isOffline = isOffline ? "yes" : "";
}

function play(name, lobby) {
  notice("");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const url = `${scheme}://${location.host}/lobby/${encodeURIComponent(lobby)}`;
  client = new LobbyClient(url, { name, game: "arena" });
  [snapshots, lastInput] = [[], ""];
  client.onState = showState;
  client.onSnapshot = (snapshot) => {
    snapshots = [...snapshots.slice(-1), { ...snapshot, time: performance.now() }];
  };
  client.onEvent = (event, data) => {
    if (event !== "joined") return;
    if (data.game !== "arena") return stop(`This page cannot draw ${data.game}.`);
    element("title").textContent = `${data.name} in ${data.lobby}`;
  };
  element("title").textContent = lobby;
  element("menu").hidden = true;
  element("game").hidden = false;
  client.join();
  requestAnimationFrame(frame);
}

function showState(state, text) {
  if (state === "over") return stop(text === "left" ? "" : `The game is over: ${text}.`);
  const words = new Map([["connecting", "connecting…"], ["playing", "connected"]]);
  element("state").textContent = words.get(state) ?? `${text}, trying again…`;
  element("state").className = state === "playing" ? "" : "bad";
  lastInput = "";
}

function stop(text) {
  const old = client;
  client = null;
  if (old && !old.isOver) {
    old.onState = () => {};
    old.leave();
  }
  element("game").hidden = true;
  element("menu").hidden = false;
  notice(text);
  listLobbies();
}

// Keys and pointer.

const STEPS = new Map([
  ["KeyW", [0, 1]], ["ArrowUp", [0, 1]], ["KeyS", [0, -1]], ["ArrowDown", [0, -1]],
  ["KeyA", [-1, 0]], ["ArrowLeft", [-1, 0]], ["KeyD", [1, 0]], ["ArrowRight", [1, 0]],
]);

addEventListener("keydown", (event) => {
  if (!client || !STEPS.has(event.code) || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  keys.add(event.code);
});
addEventListener("keyup", (event) => keys.delete(event.code));
addEventListener("blur", () => {
  keys.clear();
  pointer.isDown = false;
});
const point = (event) => {
  const box = canvas.getBoundingClientRect();
  [pointer.x, pointer.y] = [event.clientX - box.left, event.clientY - box.top];
};
canvas.addEventListener("pointermove", point);
canvas.addEventListener("pointerdown", (event) => {
  point(event);
  pointer.isDown = event.button === 0;
});
addEventListener("pointerup", () => { pointer.isDown = false; });

/** Sends what the player wants when it has changed, at most once a step. */
function sendInput(me, view, now) {
  if (!me || now - lastInputAt < 1000 / client.joined.tickRate) return;
  let [dx, dy] = [0, 0];
  for (const key of keys) [dx, dy] = [dx + STEPS.get(key)[0], dy + STEPS.get(key)[1]];
  const turn = Math.atan2(view.y - me.y * view.scale - pointer.y, pointer.x - view.x - me.x * view.scale);
  const aim = (Math.round(turn / (2 * Math.PI) * DIRECTIONS) + DIRECTIONS) % DIRECTIONS;
  const input = { dx: Math.sign(dx), dy: Math.sign(dy), aim, fire: pointer.isDown };
  // Said again once a second: that also measures the round trip.
  if (JSON.stringify(input) === lastInput && now - lastInputAt < 1000) return;
  [lastInput, lastInputAt] = [JSON.stringify(input), now];
  client.input(input);
}

// Drawing.

function frame(now) {
  if (!client) return;
  requestAnimationFrame(frame);
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  }
  // x to the right, y up; the whole field with a margin.
  const scale = Math.min(width / (2 * HALF.width + 1), height / (2 * HALF.height + 1));
  const view = { x: width / 2, y: height / 2, scale };
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const colour = colours();
  drawField(view, colour);
  const newest = snapshots.at(-1);
  if (!newest || !client?.joined) return;
  const seat = client.joined.seat;
  for (const pickup of between("pickup", now).values()) drawPickup(pickup, view, colour);
  for (const shot of between("projectile", now).values()) drawShot(shot, view);
  const players = between("player", now);
  for (const [id, player] of players) drawPlayer(id, player, id === seat, view, colour);
  for (const [id, player] of players) drawLabel(id, player, id === seat, view, colour);
  showFigures(newest, seat);
  sendInput(players.get(seat), view, now);
}

/** The entities of a type as plain numbers, where they are between the last two snapshots at this time. */
function between(type, now) {
  const [newest, older] = [snapshots.at(-1), snapshots.at(-2)];
  const span = older ? (newest.tick - older.tick) / client.joined.tickRate * 1000 : 0;
  const part = span > 0 ? Math.min(Math.max((now - newest.time) / span, 0), 1) : 1;
  return new Map([...newest.entities.get(type)].map(([id, fields]) => {
    const get = (name) => fields.get(name) ?? 0;
    const seen = {
      x: get("x"), y: get("y"), aim: get("aim"), health: get("health"), score: get("score"), kind: get("kind"),
      owner: get("owner"),
    };
    const before = older?.entities.get(type).get(id);
    // What jumps has respawned, or is another entity with the same id.
    if (before && Math.hypot(seen.x - before.get("x"), seen.y - before.get("y")) < 3) {
      seen.x = before.get("x") + (seen.x - before.get("x")) * part;
      seen.y = before.get("y") + (seen.y - before.get("y")) * part;
    }
    return [id, seen];
  }));
}

let palette = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { palette = null; });

function colours() {
  const style = palette ? null : getComputedStyle(document.documentElement);
  const names = ["text", "quiet", "line", "floor", "wall", "health", "ammo", "bad"];
  palette ??= Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return palette;
}

const seatColour = (id) => `hsl(${(id * 137.5 + 215) % 360} 65% 52%)`;

function box(left, right, bottom, top, view) {
  pen.rect(
    view.x + left * view.scale, view.y - top * view.scale,
    (right - left) * view.scale, (top - bottom) * view.scale);
}

function circle(x, y, radius, view) {
  pen.beginPath();
  pen.arc(view.x + x * view.scale, view.y - y * view.scale, radius * view.scale, 0, 2 * Math.PI);
}

function drawField(view, colour) {
  pen.beginPath();
  box(-HALF.width, HALF.width, -HALF.height, HALF.height, view);
  pen.fillStyle = colour.floor;
  pen.fill();
  [pen.strokeStyle, pen.lineWidth] = [colour.wall, 2];
  pen.stroke();
  pen.beginPath();
  for (const wall of WALLS) box(...wall, view);
  pen.fillStyle = colour.wall;
  pen.fill();
}

/** Health is a cross, ammunition three dots. */
function drawPickup({ x, y, kind }, view, colour) {
  pen.fillStyle = kind === 0 ? colour.health : colour.ammo;
  if (kind === 0) {
    pen.beginPath();
    box(x - 0.4, x + 0.4, y - 0.14, y + 0.14, view);
    box(x - 0.14, x + 0.14, y - 0.4, y + 0.4, view);
    pen.fill();
    return;
  }
  for (const offset of [-0.3, 0, 0.3]) {
    circle(x + offset, y, 0.13, view);
    pen.fill();
  }
}

function drawShot({ x, y, aim, owner }, view) {
  const [ax, ay] = [Math.cos(angle(aim)) * 0.35, Math.sin(angle(aim)) * 0.35];
  pen.beginPath();
  pen.moveTo(view.x + (x - ax) * view.scale, view.y - (y - ay) * view.scale);
  pen.lineTo(view.x + (x + ax) * view.scale, view.y - (y + ay) * view.scale);
  [pen.strokeStyle, pen.lineWidth, pen.lineCap] = [seatColour(owner), Math.max(2, 0.18 * view.scale), "round"];
  pen.stroke();
}

function drawPlayer(id, { x, y, aim, health }, isMe, view, colour) {
  pen.globalAlpha = health > 0 ? 1 : 0.25;
  const reach = (distance) => [
    view.x + (x + Math.cos(angle(aim)) * distance) * view.scale,
    view.y - (y + Math.sin(angle(aim)) * distance) * view.scale,
  ];
  pen.beginPath();
  pen.moveTo(...reach(0.3));
  pen.lineTo(...reach(0.85));
  [pen.strokeStyle, pen.lineWidth, pen.lineCap] = [colour.text, 0.24 * view.scale, "butt"];
  pen.stroke();
  circle(x, y, 0.5, view);
  pen.fillStyle = seatColour(id);
  pen.fill();
  if (isMe) {
    [pen.strokeStyle, pen.lineWidth] = [colour.text, Math.max(1.5, 0.1 * view.scale)];
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

/** Name and score, and a bar of health. Snapshots carry no names: others go by the number of their seat. */
function drawLabel(id, { x, y, health, score }, isMe, view, colour) {
  if (health > 0) {
    for (const [part, fill] of [[1, colour.line], [health / 100, health > 35 ? colour.health : colour.bad]]) {
      pen.beginPath();
      box(x - 0.6, x - 0.6 + 1.2 * part, y + 0.72, y + 0.87, view);
      pen.fillStyle = fill;
      pen.fill();
    }
  }
  const size = Math.max(10, 0.6 * view.scale);
  pen.font = `${isMe ? "600 " : ""}${size}px system-ui, sans-serif`;
  [pen.textAlign, pen.fillStyle] = ["center", isMe ? colour.text : colour.quiet];
  const name = isMe ? client.joined.name : `seat ${id}`;
  pen.fillText(`${name} · ${score}`, view.x + x * view.scale, view.y - (y + 1.05) * view.scale);
}

function showFigures({ tick, entities }, seat) {
  const me = entities.get("player").get(seat);
  const match = entities.get("match").get(0);
  const health = me?.get("health") ?? 0;
  const seconds = match.get("secondsLeft");
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  const life = health > 0 ? `${health} health` : "down, back in a moment";
  element("vitals").textContent = me
    ? `${life} · ${me.get("ammo")} shots · ${me.get("score")} points · round ${match.get("round")}, ${clock}` : "";
  const trip = client.roundTrip === null ? "–" : `${Math.max(1, Math.round(client.roundTrip))} ms`;
  element("figures").textContent = `tick ${tick} · ${trip}`;
}

// Start.

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  play(element("name").value, element("lobby").value);
});
element("quick").addEventListener("click", () => play(element("name").value, "~quick"));
element("leave").addEventListener("click", () => stop(""));
const query = new URLSearchParams(location.search);
for (const id of ["name", "lobby"]) if (query.has(id)) element(id).value = query.get(id);
listLobbies();
setInterval(listLobbies, 2000);
if (query.get("auto") === "1") element("form").requestSubmit();
