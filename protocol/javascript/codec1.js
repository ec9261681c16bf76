// Codec 1 (protocol/spec/snapshot.md §9): symbols by trained tables, against the newest state and the one before it. LobbyClient
// loads it while its first join is under way.

import { RangeDecoder } from "./range.js";
import { SnapshotError } from "./reader.js";
import { carry, fourOf, likelyOf } from "./rotation.js";
import { fnv } from "./schema.js";

/** What a family of tables is for: new entities, a step as long as the distance, any other. */
const [NEW, STEADY, JUMP] = [0, 1, 2];
const STARTS_MAX = 2 ** 20;
const refuse = (code) => { throw new SnapshotError(code); };
const below = (n, most) => n >= 2 ** most ? most : 32 - Math.clz32(n);

/** count(M) of §9.2. */
function symbolCount(most) {
  if (most < 8) return 2 * most + 1;
  const b = 31 - Math.clz32(most);
  return 15 + 4 * (b - 3) + 2 * (most >>> b - 1 & 1) + 2;
}

/** The tables by which the messages of a schema are coded; `applySnapshot` takes them. An Error when the bytes are none of it. */
export class CodingTables {
  #at = 9;
  #starts = 0;

  /** @param {Uint8Array} bytes as in snapshot.md §9.4, of which the `hash` was told */
  constructor(bytes, schema, hash) {
    [this.bytes, this.schema, this.hash] = [bytes, schema, fnv(bytes)];
    if (hash && hash !== this.hash) wrong("others than were named");
    let name = "";
    for (let at = 8; at > 0; at -= 1) name += (bytes[at] ?? 0).toString(16).padStart(2, "0");
    if (bytes[0] !== 1 || name !== schema.hash) wrong("another schema's");
    this.types = schema.types.map(({ fields }) => ({
      modes: [NEW, STEADY, JUMP].map((mode) => this.#mode(fields, mode)), ids: this.#family(2, symbolCount(65535)),
    }));
    if (this.#at !== bytes.length) wrong("too long");
  }

  #mode(fields, mode) {
    const made = { mode, fields: fields.map((field) => this.#field(field)) };
    if (mode === NEW) return made;
    [made.touched, made.flags] = [this.#family(2, 2), this.#family(10, 2)];
    [made.gap] = this.#family(1, symbolCount(65536));
    return made;
  }

  #field(field) {
    if (!field.part) {
      const most = field.kind === "angle" ? (field.maximum + 1) / 2 : field.maximum;
      return { field, numbers: this.#family(90, symbolCount(most)) };
    }
    return { field, numbers: this.#family(270, symbolCount(field.part.maximum)), largest: this.#family(8, 4) };
  }

  #family(count, symbols) {
    const [family, written] = [[], []];
    this.#starts += count * (symbols + 1);
    if (this.#starts > STARTS_MAX) wrong("too many");
    while (family.length < count) {
      const length = this.#varint();
      if (length > 0) written.push(this.#table(length, symbols));
      family.push(length > 0 ? written.at(-1) : written[this.#varint()] ?? wrong("like none"));
    }
    return family;
  }

  #table(length, symbols) {
    if (length > symbols) wrong("too many symbols");
    const starts = new Uint16Array(symbols + 1);
    let sum = 0;
    for (let symbol = 0; symbol < symbols; symbol += 1) {
      sum += symbol < length ? this.#varint() + 1 : 1;
      if (sum > 16384) wrong("too frequent");
      starts[symbol + 1] = sum;
    }
    return sum === 16384 ? starts : wrong("not frequent enough");
  }

  #varint() {
    for (let [value, scale] = [0, 1]; scale < 2 ** 35; scale *= 128) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) wrong("too short");
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return wrong("a number that is too long");
  }

  /** The tables of a keyframe. */
  readKeyframe(bytes, offset) {
    const coder = new RangeDecoder(bytes, offset);
    const tables = this.schema.types.map(({ isSingle }, place) => {
      const { modes, ids: idTables } = this.types[place];
      const ids = isSingle ? [0] : readIDs(coder, idTables);
      return { ids, rows: readNew(coder, modes[NEW], ids.length) };
    });
    coder.end();
    return tables;
  }

  /** The tables that a delta makes of its baseline's. Those that have not changed are the very same, and so are rows. */
  readDelta(bytes, offset, baseline, before, ticks, steps) {
    return this.change(new RangeDecoder(bytes, offset), baseline, before, ticks, steps);
  }

  /** The same, whoever says what the symbols are. */
  change(coder, baseline, before, ticks, steps) {
    const tables = baseline.tables.map((old, place) => {
      const { modes, ids } = this.types[place];
      const rows = new Rows(coder, modes[ticks === steps ? STEADY : JUMP], ticks, steps);
      if (!coder.symbol(rows.tables.touched[0])) return old;
      const earlier = before?.tables[place];
      if (!this.schema.types[place].isSingle) return readChange(coder, rows, modes[NEW], ids, old, earlier);
      return { ids: [0], rows: [rows.read(old.rows[0], (earlier ?? old).rows[0])] };
    });
    coder.end();
    return tables;
  }
}

function wrong(what) {
  throw new Error(`not tables: ${what}`);
}

function readIDs(coder, [counts, gaps]) {
  const count = coder.count(counts);
  if (count > 65535) refuse("badIdentifiers");
  const ids = [];
  for (let id = -1; ids.length < count;) {
    id += coder.count(gaps) + 1;
    coder.check();
    if (id > 65535) refuse("badIdentifiers");
    ids.push(id);
  }
  return ids;
}

/** New rows (§9.7): each against the one before it, and what came twice in a row. */
function readNew(coder, tables, count) {
  const rows = new Rows(coder, tables, 0, 0);
  let base = tables.fields.map(() => 0);
  const [held, last, made] = [[...base], [...base], []];
  while (made.length < count) {
    const before = base.map((value, at) => {
      const { isLinear, part, maximum } = tables.fields[at].field;
      const expected = value - held[at];
      return isLinear && !part && expected >= 0 && expected <= maximum ? expected : value;
    });
    const row = rows.read(base, before);
    coder.check();
    row.forEach((value, at) => {
      const step = value - base[at];
      if (step === last[at]) held[at] = step;
      last[at] = step;
    });
    made.push(base = row);
  }
  return made;
}

function readChange(coder, rows, fresh, idTables, old, earlier) {
  let kept = old;
  let spawned = null;
  if (coder.symbol(rows.tables.touched[1])) {
    const removed = readIDs(coder, idTables);
    spawned = readIDs(coder, idTables);
    const [known, gone] = [new Set(old.ids), new Set(removed)];
    if (removed.some((id) => !known.has(id)) || spawned.some((id) => known.has(id))
      || known.size - removed.length + spawned.length > 65535) refuse("badIdentifiers");
    const isKept = old.ids.map((id) => !gone.has(id));
    kept = { ids: old.ids.filter((_, at) => isKept[at]), rows: old.rows.filter((_, at) => isKept[at]) };
  }
  const next = { ids: kept.ids, rows: readKept(coder, rows, kept, earlier) };
  return spawned?.length ? merged(next, { ids: spawned, rows: readNew(coder, fresh, spawned.length) }) : next;
}

/** Both have their ids in ascending order, and none in common. */
function merged(left, right) {
  const [ids, rows] = [[], []];
  for (let [a, b] = [0, 0]; a < left.ids.length || b < right.ids.length;) {
    const isLeft = b === right.ids.length || left.ids[a] < right.ids[b];
    const [from, at] = isLeft ? [left, a++] : [right, b++];
    ids.push(from.ids[at]);
    rows.push(from.rows[at]);
  }
  return { ids, rows };
}

/** Kept rows (§9.7): those at rest by how many are between them, then those that move. */
function readKept(coder, rows, kept, earlier) {
  const made = kept.rows.slice();
  if (!rows.count) return made;
  const { ids } = kept;
  const [resting, moving, befores] = [[], [], []];
  const [oldIDs, oldRows] = [earlier?.ids ?? [], earlier?.rows];
  for (let [place, at] = [0, 0]; place < made.length; place += 1) {
    while (oldIDs[at] < ids[place]) at += 1;
    const before = oldIDs[at] === ids[place] ? oldRows[at] : made[place];
    if (before === made[place] || isSame(before, made[place])) resting.push(place);
    else {
      moving.push(place);
      befores.push(before);
    }
  }
  for (let at = -1, gap; (gap = coder.count(rows.tables.gap)) > 0;) {
    at += gap;
    if (at >= resting.length) refuse("badNumber");
    const place = resting[at];
    made[place] = rows.read(made[place], made[place]);
    coder.check();
  }
  for (let at = 0; at < moving.length; at += 1) {
    const place = moving[at];
    const speed = rows.speed(made[place], befores[at]);
    if (coder.symbol(rows.tables.flags[below(speed, 9)])) made[place] = rows.read(made[place], befores[at], speed);
    coder.check();
  }
  return made;
}

function isSame(left, right) {
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}

/** The difference of two values, the short way round for angles. */
function wrap(field, difference) {
  if (field.kind !== "angle") return difference;
  const turn = field.maximum + 1;
  if (difference > turn / 2) return difference - turn;
  return difference <= -turn / 2 ? difference + turn : difference;
}

/** Rows of a type in one mode (§9.5). */
class Rows {
  /** `ticks` is the distance to the baseline, 0 for new entities; `steps` that from there to the state before, or 0. */
  constructor(coder, tables, ticks, steps) {
    [this.coder, this.tables, this.ticks, this.steps] = [coder, tables, ticks, steps];
    [this.error, this.sum, this.count] = [0, 0, tables.fields.length];
    this.isNew = ticks === 0;
    this.repetitions = this.isNew ? 0 : steps === ticks ? 1
      : steps === 0 || ticks > 16 ? 0 : Math.floor((ticks + Math.floor(steps / 2)) / steps);
  }

  read(base, before, speed = base === before ? 0 : this.speed(base, before)) {
    [this.error, this.sum] = [speed, 0];
    const row = new Array(this.count);
    for (let at = 0; at < this.count; at += 1) {
      const tables = this.tables.fields[at];
      row[at] = tables.largest ? this.#rotation(tables, base[at], before[at]) : this.#number(tables, base[at], before[at]);
      this.error = this.sum;
    }
    return row;
  }

  speed(base, before) {
    let speed = 0;
    for (let at = 0; at < this.count; at += 1) {
      const [now, old] = [base[at], before[at]];
      if (now === old) continue;
      const { field } = this.tables.fields[at];
      if (!field.part) speed += Math.abs(wrap(field, now - old));
      else {
        const { bits, maximum } = field.part;
        if (now >>> 3 * bits !== old >>> 3 * bits) speed += 16;
        else {
          for (let shift = 0; shift < 3 * bits; shift += bits) {
            speed += Math.abs((now >>> shift & maximum) - (old >>> shift & maximum));
          }
        }
      }
    }
    return speed;
  }

  carried(step) {
    const { ticks, steps } = this;
    if (this.isNew || steps === ticks || step === 0) return step;
    if (steps === 0 || ticks > 16) return 0;
    return Math.sign(step) * Math.floor((2 * Math.abs(step) * ticks + steps) / (2 * steps));
  }

  /** A number by the table for the step and for how wrong the fields before it were, added to what is expected. */
  #difference(tables, first, expected, step) {
    const number = this.coder.number(tables[first + 10 * below(Math.abs(step), 8) + below(this.error, 9)]);
    this.sum += Math.abs(number);
    return step < 0 ? expected - number : expected + number;
  }

  #number({ field, numbers }, base, before) {
    const { maximum, isLinear } = field;
    const step = wrap(field, base - before);
    let expected = isLinear ? base + this.carried(step) : base;
    if (field.kind === "angle") {
      const turn = maximum + 1;
      const value = this.#difference(numbers, 0, expected, step) % turn;
      return value < 0 ? value + turn : value;
    }
    if (expected < 0) expected = 0;
    if (expected > maximum) expected = maximum;
    const value = this.#difference(numbers, 0, expected, step);
    return value >= 0 && value <= maximum ? value : refuse("valueOutOfRange");
  }

  #rotation({ field, numbers, largest }, base, before) {
    const { bits, maximum } = field.part;
    const now = fourOf(field.part, base, NOW);
    const isCarried = field.isLinear && base !== before && !this.isNew;
    const next = isCarried ? carry(now, fourOf(field.part, before, OLD), this, maximum) : now;
    const { likely, margin } = likelyOf(next, LIKELY);
    const symbol = this.coder.symbol(largest[below(margin, 7)]);
    const index = symbol === 0 ? likely : symbol <= likely ? symbol - 1 : symbol;
    const sign = next[index] < 0 ? -1 : 1;
    let [value, step, component, order] = [index, 0, 0, 0];
    for (let at = 0; at < 4; at += 1) {
      if (at === index) continue;
      let expected = (maximum + 1) / 2;
      if (this.isNew) step = order === 0 ? 0 : component - expected;
      else {
        expected = Math.min(Math.max(sign * next[at] + 8 * maximum + 8 >> 4, 0), maximum);
        step = Math.trunc(sign * (next[at] - now[at]) / 16);
      }
      component = this.#difference(numbers, 90 * order, expected, step);
      if (!(component >= 0 && component <= maximum)) refuse("valueOutOfRange");
      [this.error, order] = [this.sum, order + 1];
      value = (value << bits | component) >>> 0;
    }
    return value;
  }
}

const [NOW, OLD, LIKELY] = [[0, 0, 0, 0], [0, 0, 0, 0], { likely: 0, margin: 0 }];
