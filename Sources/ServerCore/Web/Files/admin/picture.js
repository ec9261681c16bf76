// What a lobby looks like now, from its event stream: the arena as its players see it, any other game as tables.

import { make, setText } from "/arena/dom.js";
import { Picture } from "/arena/draw.js";
import { LobbyWatcher } from "/muster/watcher.js";
import { World } from "/muster/world.js";
import { Table } from "./rows.js";

const ARENAS = ["arena", "team-arena"];
/** States a second at most: of a canvas, and of tables. */
const HZ = { canvas: 15, tables: 2 };
const ENTITIES = 50;

export class LivePicture {
  #watcher = null;
  #tables = new Map();
  #seats = new Map();

  constructor(server, lobby) {
    Object.assign(this, { server, lobby });
    this.note = make("p", { className: "none", role: "status", textContent: "Waiting for a state …" });
    this.body = make("div");
    this.element = make("div", { className: "picture" }, this.note, this.body);
  }

  /** Told about the lobby each second: begins to watch, and knows who is who. */
  show({ game, seatRows }) {
    this.#seats = new Map(seatRows.map((row) => [row.seat, row]));
    if (!this.#watcher) this.#open(game);
  }

  #open(game) {
    const isArena = ARENAS.includes(game);
    const watcher = this.#watcher = new LobbyWatcher(this.server, this.lobby, { hz: isArena ? HZ.canvas : HZ.tables });
    this.body.replaceChildren();
    this.#tables.clear();
    if (isArena) this.#beginCanvas();
    watcher.onSnapshot = (state) => {
      setText(this.note, "");
      const world = new World(watcher.schema, state);
      if (isArena) this.#draw(world);
      else this.#list(world);
    };
    watcher.onEnd = (text) => setText(this.note, `${text[0].toUpperCase()}${text.slice(1)}.`);
    watcher.open();
  }

  close() {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #beginCanvas() {
    const canvas = make("canvas", { ariaLabel: "The field with its players" });
    canvas.setAttribute("role", "img");
    this.body.append(canvas);
    this.picture = new Picture(canvas);
    this.picture.teamOf = (seat) => this.#seats.get(seat)?.team;
  }

  #draw(world) {
    const { picture } = this;
    picture.begin();
    for (const pickup of world.all("pickup")) picture.pickup(pickup);
    for (const shot of world.all("projectile")) picture.shot(shot);
    for (const player of world.all("player")) picture.player(player, false);
    for (const player of world.all("player")) picture.label(player, this.#seats.get(player.id)?.name ?? `seat ${player.id}`, false);
  }

  /** A table for each type of entities, with the fields of its schema. */
  #list(world) {
    for (const { name, fields } of world.schema.types) {
      const all = world.all(name);
      if (!this.#tables.has(name)) {
        const columns = [{ label: "id", text: ({ id }) => id, isNumber: true }, ...fields.map((field) => column(field.name))];
        const table = new Table(name, columns, { key: ({ id }) => id, empty: "None." });
        const heading = make("h3");
        this.#tables.set(name, { table, heading });
        this.body.append(heading, table.element);
        table.element.classList.add("wide");
        Object.assign(table.element, { tabIndex: 0, ariaLabel: name });
        table.element.setAttribute("role", "group");
      }
      const { table, heading } = this.#tables.get(name);
      setText(heading, all.length > ENTITIES ? `${name}: the first ${ENTITIES} of ${all.length}` : name);
      table.show(all.slice(0, ENTITIES));
    }
  }
}

const column = (name) => ({ label: name, text: (entity) => shown(entity[name]), isNumber: true });
const shown = (value) => typeof value === "number" && !Number.isInteger(value) ? value.toFixed(3) : String(value);
