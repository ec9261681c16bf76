// What a client sends in binary (protocol/spec/game-messages.md).

import { writeVarint } from "./reader.js";

/**
 * The newest tick applied and 1 to 8 inputs, each [tick, sequence, quantised values] (game-messages.md §2).
 * @param {number} ack
 * @param {[number, number, number[]][]} inputs
 */
export function encodeInputs(ack, inputs, schema) {
  const bytes = [inputs.length << 4 | 8];
  writeVarint(bytes, ack);
  for (const [tick, sequence, values] of inputs) {
    writeVarint(bytes, tick);
    writeVarint(bytes, sequence);
    let [rest, filled] = [0, 0];
    values.forEach((value, index) => {
      rest += value * 2 ** filled;
      for (filled += schema.input[index].width; filled >= 8; filled -= 8) {
        bytes.push(rest % 256);
        rest = Math.floor(rest / 256);
      }
    });
    if (filled) bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

/** Tells what has been applied, when there is no input to send (game-messages.md §3). */
export function encodeAck(tick) {
  const bytes = [9];
  writeVarint(bytes, tick);
  return Uint8Array.from(bytes);
}

/** Asks for a keyframe; reason 1 is a hash mismatch, 2 a message that was refused (game-messages.md §4). */
export function encodeKeyframeRequest(reason) {
  return Uint8Array.of(10, reason);
}
