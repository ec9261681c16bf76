extension WebFiles {
    /// protocol/javascript/codec1.js, as `scripts/embed` found it.
    static let musterCodec1Js = WebFile(
        ##"""
        // Codec 1 (protocol/spec/snapshot.md §9), which LobbyClient loads while its first join is under way.

        import { keep, merge } from "./codec0.js";
        import { genericFamily } from "./generic.js";
        import { RangeDecoder } from "./range.js";
        import { SnapshotError } from "./reader.js";
        import { carry, fourOf } from "./rotation.js";
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
          #made = null;

          /** @param {?Uint8Array} bytes as in snapshot.md §9.4, of which the `hash` was told; none for the generic ones */
          constructor(bytes, schema, hash) {
            this.schema = schema;
            const header = [1, ...schema.hash.match(/../g).reverse().map((digits) => parseInt(digits, 16))];
            if (bytes && header.some((byte, at) => byte !== bytes[at])) wrong("another schema's");
            [this.bytes, this.#made] = [bytes, bytes ? null : header];
            this.types = schema.types.map(({ fields }, place) => ({
              modes: [NEW, STEADY, JUMP].map((mode) => this.#mode(fields, mode, place)), ids: this.#family("count", 2, symbolCount(65535)),
            }));
            if (bytes && this.#at !== bytes.length) wrong("damaged");
            this.hash = fnv(bytes ?? this.#made);
            if (hash && hash !== this.hash) wrong("others");
          }

          #mode(fields, mode, place) {
            const made = { mode, fields: fields.map((field) => this.#field(field, this.#parentOf(field, fields, place))) };
            if (mode === NEW) return made;
            [made.touched, made.flags] = [this.#family("touched", 2, 2), this.#family("flags", 10, 2)];
            [made.gap] = this.#family("count", 1, symbolCount(65536));
            return made;
          }

          /** What a field moves with: the same field of what another one refers to, of an earlier type. */
          #parentOf({ name, link }, fields, place) {
            if (!link) return null;
            const named = (list, wanted) => list.findIndex((other) => other.name === wanted);
            const reference = named(fields, link);
            const type = named(this.schema.types.slice(0, place), fields[reference]?.table);
            return type < 0 ? wrong("no parent") : { reference, type, column: named(this.schema.types[type].fields, name) };
          }

          #field({ kind, part, maximum, predictor }, parent) {
            const isLinear = predictor === "linear";
            const turn = kind === "angle" ? maximum + 1 : 0;
            const most = part ? part.maximum : turn ? turn / 2 : maximum;
            const numbers = this.#family("numbers", part ? 270 : 90, symbolCount(most));
            return { turn, part, maximum, isLinear, parent, numbers, largest: part ? this.#family("largest", 8, 4) : null };
          }

          #family(purpose, count, symbols) {
            const [family, written] = [[], []];
            this.#starts += count * (symbols + 1);
            if (this.#starts > STARTS_MAX) wrong("damaged");
            if (this.#made) return genericFamily(purpose, count, symbols, this.#made);
            while (family.length < count) {
              const length = this.#varint();
              if (length > 0) written.push(this.#table(length, symbols));
              family.push(length > 0 ? written.at(-1) : written[this.#varint()] ?? wrong("damaged"));
            }
            return family;
          }

          #table(length, symbols) {
            if (length > symbols) wrong("damaged");
            const starts = new Uint16Array(symbols + 1);
            let sum = 0;
            for (let symbol = 0; symbol < symbols; symbol += 1) {
              sum += symbol < length ? this.#varint() + 1 : 1;
              if (sum > 16384) wrong("damaged");
              starts[symbol + 1] = sum;
            }
            return sum === 16384 ? starts : wrong("damaged");
          }

          #varint() {
            for (let [value, scale] = [0, 1]; scale < 2 ** 35; scale *= 128) {
              const byte = this.bytes[this.#at];
              if (byte === undefined) wrong("damaged");
              this.#at += 1;
              value += (byte & 127) * scale;
              if (byte < 128) return value;
            }
            return wrong("damaged");
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

          change(coder, baseline, before, ticks, steps) {
            const tables = [];
            baseline.tables.forEach((old, place) => {
              const { modes, ids } = this.types[place];
              const rows = new Rows(coder, modes[ticks === steps ? STEADY : JUMP], ticks, steps, [baseline.tables, tables]);
              const earlier = before?.tables[place];
              if (!coder.symbol(rows.tables.touched[0])) tables.push(old);
              else if (!this.schema.types[place].isSingle) tables.push(readChange(coder, rows, modes[NEW], ids, old, earlier));
              else tables.push({ ids: [0], rows: [rows.read(old.rows[0], (earlier ?? old).rows[0])] });
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
              const { isLinear, part, maximum } = tables.fields[at];
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
          let [kept, spawned] = [old, []];
          if (coder.symbol(rows.tables.touched[1])) {
            const removed = readIDs(coder, idTables);
            spawned = readIDs(coder, idTables);
            kept = keep(old, removed, spawned);
          }
          const next = { ids: kept.ids, rows: readKept(coder, rows, kept, earlier) };
          return merge(next, { ids: spawned, rows: readNew(coder, fresh, spawned.length) });
        }

        /** Kept rows (§9.7): those at rest by how many are between them, then those that move. */
        function readKept(coder, rows, kept, earlier) {
          const made = kept.rows.slice();
          if (!rows.count) return made;
          const moving = movingOf(kept, earlier);
          // Who rests is between those who move.
          let [place, next, resting] = [-1, 0, -1];
          for (let target = -1, gap; (gap = coder.count(rows.tables.gap)) > 0;) {
            target += gap;
            for (; resting < target; resting += 1) {
              place += 1;
              while (next < moving && PLACES[next] === place) [place, next] = [place + 1, next + 1];
              if (place >= made.length) refuse("badNumber");
            }
            made[place] = rows.read(made[place], made[place], 0);
            coder.check();
          }
          for (let at = 0; at < moving; at += 1) {
            const [base, before] = [made[PLACES[at]], BEFORES[at]];
            const speed = rows.speed(base, before);
            if (coder.symbol(rows.tables.flags[below(speed, 9)])) made[PLACES[at]] = rows.read(base, before, speed);
            coder.check();
          }
          return made;
        }

        /** Where those are that move, and what their rows were before. */
        const [PLACES, BEFORES] = [new Uint16Array(65536), []];

        function movingOf({ ids, rows }, earlier) {
          let moving = 0;
          if (!earlier) return moving;
          const isSameList = earlier.ids === ids;
          for (let place = 0, at = 0; place < rows.length; place += 1) {
            if (isSameList) at = place;
            else while (earlier.ids[at] < ids[place]) at += 1;
            const before = isSameList || earlier.ids[at] === ids[place] ? earlier.rows[at] : rows[place];
            if (before === rows[place] || isSame(before, rows[place])) continue;
            PLACES[moving] = place;
            BEFORES[moving] = before;
            moving += 1;
          }
          return moving;
        }

        function isSame(left, right) {
          for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
          return true;
        }

        function wrap(turn, difference) {
          if (difference > turn / 2) return difference - turn;
          return difference <= -turn / 2 ? difference + turn : difference;
        }

        /** Rows of a type in one mode (§9.5). */
        class Rows {
          /** `ticks` from the baseline, 0 for new entities; `steps` from there to the state before, or 0; both states' tables so far. */
          constructor(coder, tables, ticks, steps, states) {
            [this.coder, this.tables, this.ticks, this.steps, this.states] = [coder, tables, ticks, steps, states];
            [this.fields, this.count] = [tables.fields, tables.fields.length];
            [this.error, this.sum, this.start] = [0, 0, 0];
            this.isNew = ticks === 0;
            this.repetitions = this.isNew ? 0 : steps === ticks ? 1
              : steps === 0 || ticks > 16 ? 0 : Math.floor((ticks + Math.floor(steps / 2)) / steps);
          }

          read(base, before, speed = this.isNew ? this.start : this.speed(base, before)) {
            const first = this.isNew ? Math.floor(speed / 8) : 0;
            this.error = speed;
            this.sum = first;
            const row = new Array(this.count);
            for (let at = 0; at < this.count; at += 1) {
              const field = this.fields[at];
              row[at] = field.part ? this.#rotation(field, base[at], before[at]) : this.#number(field, base[at], before[at], base);
              this.error = this.sum;
              if (at === 0) this.start = this.sum - first;
            }
            return row;
          }

          speed(base, before) {
            let speed = 0;
            for (let at = 0; at < this.count; at += 1) {
              const [now, old] = [base[at], before[at]];
              if (now === old) continue;
              const { part, turn } = this.fields[at];
              if (!part) speed += Math.abs(turn ? wrap(turn, now - old) : now - old);
              else {
                const { bits, maximum } = part;
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

          /** What is expected and by how much it is off (§9.5). */
          #difference(numbers, first, expected, step) {
            const number = this.coder.number(numbers[first + 10 * below(step < 0 ? -step : step, 8) + below(this.error, 9)]);
            this.sum += number < 0 ? -number : number;
            return step < 0 ? expected - number : expected + number;
          }

          /** How far a field's parent has moved, if it has one. */
          #pull({ reference, type, column }, row) {
            const [old, now] = this.states.map((tables) => tables[type].rows[tables[type].ids.indexOf(row[reference] - 1)]);
            return old && now ? now[column] - old[column] : undefined;
          }

          #number({ turn, maximum, isLinear, parent, numbers }, base, before, row) {
            const pull = parent && !this.isNew ? this.#pull(parent, row) : undefined;
            const way = pull ?? base - before;
            const step = turn ? wrap(turn, way) : way;
            let expected = base;
            if (pull !== undefined) expected = base + step;
            else if (isLinear || parent && !this.isNew) expected = base + this.carried(step);
            if (turn) {
              const value = this.#difference(numbers, 0, expected, step) % turn;
              return value < 0 ? value + turn : value;
            }
            if (expected < 0) expected = 0;
            if (expected > maximum) expected = maximum;
            const value = this.#difference(numbers, 0, expected, step);
            return value >= 0 && value <= maximum ? value : refuse("valueOutOfRange");
          }

          #rotation({ part, isLinear, numbers, largest }, base, before) {
            const { bits, maximum } = part;
            fourOf(part, base, NOW);
            let next = NOW;
            if (isLinear && base !== before && !this.isNew) {
              next = NEXT;
              fourOf(part, before, OLD);
              carry(NOW, OLD, NEXT, this, maximum);
            }
            const index = this.#largest(largest, next);
            const sign = next[index] < 0 ? -1 : 1;
            let [value, step, component, first] = [index, 0, 0, 0];
            for (let at = 0; at < 4; at += 1) {
              if (at === index) continue;
              let expected = (maximum + 1) / 2;
              if (this.isNew) step = first === 0 ? 0 : component - expected;
              else {
                expected = sign * next[at] + 8 * maximum + 8 >> 4;
                if (expected < 0) expected = 0;
                if (expected > maximum) expected = maximum;
                step = sign * (next[at] - NOW[at]) / 16 | 0;
              }
              component = this.#difference(numbers, first, expected, step);
              if (!(component >= 0 && component <= maximum)) refuse("valueOutOfRange");
              [this.error, first] = [this.sum, first + 90];
              value = (value << bits | component) >>> 0;
            }
            return value;
          }

          /** Which number is left out, by how clearly one is the largest. */
          #largest(tables, four) {
            let [likely, most, second] = [0, Math.abs(four[0]), 0];
            for (let at = 1; at < 4; at += 1) {
              const size = Math.abs(four[at]);
              if (size > most) [likely, second, most] = [at, most, size];
              else if (size > second) second = size;
            }
            const symbol = this.coder.symbol(tables[below(most - second >> 4, 7)]);
            return symbol === 0 ? likely : symbol <= likely ? symbol - 1 : symbol;
          }
        }

        const [NOW, OLD, NEXT] = [new Int32Array(4), new Int32Array(4), new Int32Array(4)];

        """##,
        type: "text/javascript")
}
