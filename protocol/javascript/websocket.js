// The plain dialect (protocol/spec/lobby.md §1).

/**
 * A transport is a function of the server's address, a lobby's id, the request to join, and the hooks that are told. It
 * returns a link, tells nothing before that, and nothing after it was closed.
 *
 * @typedef {object} Hooks
 * @property {(name: string, data: any) => void} event what the server says; `joined` is the first
 * @property {(id: number, error: ?{message: string, code: any}, data: any) => void} answer to what was said with an id
 * @property {(message: Uint8Array) => void} snapshot
 * @property {(code: number, text: string) => void} closed once; codes are those of protocol/spec/websocket.md §5
 * @property {{bytesIn: number, bytesOut: number}} traffic
 *
 * @typedef {object} Link
 * @property {(event: string, data: any, id?: number) => void} emit
 * @property {(message: Uint8Array) => void} send a binary client message
 * @property {() => void} close
 */

/** Events to messages and back; null for a snapshot. */
const TEXT = {
  write: (event, data, id) => JSON.stringify({ event, data, id }),
  read: (message) => (typeof message === "string" ? JSON.parse(message) : null),
};

export function webSocket(server, lobby, request, hooks, { protocol = [], write, read } = TEXT) {
  const socket = new WebSocket(socketURL(server, lobby), protocol);
  socket.binaryType = "arraybuffer";
  let [refusal, isClosed] = ["", false];
  const say = (message) => {
    if (socket.readyState !== 1) return;
    hooks.traffic.bytesOut += message.length;
    socket.send(message);
  };
  const emit = (event, data, id) => say(write(event, data, id));
  const closed = (code) => {
    if (isClosed) return;
    isClosed = true;
    hooks.closed(code, refusal);
  };
  socket.onopen = () => emit("join", request);
  socket.onclose = ({ code }) => closed(code);
  socket.onmessage = ({ data }) => {
    if (isClosed) return;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    hooks.traffic.bytesIn += message.length;
    const said = read(message);
    if (!said) return hooks.snapshot(message);
    const { event, data: body, id } = said;
    if (event === "ack") hooks.answer(id, null, body);
    else if (event === "exception" && body?.id !== undefined) hooks.answer(body.id, body);
    else {
      // Before a seat is taken this says why it is not.
      if (event === "exception") refusal = body?.message ?? "";
      hooks.event(event, body);
    }
  };
  return {
    emit,
    send: say,
    close() {
      isClosed = true;
      socket.close();
    },
  };
}

/** Where a lobby is joined over a WebSocket. */
export function socketURL(server, lobby) {
  const url = new URL(`/lobby/${encodeURIComponent(lobby)}`, server);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}
