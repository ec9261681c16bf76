// Through the official socket.io-client, where the page brings it: polling first, and WebSocket when that works.

import { answered, endOf } from "./polling.js";

/**
 * A transport as in websocket.js: `socketIO(io)` with the `io` of socket.io-client 4.
 * @param {Function} io
 * @param {object} options of the Manager; reconnecting is the LobbyClient's affair
 */
export function socketIO(io, options = {}) {
  return function socketIO(server, lobby, request, hooks) {
    let [isClosed, reason] = [false, [1006, ""]];
    const socket = io(new URL(`/lobby/${lobby}`, server).href, {
      ...options, auth: request, reconnection: false, forceNew: true,
    });
    const closed = (code, text) => {
      if (isClosed) return;
      isClosed = true;
      socket.io.engine?.close();
      hooks.closed(code, text);
    };
    socket.on("connect_error", ({ message, data }) => closed(data?.code ?? 1006, data ? message : ""));
    socket.on("disconnect", () => closed(...reason));
    socket.io.engine?.on("packet", ({ data }) => { hooks.traffic.bytesIn += data?.length ?? data?.byteLength ?? 0; });
    socket.io.engine?.on("packetCreate", ({ data }) => {
      hooks.traffic.bytesOut += data?.length ?? data?.byteLength ?? 0;
    });
    socket.onAny((name, data) => {
      if (isClosed) return;
      if (name === "snapshot") return hooks.snapshot(new Uint8Array(data));
      reason = endOf(name, data) ?? reason;
      hooks.event(name, data);
    });
    return {
      emit(event, data, id) {
        if (id === undefined) socket.emit(event, data ?? null);
        else socket.emit(event, data ?? null, (answer) => isClosed || answered(hooks, id, answer));
      },
      send: (message) => socket.emit("input", message),
      close() {
        isClosed = true;
        // Not `disconnect`, which gives the seat up.
        socket.io.engine?.close();
      },
    };
  };
}
