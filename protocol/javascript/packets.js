// Packets of Socket.IO in Engine.IO payloads, as text (protocol/spec/socketio.md §2 and §3).

const SEPARATOR = "\x1e";

/** `[name, data]` with an ack id, or with bytes for data, as messages of Engine.IO for a namespace. */
export function eventPackets(namespace, name, data, id = "") {
  if (!(data instanceof Uint8Array)) return [`42${namespace},${id}${JSON.stringify([name, data ?? null])}`];
  const text = JSON.stringify([name, { _placeholder: true, num: 0 }]);
  return [`451-${namespace},${id}${text}`, `b${base64(data)}`];
}

export const joinPayload = (packets) => packets.join(SEPARATOR);
export const splitPayload = (payload) => payload.split(SEPARATOR);

/**
 * A Socket.IO packet without its Engine.IO digit: its type, ack id and value.
 * @returns {{type: number, id: number, value: any}}
 */
export function parsePacket(text) {
  const [, type, id, json] = /^(\d)(?:\d+-)?(?:\/[^,]*,)?(\d*)(.*)$/s.exec(text) ?? [];
  return {
    type: Number(type), id: id ? Number(id) : undefined,
    value: json ? JSON.parse(json) : undefined,
  };
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** The bytes of base64 or base64url, padded or not. */
export function fromBase64(text) {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}
