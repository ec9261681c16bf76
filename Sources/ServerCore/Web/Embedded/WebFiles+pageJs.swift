extension WebFiles {
    /// Sources/ServerCore/Web/Files/page.js, as `scripts/embed` found it.
    static let pageJs = WebFile(
        ##"""
        // The server's page: a menu, and the game arena.

        import { Arena } from "/arena/arena.js";
        import { Controls } from "/arena/controls.js";
        import { element, setText } from "/arena/dom.js";
        import { Picture } from "/arena/draw.js";
        import { askPassword, Menu } from "/arena/menu.js";
        import { NetPanel } from "/arena/net.js";
        import { Panel } from "/arena/panel.js";

        /** From so much silence on the player is told, and from so much time without a connection. */
        const SILENCE_MS = 1000;
        const PATIENCE_MS = 300;

        const query = new URLSearchParams(location.search);
        const picture = new Picture(element("canvas"));
        const controls = new Controls(element("canvas"));
        const panel = new Panel();
        const net = new NetPanel();
        const menu = new Menu(play);

        let arena = null;
        let lostAt = null;
        let own = null;
        let newest = null;
        let hasPlayed = false;

        function play(lobby, { password, terms, token, isThere, isWatching } = {}) {
          stop();
          const name = element("name").value;
          try {
            localStorage.setItem("name", name);
          } catch {
            // A page that may not store anything asks for the name again.
          }
          const request = { name, password, token, game: isThere ? undefined : menu.game, lobby: terms, watch: isWatching };
          arena = new Arena(location.origin, lobby, request, { only: query.get("transport") });
          picture.teamOf = (seat) => arena?.teamOf(seat);
          arena.onState = (state, text) => changed(state, text, lobby);
          arena.onEvent = told;
          [lostAt, own, newest, hasPlayed] = [null, null, null, false];
          menu.hide();
          element("game").hidden = false;
          element("canvas").focus();
          setText(element("title"), lobby.startsWith("~") ? "" : lobby);
          panel.begin(arena);
          net.begin(arena);
          arena.join();
          requestAnimationFrame(frame);
        }

        /** Ends the match, if there is one, and shows the menu again when there is something to say. */
        function stop(text) {
          const old = arena;
          arena = net.arena = null;
          old?.leave();
          controls.release();
          if (text === undefined) return;
          keepSeat(null);
          element("game").hidden = true;
          history.replaceState(null, "", location.pathname);
          menu.show(text);
          element("play").focus();
        }

        async function changed(state, text, lobby) {
          if (state === "over" && !arena) return;
          if (state === "over") return ended(text, lobby);
          setText(element("state"), state === "watching" && text ? `watching: ${text}` : STATES[state] ?? "");
          // Who has no seat has nothing to say and nothing to steer.
          for (const id of ["chat-form", "help"]) element(id).hidden = arena.seat === null;
          element("state").className = state === "playing" || arena.client.isWatching && state === "watching" ? "" : "bad";
          if (state === "lost" || state === "connecting") lostAt ??= performance.now();
          if (state === "playing" || state === "watching" && !arena.isWatching) back();
        }

        const STATES = {
          connecting: "connecting …", queued: "waiting for others …", lost: "no connection", watching: "watching",
        };

        async function ended(text, lobby) {
          const { code } = arena.client;
          if (code !== 4012) return stop(text === "left" ? "" : sentence(text));
          stop("");
          const password = await askPassword(`The lobby ${lobby} has a password.`);
          if (password !== null) play(lobby, { password, isThere: true });
        }

        const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

        function told(name, data) {
          if (name === "joined") {
            if (!["arena", "team-arena"].includes(data.game)) return stop(`This page does not know the game ${data.game}.`);
            setText(element("title"), data.lobby);
            document.title = `${data.lobby} · Muster`;
            history.replaceState(null, "", `?lobby=${encodeURIComponent(data.lobby)}`);
            if (!data.watching) keepSeat({ lobby: data.lobby, token: data.token });
          }
          panel.told(name, data);
        }

        /** The seat that a page which is loaded again takes up. */
        function keepSeat(seat) {
          try {
            if (seat) sessionStorage.setItem("seat", JSON.stringify(seat));
            else sessionStorage.removeItem("seat");
          } catch {
            // Then a page that is loaded again has another seat.
          }
        }

        function back() {
          element("banner").hidden = true;
          const { joined, request } = arena.client;
          if (hasPlayed) {
            const seconds = ((performance.now() - lostAt) / 1000).toFixed(1);
            toast(joined.watching ? `Watching again after ${seconds} s` : joined.resumed ? `Back in your seat after ${seconds} s` : "Your seat was gone: this is a new one");
          } else if (request.token && joined.resumed) toast("Back in your seat");
          // Who has not played before does not look for it beside the field, or on a phone below it.
          else if (joined && !joined.watching) toast(element("help").innerText);
          [lostAt, hasPlayed] = [null, true];
        }

        function toast(text) {
          setText(element("toast"), text);
          clearTimeout(toast.timer);
          toast.timer = setTimeout(() => setText(element("toast"), ""), 4000);
        }

        // Frames.

        function frame(now) {
          if (!arena) return;
          requestAnimationFrame(frame);
          showBanner();
          picture.begin();
          const shown = arena.frame(now, controls.input(own && picture.place(own)));
          if (!shown) return;
          own = shown.own;
          const { world } = shown;
          for (const pickup of world.all("pickup")) picture.pickup(pickup);
          for (const shot of world.all("projectile")) picture.shot(shot);
          for (const player of shown.players) picture.player(player, player === own);
          for (const player of shown.players) picture.label(player, arena.name(player.id), player === own);
          for (const stick of Object.values(controls.sticks)) if (stick) picture.stick(stick);
          if (newest === shown.newest) return;
          newest = shown.newest;
          panel.scores(newest.all("player"));
          showVitals(newest.single("match"));
        }

        function showVitals({ round, secondsLeft }) {
          const clock = `${Math.floor(secondsLeft / 60)}:${String(secondsLeft % 60).padStart(2, "0")}`;
          const life = own?.health > 0 ? `${own.health} health · ${own.ammo} shots · ` : "down, back in a moment · ";
          setText(element("vitals"), `${own ? life : ""}round ${round}, ${clock}`);
        }

        /** Clear words when nothing comes from the server. */
        function showBanner() {
          const { client } = arena;
          const { at } = client.nextTry;
          // Before and after a match there is nothing to say but an answer now and then.
          const isSilent = lostAt === null && client.silence > SILENCE_MS * (arena.isRunning ? 1 : 4);
          const isLost = lostAt !== null && !arena.isWatching && performance.now() - lostAt > PATIENCE_MS;
          element("banner").hidden = !isLost && !isSilent;
          element("retry").hidden = at === null;
          if (element("banner").hidden) return;
          const wait = at === null ? "" : ` Trying again in ${Math.max(1, Math.ceil((at - Date.now()) / 1000))} s.`;
          const text = isSilent ? `No word from the server for ${Math.floor(client.silence / 1000)} s …`
            : client.joined ? `The connection is lost. Your seat is kept.${wait || " Trying now …"}`
              : at === null ? "Connecting …" : `The server does not answer.${wait}`;
          setText(element("banner-text"), text);
        }

        // Start.

        // For who looks from the console: arena.client, arena.newest, arena.predictor …
        Object.defineProperty(globalThis, "arena", { get: () => arena });
        element("leave").addEventListener("click", () => stop(""));
        element("retry").addEventListener("click", () => arena?.client.retry());
        element("invite").addEventListener("click", async () => {
          const link = `${location.origin}/?lobby=${encodeURIComponent(arena.client.lobby)}`;
          await navigator.clipboard.writeText(link).then(() => toast("The link is copied"), () => toast(link));
        });
        document.addEventListener("visibilitychange", () => {
          // Nobody looks: the player stands still.
          controls.release();
          if (document.hidden) arena?.client.input(controls.input(null));
        });

        function start() {
          const stored = (storage, key) => {
            try {
              return storage().getItem(key);
            } catch {
              return null;
            }
          };
          element("name").value = query.get("name") ?? stored(() => localStorage, "name") ?? "player";
          const choice = document.querySelector(`[name=game][value="${CSS.escape(query.get("game") ?? "arena")}"]`);
          if (choice) choice.checked = true;
          const seat = JSON.parse(stored(() => sessionStorage, "seat") ?? "null");
          const isMeant = seat && [null, seat.lobby].includes(query.get("lobby"));
          if (isMeant) return play(seat.lobby, { token: seat.token });
          menu.show("", query.get("lobby"));
          if (query.get("auto") === "1") play(query.get("lobby") ?? "~quick");
        }

        start();

        """##,
        type: "text/javascript")
}
