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
    return table.rows.map((row, at) => new Entity(table.ids[at], fields, row));
  }
}

/** An entity's values by its fields' names. A field named `id` comes before the id; bytes are there whole, too. */
function Entity(id, fields, row) {
  this.id = id;
  for (let column = 0; column < fields.length; column += 1) {
    const { name, whole } = fields[column];
    this[name] = fields[column].read(row[column]);
    if (whole) this[whole] = Uint8Array.from({ length: row[column] }, (_, at) => row[column + 1 + (at >> 2)] >>> at % 4 * 8);
  }
}

// Nothing is inherited, so that no field's name means anything.
Entity.prototype = Object.create(null);

/** A world between two states: `part` of the way from one to the next, and beyond it for a part over 1. */
export class BlendedWorld extends World {
  /** `isJump(type, from, to)`: which entities are not to be moved in between, say after a respawn; `other(type)`: the world that has a type's instead. */
  constructor(schema, from, to, part, isJump, other) {
    super(schema, part < 1 ? from : to);
    Object.assign(this, { from, to, part, isJump, other });
    this.tick = from.tick + (to.tick - from.tick) * part;
  }

  table(type) {
    return this.other?.(type)?.table(type) ?? super.table(type);
  }

  /** Who is in both states is moved; who is in one is where that has it. */
  make(type) {
    const other = this.other?.(type);
    if (other) return other.make(type);
    const made = super.make(type);
    const place = this.schema.places.get(type);
    const [earlier, later] = [this.from.tables[place], this.to.tables[place]];
    if (later === earlier) return made;
    const { fields } = this.schema.types[place];
    const { ids } = this.state.tables[place];
    let [at, before] = [0, 0];
    made.forEach((entity, index) => {
      while (later.ids[at] < ids[index]) at += 1;
      while (earlier.ids[before] < ids[index]) before += 1;
      if (later.ids[at] !== ids[index] || earlier.ids[before] !== ids[index]) return;
      this.blend(type, fields, entity, earlier.rows[before], later.rows[at]);
    });
    return made;
  }

  blend(type, fields, made, before, after) {
    if (before === after) return;
    const other = (row) => new Entity(made.id, fields, row);
    const isFrom = this.state === this.from;
    if (this.isJump?.(type, isFrom ? made : other(before), isFrom ? other(after) : made)) return;
    for (let column = 0; column < fields.length; column += 1) {
      const field = fields[column];
      if (field.kind !== "fixed" && field.kind !== "angle") continue;
      let way = after[column] - before[column];
      if (field.kind === "angle") {
        const turn = field.maximum + 1;
        way -= Math.round(way / turn) * turn;
      }
      made[field.name] = field.number(before[column] + way * this.part);
    }
  }
}
