// Tictactoe in the browser: the least that a page needs to play a game of the server's. Copy it.

import { LobbyClient, World } from "/muster/muster.js";

const MARKS = ["", "×", "○"];
const NAMES = ["empty", "cross", "nought"];
const LINES = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];
const PHASE = { waiting: 0, playing: 1, over: 2 };

const element = (id) => document.getElementById(id);
const say = (text) => { element("status").textContent = text; };

// A seat in the lobby that the address names, or in any that has room. A tab that is loaded again has the seat's token.
const lobby = new URLSearchParams(location.search).get("lobby") ?? "~quick";
const token = sessionStorage.getItem(lobby);
const client = new LobbyClient(location.origin, lobby, { game: "tictactoe", name: "player", token });
client.onSnapshot = (state) => show(new World(client.schema, state));
client.onState = (state, text) => {
  if (state === "lost") say("The connection is lost. Your seat is kept; trying again …");
  if (state === "over") say(`It is over: ${text}.`);
  for (const cell of cells) cell.disabled = true;
};
client.onEvent = (name, data) => {
  if (name !== "joined") return;
  sessionStorage.setItem(data.lobby, data.token);
  history.replaceState(null, "", `?lobby=${encodeURIComponent(data.lobby)}`);
  element("link").href = element("link").textContent = location.href;
};

const cells = Array.from({ length: 9 }, (_, number) => {
  const cell = document.createElement("button");
  cell.onclick = () => client.input({ cell: number });
  element("board").append(cell);
  return cell;
});

/** Seat 0 plays crosses, seat 1 noughts. */
function show(world) {
  const { phase, turn, winner } = world.single("match");
  const marks = world.all("cell").map(({ mark }) => mark);
  const own = client.joined.seat + 1;
  const isMyTurn = phase === PHASE.playing && turn === own;
  const won = LINES.find((line) => winner && line.every((at) => marks[at] === winner)) ?? [];
  cells.forEach((cell, at) => {
    cell.textContent = MARKS[marks[at]];
    cell.ariaLabel = `row ${Math.floor(at / 3) + 1}, column ${at % 3 + 1}: ${NAMES[marks[at]]}`;
    cell.disabled = !isMyTurn || marks[at] !== 0;
    cell.className = won.includes(at) ? "won" : "";
  });
  element("invite").hidden = phase !== PHASE.waiting;
  if (phase === PHASE.waiting) say("Waiting for a second player.");
  else if (phase === PHASE.playing) say(isMyTurn ? `Your turn: you play ${MARKS[own]}` : `${MARKS[turn]} has the turn`);
  else say(winner === 0 ? "A draw." : winner === own ? "You have won!" : `${MARKS[winner]} has won.`);
}

client.join();
