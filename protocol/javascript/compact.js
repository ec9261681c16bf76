// The compact dialect: everything is binary (protocol/spec/lobby.md §1.1).

import { pack, unpack } from "./messagepack.js";
import { webSocket } from "./websocket.js";

/** The first byte of an event, by who says it. */
const [SERVER, CLIENT] = [0x07, 0x0f];

const EVENTS = {
  protocol: "muster.compact.1",
  write(event, data, id) {
    const packed = pack(id === undefined ? [event, data] : [event, data, id]);
    const message = new Uint8Array(packed.length + 1);
    message[0] = CLIENT;
    message.set(packed, 1);
    return message;
  },
  read(message) {
    if (typeof message === "string" || message[0] !== SERVER) return null;
    const [event, data, id] = unpack(message.subarray(1));
    return { event, data, id };
  },
};

/** A transport as in websocket.js. */
export function compact(server, lobby, request, hooks) {
  return webSocket(server, lobby, request, hooks, EVENTS);
}
