// What a server answers over HTTP (protocol/spec/lobby.md §5): lobbies, seats that are kept, leaderboards.

/** An answer other than 2xx: its status, and where there is one its code of protocol/spec/websocket.md §5. */
export class APIError extends Error {
  constructor(status, { error, code } = {}) {
    super(error ?? `status ${status}`);
    [this.status, this.code] = [status, code];
  }
}

async function ask(server, path, query = {}, body) {
  const url = new URL(`/api/${path}`, server);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  const post = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(url, body === undefined ? {} : post);
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new APIError(answer.status, data);
  return data;
}

const at = (lobby) => `lobbies/${encodeURIComponent(lobby)}`;

/** The listed lobbies; query: game, title, open, "metadata.NAME", limit, after. */
export const listLobbies = (server, query) => ask(server, "lobbies", query);

/** One lobby with its newest state, in the game's own units. */
export const readLobby = (server, lobby) => ask(server, at(lobby));

/** Opens a lobby in which nobody sits yet: {game, id?, options?, lobby?}. */
export const openLobby = (server, terms) => ask(server, "lobbies", {}, terms);

/** Keeps seats for 15 seconds: {count?, players?, password?, jwt?}; a join with one of the tickets takes it. */
export const reserveSeats = (server, lobby, wish = {}) => ask(server, `${at(lobby)}/seats`, {}, wish);

/** A page of a game's leaderboard; query: season, order, from, around, limit. */
export const leaderboard = (server, game, query) => ask(server, `leaderboards/${encodeURIComponent(game)}`, query);

/** The games that have finished, the newest first; query: game, limit, before. */
export const results = (server, query) => ask(server, "results", query);
