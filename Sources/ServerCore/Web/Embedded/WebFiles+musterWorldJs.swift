extension WebFiles {
    /// protocol/javascript/world.js, as `scripts/embed` found it.
    static let musterWorldJs = WebFile(
        ##"""
        // A state in the game's own units: entities by type and field.

        /** What a state says: numbers for numbers, radians for angles, booleans for bools. Entities are made when asked for. */
        export class World {
          #cache = new Map();

          constructor(schema, state) {
            [this.schema, this.state, this.tick] = [schema, state, state.tick];
          }

          /** All entities of a type, by ascending id; none of a type that the game does not have. */
          all(type) {
            if (!this.#cache.has(type)) this.#cache.set(type, this.make(type));
            return this.#cache.get(type);
          }

          /** One entity, or undefined. The player in a seat has the seat's number as its id. */
          get(type, id) {
            return this.all(type).find((entity) => entity.id === id);
          }

          /** The entity of a type of which there is always exactly one. */
          single(type) {
            return this.all(type)[0];
          }

          /** The ids of a type, as the state lists them. */
          ids(type) {
            return this.table(type)?.ids ?? [];
          }

          table(type) {
            return this.state.tables[this.schema.places.get(type)];
          }

          make(type) {
            const table = this.table(type);
            if (!table) return [];
            const { fields } = this.schema.types[this.schema.places.get(type)];
            return table.rows.map((row, at) => entity(table.ids[at], fields, row));
          }
        }

        /** An object without a prototype, so that no field's name means anything; a field named `id` comes before the id. Bytes are there whole, too. */
        function entity(id, fields, row) {
          const made = Object.create(null);
          made.id = id;
          fields.forEach((field, column) => {
            made[field.name] = field.read(row[column]);
            const [name, part] = field.name.split(".");
            if (part === "count") made[name] = Uint8Array.from({ length: row[column] }, (_, at) => row[column + 1 + (at >> 2)] >>> at % 4 * 8);
          });
          return made;
        }

        /** A world between two states: `part` of the way from one to the next, and beyond it for a part over 1. */
        export class BlendedWorld extends World {
          /** `isJump(type, from, to)`: which entities are not to be moved in between, say after a respawn; `other(type)`: the world that has a type's instead. */
          constructor(schema, from, to, part, isJump = () => false, other = () => null) {
            super(schema, part < 1 ? from : to);
            Object.assign(this, { from, to, part, isJump, other });
            this.tick = from.tick + (to.tick - from.tick) * part;
          }

          table(type) {
            return this.other(type)?.table(type) ?? super.table(type);
          }

          /** Who is in both states is moved; who is in one is where that has it. */
          make(type) {
            const other = this.other(type);
            if (other) return other.make(type);
            const place = this.schema.places.get(type);
            const { fields } = this.schema.types[place] ?? {};
            if (!fields) return [];
            const made = super.make(type);
            const later = this.to.tables[place];
            const earlier = this.from.tables[place];
            if (later === earlier || this.from === this.to) return made;
            let [at, before] = [0, 0];
            return made.map((entity, index) => {
              const id = this.state.tables[place].ids[index];
              while (later.ids[at] < id) at += 1;
              while (earlier.ids[before] < id) before += 1;
              if (later.ids[at] !== id || earlier.ids[before] !== id) return entity;
              return this.blend(type, fields, entity, earlier.rows[before], later.rows[at]);
            });
          }

          blend(type, fields, made, before, after) {
            if (before === after) return made;
            const named = (row) => entity(made.id, fields, row);
            if (this.isJump(type, named(before), named(after))) return made;
            fields.forEach((field, column) => {
              if (field.kind !== "fixed" && field.kind !== "angle") return;
              let way = after[column] - before[column];
              if (field.kind === "angle") {
                const turn = field.maximum + 1;
                way -= Math.round(way / turn) * turn;
              }
              made[field.name] = field.number(before[column] + way * this.part);
            });
            return made;
          }
        }

        """##,
        type: "text/javascript")
}
