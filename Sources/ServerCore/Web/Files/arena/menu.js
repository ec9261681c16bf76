// The page before a match: lobbies to choose from, a code, a lobby of one's own.

import { LobbyList } from "/muster/list.js";
import { element, make, setText } from "/arena/dom.js";

export class Menu {
  #list = null;
  #invitation = null;

  /**
   * `play(lobby, {password, terms, isThere, isWatching})` begins a match; `~quick` and `~new` are lobbies, too. One that is said to be
   * there is not opened where it is not.
   */
  constructor(play) {
    this.play = play;
    const on = (form, action) => element(form).addEventListener("submit", (event) => {
      event.preventDefault();
      action();
    });
    element("form").addEventListener("change", () => this.#show());
    on("form", () => this.#invitation ? play(this.#invitation, { isThere: true }) : play("~quick", {}));
    on("code-form", () => play(element("code").value, { isThere: true }));
    on("new-form", () => {
      const terms = { listed: !element("private-wish").checked };
      const [title, password] = [element("title-wish").value.trim(), element("password-wish").value];
      if (title) terms.title = title;
      if (password) terms.password = password;
      play("~new", { terms });
    });
  }

  /** The game that is chosen: `arena`, or `team-arena` with a match around it. */
  get game() {
    return document.querySelector("[name=game]:checked").value;
  }

  /** @param {?string} invitation the lobby that the page's address names: then that is what is played first */
  show(text = "", invitation = null) {
    element("menu").hidden = false;
    this.#invitation = invitation;
    setText(element("play"), invitation ? `Join ${invitation}` : "Play now");
    if (invitation) element("code").value = invitation;
    setText(element("notice"), text);
    document.title = "Muster";
    this.#show();
  }

  hide() {
    element("menu").hidden = true;
    this.#list?.close();
  }

  /** The lobbies of the game that is chosen, as they come and go. */
  #show() {
    this.#list?.close();
    this.#list = new LobbyList(location.origin, { game: this.game });
    this.#list.onChange = (lobbies) => this.#rows(lobbies);
    this.#list.onState = (state) => {
      if (state === "lost") setText(element("notice"), OFFLINE);
      else if (element("notice").textContent === OFFLINE) setText(element("notice"), "");
    };
    this.#list.open();
  }

  /** Rows that are the same stay where they are, under the pointer and with the focus. */
  #rows(lobbies) {
    const list = element("lobbies");
    const before = new Map([...list.children].map((row) => [row.dataset.row, row]));
    const rows = lobbies.map((lobby) => before.get(JSON.stringify(lobby)) ?? this.#row(lobby));
    const isSame = rows.length === list.children.length && rows.every((row, at) => row === list.children[at]);
    if (!isSame) list.replaceChildren(...rows);
    element("none").hidden = rows.length > 0;
  }

  #row(lobby) {
    const { id, players, seats, title, password, locked } = lobby;
    const room = `${players} of ${seats}${password ? ", password" : ""}${locked ? ", locked" : ""}`;
    const button = make("button", { type: "button", disabled: Boolean(locked) || players >= seats },
      make("span", { className: "title", textContent: title ?? id }),
      make("span", { className: "room", textContent: room }));
    button.onclick = async () => {
      const secret = password ? await askPassword("This lobby has a password.") : undefined;
      if (secret !== null) this.play(id, { password: secret, isThere: true });
    };
    const watch = make("button", { type: "button", textContent: "Watch", hidden: Boolean(password) });
    watch.setAttribute("aria-label", `Watch ${title ?? id}`);
    watch.onclick = () => this.play(id, { isWatching: true });
    const row = make("li", {}, button, watch);
    row.dataset.row = JSON.stringify(lobby);
    return row;
  }
}

const OFFLINE = "The server does not answer.";

/** What the player types; null when it was thought better of. */
export function askPassword(title) {
  const dialog = element("password-dialog");
  element("password-title").textContent = title;
  element("password").value = "";
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((done) => {
    dialog.onclose = () => done(dialog.returnValue === "join" ? element("password").value : null);
  });
}
