// The list of lobbies, kept up to date by the server (protocol/spec/lobby.md §5.6).

import { listLobbies } from "./api.js";
import { Comeback } from "./comeback.js";
import { socketURL } from "./websocket.js";

/** How often a subscription is renewed, so that one which is not served any more is noticed; and a list asked for. */
const EVERY_MS = { renew: 20000, ask: 4000 };

/**
 * The lobbies that fit a query, as they come and go. Set either of these functions before `open`:
 * - `onChange(rows)`: the rows of lobby.md §5.1 by their ids, at first and whenever any of them changes.
 * - `onState(state)`: "live" once it is known, "lost" while the server is reached in no way.
 *
 * It is told over a WebSocket; where none gets through over an event stream, and else it asks.
 */
export class LobbyList {
  #close = null;
  #comeback;
  #rows = new Map();

  /**
   * @param {string} server "http://…" or "https://…"
   * @param {object} query game, title, open, metadata (an object), limit, after
   * @param {{ways?: Function[]}} options the ways to try, in their order
   */
  constructor(server, query = {}, { ways = [overSocket, overStream, byAsking] } = {}) {
    [this.server, this.query] = [server, query];
    this.onChange = this.onState = () => {};
    this.#comeback = new Comeback(ways, () => this.open());
  }

  /** The rows as they are known. */
  get rows() {
    return [...this.#rows.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }

  open() {
    if (this.#close) return;
    // What a way still says after it was left is nobody's.
    let [close, wasHeard] = [null, false];
    const isMeant = () => this.#close === close;
    const news = (data) => {
      if (!isMeant()) return;
      if (!wasHeard) [wasHeard] = [true, this.#comeback.seated()];
      this.#apply(data);
    };
    const lost = () => isMeant() && this.#lost(wasHeard);
    close = this.#close = this.#comeback.transport(this.server, this.query, { news, lost });
  }

  close() {
    this.#comeback.stop();
    this.#close?.();
    this.#close = null;
  }

  #apply({ lobbies, removed = [], whole = false }) {
    if (whole) this.#rows.clear();
    for (const id of removed) this.#rows.delete(id);
    for (const row of lobbies) this.#rows.set(row.id, row);
    this.onState("live");
    this.onChange(this.rows);
  }

  #lost(wasHeard) {
    this.#close();
    this.#close = null;
    this.#comeback.lost(wasHeard);
    if (this.#comeback.rounds > 0) this.onState("lost");
  }
}

/**
 * A way to the list: a function of the server's address, the query and two things to tell, that returns how to end it.
 * `news` is told the data of the event `lobbies`, `lost` that there will be no more; neither before it has returned.
 */
function overSocket(server, query, { news, lost }) {
  const socket = new WebSocket(socketURL(server, "~quick"));
  let isServed = true;
  // The answer comes before the list, and shows that the server still is there.
  const subscribe = () => {
    if (!isServed) return lost();
    isServed = false;
    socket.send(JSON.stringify({ event: "subscribe", data: query, id: 1 }));
  };
  let timer = null;
  socket.onopen = () => {
    timer = setInterval(subscribe, EVERY_MS.renew);
    subscribe();
  };
  socket.onclose = lost;
  socket.onmessage = ({ data }) => {
    const { event, data: body } = JSON.parse(data);
    if (event === "ack") isServed = true;
    if (event === "lobbies") news(body);
    if (event === "exception") lost();
  };
  return () => {
    clearInterval(timer);
    socket.close();
  };
}

function overStream(server, query, { news, lost }) {
  if (!globalThis.EventSource) return never(lost);
  const url = new URL("/api/lobbies", server);
  for (const [name, value] of Object.entries(flat(query))) url.searchParams.set(name, value);
  const source = new EventSource(url);
  source.addEventListener("lobbies", ({ data }) => news(JSON.parse(data)));
  source.onerror = lost;
  return () => source.close();
}

function byAsking(server, query, { news, lost }) {
  let timer = null;
  const ask = () => listLobbies(server, flat(query)).then((lobbies) => {
    news({ lobbies, whole: true });
    if (timer !== undefined) timer = setTimeout(ask, EVERY_MS.ask);
  }, lost);
  ask();
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}

function never(lost) {
  queueMicrotask(lost);
  return () => {};
}

/** The query as it stands in an address. */
function flat({ metadata = {}, ...rest }) {
  for (const [name, value] of Object.entries(metadata)) rest[`metadata.${name}`] = value;
  return rest;
}
