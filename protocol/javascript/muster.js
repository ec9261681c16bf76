// A client for Muster: snapshots (protocol/spec/snapshot.md), client messages (game-messages.md) and lobbies
// over a plain WebSocket (lobby.md). An ES module without dependencies, for browsers and Node.
//
// A state is {tick, tables: [{ids, rows}]} in the schema's order, with quantised values; applying a message
// leaves the states before it as they are. Names come from the server: they are keys of Maps, never of objects.

/** A message that must not be applied; `code` is the error's name in snapshot.md §6. */
export class SnapshotError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** A field: its quantised maximum, its width in bits, and the way from values to numbers (snapshot.md §3.1). */
export class Field {
  constructor(name, kind, numbers) {
    [this.name, this.kind, this.origin, this.step] = [name, kind, 0, 1];
    const [low, high, step] = numbers;
    if (numbers.length > 1 && !(low <= high && low >= -(2 ** 53) && high <= 2 ** 53)) refuse("range");
    if (kind === "bool") this.maximum = 1;
    else if (kind === "int") [this.origin, this.maximum] = [low, high - low];
    else if (kind === "fixed") {
      const steps = (high - low) / step;
      [this.origin, this.step, this.maximum] = [low, step, Math.floor(steps + 0.5)];
      if (!(step >= 1e-9 && step <= 2 ** 53 && Math.abs(steps - this.maximum) <= 1e-6)) refuse("step");
    } else {
      if (low < 1 || low > (kind === "angle" ? 24 : 65536)) refuse(kind);
      this.maximum = kind === "angle" ? 2 ** low - 1 : low - 1;
      if (kind === "angle") this.step = 2 * Math.PI / 2 ** low;
    }
    if (this.maximum > 2 ** 32 - 1) refuse("maximum");
    this.width = this.maximum ? 32 - Math.clz32(this.maximum) : 0;
  }

  /** The number that a quantised value stands for: radians for an angle. */
  number(value) {
    return this.origin + value * this.step;
  }

  /** The quantised value nearest to a number or a boolean, clamped to the field's range. */
  value(number) {
    if (Number.isNaN(Number(number))) return 0;
    if (this.kind === "angle") {
      const turns = number / (2 * Math.PI);
      return Math.floor((turns - Math.floor(turns)) * 2 ** this.width + 0.5) % 2 ** this.width;
    }
    return Math.min(Math.max(Math.floor((number - this.origin) / this.step + 0.5), 0), this.maximum);
  }
}

/** The entity types and the input of a game (snapshot.md §3). */
export class Schema {
  /** Reads the canonical text; throws an Error for any other. */
  static parse(text) {
    const lines = text.split("\n");
    if (text.length > 65536 || lines.shift() !== "muster-schema 1" || lines.pop() !== "") refuse("text");
    const schema = new Schema();
    schema.types = [];
    schema.input = null;
    let names = new Set();
    const typeNames = new Set();
    for (const line of lines) {
      const [word, name, kind, ...numbers] = line.split(" ");
      if (line === "input" && !schema.input) [schema.input, names] = [[], new Set()];
      else if ((word === "table" || word === "single") && kind === undefined && !schema.input) {
        schema.types.push({ name: newName(name, typeNames), isSingle: word === "single", fields: [] });
        names = new Set();
      } else if (word === "field" && (schema.input || schema.types.length)) {
        const form = KINDS.get(kind);
        if (!form || numbers.length !== form.count || !numbers.every(form.isNumber)) refuse(line);
        const fields = schema.input ?? schema.types.at(-1).fields;
        fields.push(new Field(newName(name, names), kind, numbers.map(Number)));
      } else refuse(line);
    }
    if (!schema.input) refuse("no input");
    schema.hash = schemaHash(text);
    return schema;
  }
}

const isWhole = (word) => /^(0|-?[1-9][0-9]*)$/.test(word);
const KINDS = new Map([
  ["bool", { count: 0, isNumber: isWhole }], ["int", { count: 2, isNumber: isWhole }],
  ["enum", { count: 1, isNumber: isWhole }], ["angle", { count: 1, isNumber: isWhole }],
  ["fixed", { count: 3, isNumber: (word) => decimalText(Number(word)) === word }],
]);

function refuse(what) {
  throw new Error(`not a schema: ${what}`);
}

function newName(name, taken) {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name ?? "") || taken.has(name) || taken.size === 64) refuse(name);
  taken.add(name);
  return name;
}

/** The shortest digits that read back as the same number, without exponent (snapshot.md §3.2). */
function decimalText(number) {
  const [digits, exponent] = String(number).split("e-");
  if (!exponent) return digits;
  const sign = digits.startsWith("-") ? "-" : "";
  return `${sign}0.${"0".repeat(exponent - 1)}${digits.replace(/[-.]/g, "")}`;
}

/** FNV-1a with 64 bits, as 16 hexadecimal digits (snapshot.md §3.3). */
function schemaHash(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/** The hash over a state that the server sends along now and then (snapshot.md §4.2). */
export function stateHash(state) {
  let hash = 0;
  let count = 0;
  const add = (word) => {
    word = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul(word << 15 | word >>> 17, 0x1b873593);
    hash = Math.imul(hash << 13 | hash >>> 19, 5) + 0xe6546b64 | 0;
    count += 1;
  };
  add(state.tick);
  for (const { ids, rows } of state.tables) {
    add(ids.length);
    ids.forEach(add);
    for (const row of rows) row.forEach(add);
  }
  hash ^= 4 * count;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

/** Reads bytes, then bits, least significant first (snapshot.md §2). */
class Reader {
  constructor(bytes) {
    [this.bytes, this.position] = [bytes, 0];
  }

  get left() {
    return this.bytes.length * 8 - this.position;
  }

  bits(width) {
    if (width > this.left) throw new SnapshotError("truncated");
    let value = 0;
    for (let done = 0; done < width;) {
      const offset = this.position % 8;
      const taken = Math.min(8 - offset, width - done);
      value += (this.bytes[(this.position - offset) / 8] >>> offset & (1 << taken) - 1) * 2 ** done;
      done += taken;
      this.position += taken;
    }
    return value;
  }

  varint() {
    let value = 0;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.bits(8);
      value += (byte & 127) * 128 ** index;
      if (byte > 127) continue;
      if (byte === 0 && index > 0 || value >= 2 ** 32) break;
      return value;
    }
    throw new SnapshotError("badTick");
  }

  packed() {
    let value = 0;
    for (let index = 0; index < 6; index += 1) {
      const group = this.bits(4);
      value += (group & 7) * 8 ** index;
      if (group > 7) continue;
      if (group === 0 && index > 0 || value > 65535) break;
      return value;
    }
    throw new SnapshotError("badNumber");
  }

  ids() {
    const count = this.packed();
    if (count * 4 > this.left) throw new SnapshotError("truncated");
    const ids = [];
    for (let least = 0; ids.length < count; least = ids.at(-1) + 1) {
      ids.push(least + this.packed());
      if (ids.at(-1) > 65535) throw new SnapshotError("badIdentifiers");
    }
    return ids;
  }

  record(fields) {
    return fields.map((field) => {
      const value = this.bits(field.width);
      if (value > field.maximum) throw new SnapshotError("valueOutOfRange");
      return value;
    });
  }

  /** `count` records, once it is known that the message can hold them. */
  records(count, fields) {
    const width = fields.reduce((sum, field) => sum + field.width, 0);
    if (count * width > this.left) throw new SnapshotError("truncated");
    return Array.from({ length: count }, () => this.record(fields));
  }
}

/**
 * The state to which a message leads: a keyframe from nothing, a delta from `baseline` (a state or null).
 * Throws a SnapshotError, and then nothing has changed (snapshot.md §5 and §6).
 */
export function applySnapshot(message, baseline, schema) {
  const reader = new Reader(message);
  const first = reader.bits(8);
  const kind = first & 15;
  if (kind !== 1 && kind !== 2) throw new SnapshotError("unknownKind");
  if (first & 0x30) throw new SnapshotError("unknownCodec");
  if (first & 0x80) throw new SnapshotError("reservedFlag");
  const tick = reader.varint();
  if (tick === 0) throw new SnapshotError("badTick");
  const distance = kind === 2 ? reader.varint() : 0;
  if (kind === 2 && (distance < 1 || distance >= tick)) throw new SnapshotError("badTick");
  const expected = first & 0x40 ? reader.bits(32) : null;
  if (kind === 2 && baseline?.tick !== tick - distance) throw new SnapshotError("wrongBaseline");
  const tables = schema.types.map((type, index) =>
    kind === 2 ? readChange(reader, type, baseline.tables[index]) : readTable(reader, type));
  if (reader.left >= 8 || reader.bits(reader.left)) throw new SnapshotError("trailingBytes");
  const state = { tick, tables };
  if (expected !== null && stateHash(state) !== expected) throw new SnapshotError("stateHashMismatch");
  return state;
}

function readTable(reader, type) {
  const ids = type.isSingle ? [0] : reader.ids();
  return { ids, rows: reader.records(ids.length, type.fields) };
}

function readChange(reader, { isSingle, fields }, old) {
  if (!reader.bits(1)) return old;
  if (isSingle) return { ids: [0], rows: [reader.record(fields)] };
  const [removed, spawned] = reader.bits(1) ? [reader.ids(), reader.ids()] : [[], []];
  const before = new Set(old.ids);
  const gone = new Set(removed);
  if (removed.some((id) => !before.has(id)) || spawned.some((id) => before.has(id))
    || before.size - removed.length + spawned.length > 65535) throw new SnapshotError("badIdentifiers");
  const kept = [];
  old.ids.forEach((id, index) => {
    if (!gone.has(id)) kept.push([id, reader.bits(1) ? reader.record(fields) : old.rows[index]]);
  });
  const added = reader.records(spawned.length, fields).map((row, index) => [spawned[index], row]);
  const all = added.length ? kept.concat(added).sort((a, b) => a[0] - b[0]) : kept;
  return { ids: all.map(([id]) => id), rows: all.map(([, row]) => row) };
}

/** A state in the game's own units: a Map from type to a Map from id to a Map from field to number. */
export function entities(state, schema) {
  return new Map(schema.types.map(({ name, fields }, index) => {
    const { ids, rows } = state.tables[index];
    const named = (row) => new Map(fields.map((field, column) => [field.name, field.number(row[column])]));
    return [name, new Map(ids.map((id, at) => [id, named(rows[at])]))];
  }));
}

/** The newest tick applied and 1 to 8 inputs, each [tick, sequence, quantised values] (game-messages.md §2). */
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

function writeVarint(bytes, number) {
  for (; number > 127; number = Math.floor(number / 128)) bytes.push(number % 128 + 128);
  bytes.push(number);
}

const BACKOFF_MS = { first: 250, most: 8000 };
/** Close codes after which another try is of no use (websocket.md §5), and what to tell the player. */
const FINAL = new Map([
  [4000, "the lobby was closed"], [4002, "the server does not understand this page"], [4003, "kicked"],
  [4006, "playing from another connection"], [4007, "the lobby is full"], [4008, "too much at once"],
  [4010, "no such lobby or game"], [4011, "the lobby takes no new players"], [4012, "the password is another"],
]);

/**
 * A seat in a lobby over a plain WebSocket, kept over lost connections (lobby.md).
 *
 * Set any of these functions before `join`:
 * - `onState(state, text)`: "connecting", "playing", "waiting" before the next try, or "over"; `text` says why.
 * - `onSnapshot({tick, entities})`: each new state, see `entities`.
 * - `onEvent(name, data)`: everything that the server says as text, `joined` among them.
 */
export class LobbyClient {
  /** `request` is the join of lobby.md §2 without what resumes: {name, game, options, lobby, password, filter}. */
  constructor(url, request = {}) {
    [this.url, this.request] = [url, request];
    this.onState = this.onSnapshot = this.onEvent = () => {};
    /** The answer to the last join, the schema, the newest state, and the last round trip in milliseconds. */
    this.joined = this.schema = this.state = this.roundTrip = null;
    this.attempts = 0;
    this.isOver = false;
  }

  join() {
    if (this.isOver) return;
    this.onState("connecting", "");
    const socket = this.socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    [this.isSeated, this.awaitsKeyframe, this.refusal] = [false, false, ""];
    this.heardAt = performance.now();
    socket.onopen = () => {
      const data = { ...this.request };
      if (this.joined) data.token = this.joined.token;
      if (this.joined && this.state) data.tick = this.state.tick;
      this.#send("join", data);
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.heardAt = performance.now();
      if (typeof data === "string") this.#receive(JSON.parse(data));
      else this.#apply(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => socket === this.socket && this.#closed(code);
    this.timer = setInterval(() => this.#everySecond(), 1000);
  }

  /** Gives the seat up and ends the connection for good. */
  leave() {
    if (this.isSeated) this.#send("leave");
    this.#end("left");
  }

  /** Sends an input: an object or Map with a number or boolean for each field; a missing field is 0. */
  input(values) {
    if (!this.isSeated || !this.state) return;
    const named = values instanceof Map ? values : new Map(Object.entries(values));
    const row = this.schema.input.map((field) => field.value(named.get(field.name) ?? 0));
    this.sequence += 1;
    this.hasSaid = true;
    const now = performance.now();
    if (this.asked !== undefined || now - this.askedAt < 1000) {
      this.socket.send(encodeInputs(this.state.tick, [[this.state.tick + 1, this.sequence, row]], this.schema));
      return;
    }
    // One input a second goes as JSON, which is answered: that measures the round trip.
    const input = Object.fromEntries(this.schema.input.map((field, index) =>
      [field.name, field.kind === "bool" ? row[index] === 1 : field.number(row[index])]));
    [this.asked, this.askedAt] = [this.sequence, now];
    this.#send("input", { input, sequence: this.sequence }, this.sequence);
  }

  #send(event, data, id) {
    this.socket.send(JSON.stringify({ event, data, id }));
  }

  #receive({ event, data, id }) {
    if (event === "ack" || event === "exception" && this.isSeated) {
      if (id === this.asked) [this.roundTrip, this.asked] = [performance.now() - this.askedAt, undefined];
      if (event === "ack") return;
    }
    if (event === "exception" && !this.isSeated) this.refusal = data?.message ?? "refused";
    if (event === "joined") {
      if (!data.resumed || data.schemaHash !== this.joined?.schemaHash) this.state = null;
      if (data.schemaHash !== this.schema?.hash) this.schema = Schema.parse(data.schema);
      [this.joined, this.isSeated, this.attempts] = [data, true, 0];
      // A seat in a lobby that was new, or that the server has chosen, is taken up again by that lobby's id.
      this.url = new URL(data.lobby, this.url).href;
      [this.sequence, this.asked, this.askedAt] = [0, undefined, 0];
      this.onState("playing", "");
    }
    this.onEvent(event, data);
  }

  #apply(message) {
    if (!this.schema || this.awaitsKeyframe && (message[0] & 15) === 2) return;
    try {
      this.state = applySnapshot(message, this.state, this.schema);
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      if (error.code === "unknownKind") return;
      this.awaitsKeyframe = true;
      this.socket.send(encodeKeyframeRequest(error.code === "stateHashMismatch" ? 1 : 2));
      return;
    }
    this.awaitsKeyframe = false;
    this.onSnapshot({ tick: this.state.tick, entities: entities(this.state, this.schema) });
  }

  /** Acknowledges, and gives a server up that has been silent for too long. */
  #everySecond() {
    const { pingInterval = 10000, pingTimeout = 10000 } = this.joined ?? {};
    const silence = performance.now() - this.heardAt;
    if (silence > pingInterval + pingTimeout) return this.#closed(1006);
    if (!this.isSeated) return;
    if (!this.hasSaid) this.socket.send(encodeAck(this.state?.tick ?? 0));
    this.hasSaid = false;
    // A page cannot see the server's pings, and a game may have nothing to say for long. This is answered.
    if (silence > pingInterval) this.#send("keyframe", {}, "alive");
  }

  #closed(code) {
    this.#drop();
    if (code === 4001 && this.joined) this.joined = this.state = null;
    else if (FINAL.has(code) || code === 4001) return this.#end(this.refusal || FINAL.get(code) || "refused");
    // Jitter, so that all who lost the same server do not come back in the same moment.
    const pause = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** this.attempts) * (0.5 + Math.random() / 2);
    this.attempts += 1;
    this.onState("waiting", this.refusal || "connection lost");
    this.retry = setTimeout(() => this.join(), pause);
  }

  #end(text) {
    this.isOver = true;
    clearTimeout(this.retry);
    if (this.socket) this.#drop();
    this.onState("over", text);
  }

  #drop() {
    clearInterval(this.timer);
    const socket = this.socket;
    this.isSeated = false;
    this.socket = null;
    socket.close();
  }
}
