// Watching a lobby without a seat, over an event stream (protocol/spec/lobby.md §5.3): one request of plain HTTP,
// which gets through where nothing else does.

import { fromBase64 } from "./packets.js";
import { SnapshotError } from "./reader.js";
import { Schema } from "./schema.js";
import { applySnapshot } from "./snapshot.js";

/**
 * A lobby as it is seen from outside. Set any of these functions before `open`:
 * - `onSnapshot(state)`: each new state.
 * - `onLobby(row)`: who is there, as in lobby.md §5.2, at the beginning and whenever it changes.
 * - `onEnd(text)`: the lobby is over, or may not be watched.
 */
export class LobbyWatcher {
  #source = null;

  /**
   * @param {string} server "http://…" or "https://…"
   * @param {{hz?: number, EventSource?: Function}} options states a second at most; one's own where there is none
   */
  constructor(server, lobby, { hz, EventSource = globalThis.EventSource } = {}) {
    this.url = new URL(`/api/lobbies/${encodeURIComponent(lobby)}/events?format=snapshot`, server);
    if (hz) this.url.searchParams.set("hz", hz);
    this.EventSource = EventSource;
    this.onSnapshot = this.onLobby = this.onEnd = () => {};
    this.schema = this.state = this.lobby = null;
  }

  open() {
    const source = this.#source = new this.EventSource(this.url);
    const on = (name, hook) => source.addEventListener(name, ({ data }) => source === this.#source && hook(data));
    on("schema", (data) => { this.schema = Schema.parse(JSON.parse(data).schema); });
    on("lobby", (data) => this.onLobby(this.lobby = JSON.parse(data)));
    on("snapshot", (data) => this.#apply(fromBase64(data)));
    on("closed", (data) => this.#end(JSON.parse(data).reason));
    // It comes back by itself, unless the server has refused it.
    source.onerror = () => {
      if (source.readyState === 2 && source === this.#source) this.#end("this lobby cannot be watched");
    };
  }

  close() {
    this.#source?.close();
    this.#source = null;
  }

  #apply(message) {
    try {
      this.state = applySnapshot(message, this.state, this.schema);
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      // Another lobby of the same id, or a server that was started again: anew, without a tick to go on from.
      this.close();
      this.state = null;
      return this.open();
    }
    this.onSnapshot(this.state);
  }

  #end(text) {
    this.close();
    this.onEnd(text);
  }
}
