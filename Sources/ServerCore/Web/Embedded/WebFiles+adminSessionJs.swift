extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin/session.js, as `scripts/embed` found it.
    static let adminSessionJs = WebFile(
        ##"""
        // An admin's session over HTTP (protocol/spec/admin.md §2 and §3): begun with a password, known by a token that this tab keeps.

        const KEY = "admin-session";
        /** From the least to the most. */
        const ROLES = ["viewer", "moderator", "admin"];

        /** What the server has refused, with its code of admin.md §4.3; or `unreachable`, where it did not answer. */
        export class AdminError extends Error {
          constructor(message, code, status = 0) {
            super(message);
            [this.code, this.status] = [code, status];
          }
        }

        export class AdminSession {
          #known = null;

          /**
           * @param {string} server "http://…" or "https://…"
           * @param {{storage?: Storage, fetch?: Function}} options one's own where there are none
           */
          constructor(server, { storage = globalThis.sessionStorage, fetch = (...request) => globalThis.fetch(...request) } = {}) {
            Object.assign(this, { server, storage, fetch });
            /** Told once a session is over without having been logged out of. */
            this.onEnd = () => {};
            try {
              this.#known = JSON.parse(storage.getItem(KEY));
            } catch {
              // A page that may not store anything asks for the password again when it is loaded anew.
            }
          }

          /** Who is logged in; null if nobody is. */
          get user() {
            return this.#known?.user ?? null;
          }

          get role() {
            return this.#known?.role ?? null;
          }

          /** Whether a verb for that role is for this user, too. */
          may(role) {
            return ROLES.indexOf(this.role) >= ROLES.indexOf(role);
          }

          async login(username, password) {
            const answer = await this.#send("login", { method: "POST", body: { username, password } });
            this.#keep({ user: answer.user, role: answer.role, token: answer.token });
          }

          /** Ends the session, here even where the server is not reached. */
          async logout() {
            const token = this.#known?.token;
            this.#keep(null);
            await this.#send("logout", { method: "POST", body: {}, token }).catch(() => {});
          }

          /** A question of admin.md §4.1. */
          ask(verb, query = {}) {
            const words = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
            return this.#call(`${verb}?${new URLSearchParams(words)}`, { method: "GET" });
          }

          /** An action of admin.md §4.2. */
          act(verb, data) {
            return this.#call(verb, { method: "POST", body: data });
          }

          async #call(path, request) {
            const token = this.#known?.token;
            try {
              return await this.#send(path, { ...request, token });
            } catch (error) {
              // What an older session asked for says nothing about this one.
              if (error.status === 401 && token && token === this.#known?.token) {
                this.#keep(null);
                this.onEnd();
              }
              throw error;
            }
          }

          async #send(path, { method, body, token }) {
            const headers = {};
            if (token) headers.Authorization = `Bearer ${token}`;
            if (body) headers["Content-Type"] = "application/json";
            const request = { method, headers, body: body && JSON.stringify(body), cache: "no-store" };
            const answer = await this.fetch(`${this.server}/api/admin/${path}`, request).catch(() => {
              throw new AdminError("The server does not answer.", "unreachable");
            });
            const data = await answer.json().catch(() => null);
            if (!answer.ok) throw new AdminError(data?.error ?? `The server answers ${answer.status}.`, data?.code, answer.status);
            return data;
          }

          #keep(known) {
            this.#known = known;
            try {
              if (known) this.storage.setItem(KEY, JSON.stringify(known));
              else this.storage.removeItem(KEY);
            } catch {
              // As above.
            }
          }
        }

        """##,
        type: "text/javascript")
}
