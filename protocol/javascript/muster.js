// A client for Muster, for browsers and Node: ES modules without dependencies. Import from here what you need;
// api.js, compact.js, list.js, socketio.js and watcher.js are imported besides.
//
//     const client = new LobbyClient("http://127.0.0.1:7777", "~quick", { name: "Ann", game: "arena" });
//     client.onSnapshot = (state) => console.log(new World(client.schema, state).all("player"));
//     client.join();

export { LobbyClient, RefusedError } from "./client.js";
export { InputPacer, LobbyClock } from "./clock.js";
export { Interpolator } from "./interpolation.js";
export { encodeAck, encodeInputs, encodeKeyframeRequest } from "./messages.js";
export { polling } from "./polling.js";
export { Predictor } from "./prediction.js";
export { SnapshotError } from "./reader.js";
export { Field, Schema } from "./schema.js";
export { applySnapshot, stateHash } from "./snapshot.js";
export { webSocket } from "./websocket.js";
export { BlendedWorld, World } from "./world.js";
