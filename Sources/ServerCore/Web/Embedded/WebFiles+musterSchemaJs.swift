extension WebFiles {
    /// protocol/javascript/schema.js, as `scripts/embed` found it.
    static let musterSchemaJs = WebFile(
        ##"""
        // What the entities and the input of a game are made of (protocol/spec/snapshot.md §3). Names come from the server:
        // here they are keys of Maps and of objects without a prototype, never of plain objects.

        /** A field: its quantised maximum, its width in bits, and the way from values to numbers (snapshot.md §3.1). */
        export class Field {
          constructor(name, kind, numbers, predictor = "") {
            [this.name, this.kind, this.origin, this.step, this.predictor] = [name, kind, 0, 1, predictor];
            /** A rotation's three components, {bits, maximum} of each; of the length of bytes: what they are called whole. */
            this.part = this.whole = null;
            const [low, high, step] = numbers;
            if (numbers.length > 1 && !(low <= high && low >= -(2 ** 53) && high <= 2 ** 53)) refuse("range");
            if (kind === "bool") this.maximum = 1;
            else if (kind === "int") [this.origin, this.maximum] = [low, high - low];
            else if (kind === "fixed") {
              const steps = (high - low) / step;
              [this.origin, this.step, this.maximum] = [low, step, Math.floor(steps + 0.5)];
              if (!(step >= 1e-9 && step <= 2 ** 53 && Math.abs(steps - this.maximum) <= 1e-6)) refuse("step");
            } else if (kind === "quat") {
              if (low < 2 || low > 10) refuse(kind);
              this.part = { bits: low, maximum: 2 ** low - 1 };
              this.maximum = 2 ** (2 + 3 * low) - 1;
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

          /** The same as a game reads it: a boolean for a bool. */
          read(value) {
            return this.kind === "bool" ? value === 1 : this.number(value);
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
            const references = [];
            let names = new Set();
            const typeNames = new Set();
            for (const line of lines) {
              const [word, name, kind, ...numbers] = line.split(" ");
              if (line === "input" && !schema.input) [schema.input, names] = [[], new Set()];
              else if ((word === "table" || word === "single") && !schema.input) {
                const every = kind ? Number(numbers[0]) : 1;
                if (kind && !(kind === "every" && !numbers[1] && isWhole(numbers[0]) && every > 1 && every < 65)) refuse(line);
                schema.types.push({ name: newName(name, typeNames), isSingle: word === "single", every, fields: [] });
                names = new Set();
              } else if (word === "field" && (schema.input || schema.types.length)) {
                const form = KINDS.get(kind);
                const [predictor = "", link, ...more] = form ? numbers.splice(form.count) : [];
                if (!form || numbers.length !== form.count || !numbers.every(form.isNumber) || more.length
                  || predictor && (form.parts === BYTES || predictor !== (link ? "parent" : "linear"))) refuse(line);
                const fields = schema.input ?? schema.types.at(-1).fields;
                newName(name, names);
                const [table] = kind === "entity" ? numbers : [];
                if (table) references.push(table);
                const values = table ? [-1, 65535] : numbers.map(Number);
                for (const [part, as, range] of form.parts?.(values) ?? [["", table ? "int" : kind, values]]) {
                  fields.push(Object.assign(new Field(name + part, as, range, predictor), {
                    link, table, whole: part === ".count" ? name : null,
                  }));
                }
                if (fields.length > 64) refuse(line);
              } else refuse(line);
            }
            if (!schema.input) refuse("no input");
            for (const table of references) {
              if (!schema.types.some(({ name, isSingle }) => name === table && !isSingle)) refuse(table);
            }
            schema.hash = fnv(new TextEncoder().encode(text));
            schema.places = new Map(schema.types.map(({ name }, place) => [name, place]));
            return schema;
          }

          /** The quantised values of an input, an object with a number or boolean for each field; a missing one is 0. */
          inputRow(values) {
            return this.input.map((field) => field.value(Object.hasOwn(values, field.name) ? values[field.name] : 0));
          }
        }

        const vector = (...parts) => (values) => parts.map((part) => [part, "fixed", values]);
        function BYTES([count]) {
          if (!(count > 0 && count < 65)) refuse("bytes");
          const words = Array.from({ length: Math.ceil(count / 4) }, (_, at) => [`.word${at + 1}`, "int", [0, 2 ** 32 - 1]]);
          return [[".count", "int", [0, count]], ...words];
        }

        const isWhole = (word) => /^(0|-?[1-9][0-9]*)$/.test(word);
        const NUMBER = { count: 1, isNumber: isWhole };
        const KINDS = new Map(Object.entries({
          bool: { ...NUMBER, count: 0 }, int: { ...NUMBER, count: 2 }, enum: NUMBER, angle: NUMBER, quat: NUMBER, bytes: { ...NUMBER, parts: BYTES },
          entity: { count: 1, isNumber: () => true }, fixed: { count: 3, isNumber: isDecimal },
          vec2: { count: 3, isNumber: isDecimal, parts: vector(".x", ".y") }, vec3: { count: 3, isNumber: isDecimal, parts: vector(".x", ".y", ".z") },
        }));

        function isDecimal(word) {
          return decimalText(Number(word)) === word;
        }

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

        /** FNV-1a with 64 bits, as 16 hexadecimal digits (snapshot.md §3.3). Its prime is 2⁴⁰ + 435. */
        export function fnv(bytes) {
          let [high, low] = [0xcbf29ce4, 0x84222325];
          for (const byte of bytes) {
            low = (low ^ byte) >>> 0;
            const product = low * 435;
            high = (high * 435 + low * 256 + Math.floor(product / 2 ** 32)) >>> 0;
            low = product >>> 0;
          }
          return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
        }

        """##,
        type: "text/javascript")
}
