// Tables that are kept up to date in place, so that neither focus nor selection is lost; narrow screens show rows as cards.

import { make, setText } from "/arena/dom.js";

/** A column: its label, and its `text(row)`, or `fill(cell, row)` where it has more than text. */
export class Table {
  #rows = new Map();

  /**
   * @param {string} label what it is a table of
   * @param {{label: string, text?: Function, fill?: Function, isNumber?: boolean}[]} columns
   * @param {{key: (row) => any, empty?: string, rowClass?: Function}} options which row is which; what to say where there are none
   */
  constructor(label, columns, { key, empty = "Nothing here.", rowClass = () => "" }) {
    Object.assign(this, { columns, key, rowClass });
    // Cards are no table to a screen reader, unless each part says so.
    const heads = columns.map((column) => {
      const head = make("th", { scope: "col", textContent: column.label, className: column.isNumber ? "number" : "" });
      head.setAttribute("role", "columnheader");
      return head;
    });
    this.heads = heads;
    this.body = role(make("tbody"), "rowgroup");
    this.none = make("p", { className: "none", textContent: empty, hidden: true });
    this.table = role(make("table", { ariaLabel: label }, role(make("thead", {}, role(make("tr", {}, ...heads), "row")), "rowgroup"), this.body), "table");
    this.element = make("div", { className: "table" }, this.table, this.none);
  }

  show(rows) {
    const old = this.#rows;
    this.#rows = new Map();
    let place = this.body.firstChild;
    for (const row of rows) {
      const key = this.key(row);
      const made = old.get(key) ?? this.#make();
      old.delete(key);
      this.#rows.set(key, made);
      if (made === place) place = place.nextSibling;
      else this.body.insertBefore(made, place);
      made.className = this.rowClass(row);
      this.columns.forEach((column, at) => {
        const cell = made.children[at];
        if (column.fill) column.fill(cell, row);
        else setText(cell, String(column.text(row) ?? "–"));
      });
    }
    for (const gone of old.values()) gone.remove();
    this.none.hidden = rows.length > 0;
    this.table.hidden = rows.length === 0;
  }

  #make() {
    const cells = this.columns.map(({ label, isNumber }) => {
      const cell = role(make("td", { className: isNumber ? "number" : "" }), "cell");
      cell.dataset.label = label;
      return cell;
    });
    return role(make("tr", {}, ...cells), "row");
  }
}

function role(element, name) {
  element.setAttribute("role", name);
  return element;
}

/** Pairs of a name and a value, kept up to date in place. */
export class Facts {
  #values = new Map();

  constructor(label) {
    this.element = make("dl", { className: "facts", ariaLabel: label });
    this.element.setAttribute("role", "group");
  }

  /** @param {[string, string][]} pairs in their order; those that come later in life are appended */
  show(pairs) {
    for (const [name, text] of pairs) {
      if (!this.#values.has(name)) {
        const value = make("dd");
        this.#values.set(name, value);
        this.element.append(make("div", {}, make("dt", { textContent: name }), value));
      }
      setText(this.#values.get(name), text);
    }
  }
}

export function button(text, onclick, properties = {}) {
  return make("button", { type: "button", textContent: text, onclick, ...properties });
}
