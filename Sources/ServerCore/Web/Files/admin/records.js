// Who is kept out, what admins have done, and who may log in.

import { make, setText } from "/arena/dom.js";
import { duration, moment } from "./format.js";
import { button, Table } from "./rows.js";

export class BansView {
  title = "Bans";

  constructor(panel) {
    this.panel = panel;
    this.table = new Table("Bans", [
      { label: "Who", text: ({ subject, address }) => subject ?? address },
      { label: "From", text: ({ lobby }) => lobby ?? "all lobbies" },
      { label: "Kind", text: ({ kind }) => kind },
      { label: "By", text: ({ by }) => by },
      { label: "Left", text: ({ seconds }) => seconds === undefined ? "no end" : duration(seconds), isNumber: true },
      { label: "Reason", text: ({ reason }) => reason || "–" },
      { label: "Actions", fill: (cell, row) => this.#lift(cell, row) },
    ], { key: (row) => JSON.stringify(target(row)), empty: "Nobody is kept out." });
    this.element = make("section", { ariaLabel: "Bans" }, make("h1", { textContent: "Bans" }),
      make("div", { className: "actions" }, ...panel.buttons([["ban-other", {}, {}]])), this.table.element);
  }

  #lift(cell, row) {
    if (!cell.firstChild) cell.append(...this.panel.buttons([["unban", { name: row.subject ?? row.address }, target(row)]]));
  }

  question() {
    return this.panel.session.ask("bans");
  }

  answered(bans) {
    this.table.show(bans);
  }
}

/** By what a ban is told from others, and lifted. */
const target = ({ subject, address, lobby }) => JSON.parse(JSON.stringify({ subject, address, lobby }));

const FILTERS = [["actor", "Admin"], ["action", "Action"], ["target", "Target begins with"], ["outcome", "Outcome"]];

export class AuditView {
  title = "Audit";
  #before;
  #next = null;
  #earlier = [];

  constructor(panel) {
    this.panel = panel;
    this.fields = FILTERS.map(([name, label]) => {
      const input = make("input", { name, maxLength: 128, autocomplete: "off" });
      return { name, input, label: make("label", {}, label, input) };
    });
    const form = make("form", { className: "bar" }, ...this.fields.map(({ label }) => label), make("button", { textContent: "Show" }));
    form.setAttribute("role", "search");
    form.onsubmit = (event) => {
      event.preventDefault();
      [this.#before, this.#earlier] = [undefined, []];
      panel.askAgain();
    };
    this.table = new Table("Audit log", [
      { label: "When", text: ({ at }) => moment(at) },
      { label: "Admin", text: ({ actor }) => actor }, { label: "From", text: ({ address }) => address },
      { label: "Action", text: ({ action }) => action }, { label: "Target", text: ({ target: about }) => about || "–" },
      { label: "Reason", text: ({ reason }) => reason || "–" }, { label: "Outcome", text: ({ outcome }) => outcome },
    ], { key: ({ id }) => id, empty: "Nothing was done.", rowClass: ({ outcome }) => outcome === "done" ? "" : "refused" });
    this.newer = button("Newer", () => this.#turn(this.#earlier.pop()));
    this.older = button("Older", () => {
      this.#earlier.push(this.#before);
      this.#turn(this.#next);
    });
    this.note = make("p", { role: "status" });
    this.element = make("section", { ariaLabel: "Audit log" }, make("h1", { textContent: "Audit log" }), form, this.note, this.table.element,
      make("div", { className: "pages" }, this.newer, this.older));
    this.keys = [{ key: "/", text: "search", run: () => this.fields[0].input.focus() }];
  }

  #turn(before) {
    this.#before = before;
    this.panel.askAgain();
  }

  question() {
    const wanted = this.fields.map(({ name, input }) => [name, input.value.trim()]);
    return this.panel.session.ask("audit", { ...Object.fromEntries(wanted), before: this.#before, limit: 50 });
  }

  answered({ entries, next }) {
    this.#next = next;
    setText(this.note, "");
    this.table.show(entries);
    this.newer.hidden = this.#earlier.length === 0;
    this.older.hidden = next === null;
  }

  failed(error) {
    if (error.code !== "no-storage") return false;
    setText(this.note, "This server has no storage, and so no audit log but its log.");
    return true;
  }
}

export class UsersView {
  title = "Users";

  constructor(panel) {
    this.panel = panel;
    this.table = new Table("Users", [
      { label: "Name", text: ({ name }) => name }, { label: "Role", text: ({ role }) => role },
      { label: "Sessions", text: ({ sessions }) => sessions, isNumber: true },
    ], { key: ({ name }) => name });
    this.element = make("section", { ariaLabel: "Users" }, make("h1", { textContent: "Users" }), this.table.element,
      make("p", { className: "quiet", textContent: "Users are added, changed and removed where the server's storage is: muster users." }));
  }

  question() {
    return this.panel.session.ask("users");
  }

  answered({ users }) {
    this.table.show(users);
  }
}
