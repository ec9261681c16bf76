extension WebFiles {
    /// Sources/ServerCore/Web/Files/arena/controls.js, as `scripts/embed` found it.
    static let arenaControlsJs = WebFile(
        ##"""
        // What the player wants: keys, mouse, two sticks under the thumbs, or a gamepad.

        import { aimOf } from "/arena/rules.js";

        const MOVES = new Map([["KeyW", [0, 1]], ["KeyS", [0, -1]], ["KeyA", [-1, 0]], ["KeyD", [1, 0]]]);
        const AIMS = new Map([["ArrowUp", [0, 1]], ["ArrowDown", [0, -1]], ["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]]]);
        /** How far a stick of glass is pushed for its full effect, in pixels; below the share nothing happens. */
        const STICK = 48;
        const DEAD = 0.3;

        export class Controls {
          #keys = new Set();
          #pointer = null;
          #isDown = false;
          #aim = 0;

          /** `canvas` takes mouse and touch; keys count where nothing is being typed. */
          constructor(canvas) {
            this.canvas = canvas;
            /** The sticks under the thumbs, by side: {id, x, y, dx, dy} in pixels; for whoever draws them. */
            this.sticks = { left: null, right: null };
            addEventListener("keydown", (event) => this.#key(event));
            addEventListener("keyup", (event) => this.#keys.delete(event.code));
            addEventListener("blur", () => this.release());
            canvas.addEventListener("pointerdown", (event) => this.#down(event));
            canvas.addEventListener("pointermove", (event) => this.#move(event));
            for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => this.#up(event));
            canvas.addEventListener("contextmenu", (event) => event.preventDefault());
          }

          release() {
            this.#keys.clear();
            this.#isDown = false;
            this.sticks = { left: null, right: null };
          }

          /** The input now. `at` is where one's own player is drawn, {x, y} in the canvas' pixels; null while there is none. */
          input(at) {
            const pad = this.#gamepad();
            const move = pad.move ?? stickOf(this.sticks.left, true) ?? this.#sum(MOVES);
            const keys = this.#sum(AIMS);
            const isAimedByKeys = keys[0] !== 0 || keys[1] !== 0;
            const aim = pad.aim ?? stickOf(this.sticks.right) ?? (isAimedByKeys ? keys : null);
            if (aim) [this.#aim, this.#pointer] = [aimOf(Math.atan2(aim[1], aim[0])), null];
            else if (this.#pointer && at) this.#aim = aimOf(Math.atan2(at.y - this.#pointer.y, this.#pointer.x - at.x));
            const fire = this.#isDown || isAimedByKeys || this.#keys.has("Space") || pad.fire
              || Boolean(stickOf(this.sticks.right));
            return { dx: Math.sign(move[0]), dy: Math.sign(move[1]), aim: this.#aim, fire };
          }

          #sum(steps) {
            let [dx, dy] = [0, 0];
            for (const key of this.#keys) {
              const step = steps.get(key);
              if (step) [dx, dy] = [dx + step[0], dy + step[1]];
            }
            return [dx, dy];
          }

          #key(event) {
            const isOurs = MOVES.has(event.code) || AIMS.has(event.code) || event.code === "Space";
            // What the keyboard does elsewhere on the page stays: words, the space bar on buttons, arrows on the slider.
            const taken = event.code === "Space" ? "button, summary, input, dialog"
              : AIMS.has(event.code) ? "input, dialog" : "input:not([type=range]), dialog";
            if (!isOurs || event.target.closest?.(taken) || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            this.#keys.add(event.code);
          }

          #place(event) {
            const box = this.canvas.getBoundingClientRect();
            return { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width };
          }

          #down(event) {
            this.canvas.focus({ preventScroll: true });
            const { x, y, width } = this.#place(event);
            if (event.pointerType === "mouse") [this.#pointer, this.#isDown] = [{ x, y }, event.button === 0];
            else this.sticks[x < width / 2 ? "left" : "right"] ??= { id: event.pointerId, x, y, dx: 0, dy: 0 };
          }

          #move(event) {
            const { x, y } = this.#place(event);
            if (event.pointerType === "mouse") this.#pointer = { x, y };
            for (const stick of Object.values(this.sticks)) {
              if (stick?.id === event.pointerId) [stick.dx, stick.dy] = [x - stick.x, y - stick.y];
            }
          }

          #up(event) {
            if (event.pointerType === "mouse") this.#isDown = false;
            for (const side of ["left", "right"]) if (this.sticks[side]?.id === event.pointerId) this.sticks[side] = null;
          }

          #gamepad() {
            const pad = navigator.getGamepads?.().find((pad) => pad?.mapping === "standard");
            if (!pad) return {};
            const [x, y, aimX, aimY] = pad.axes;
            const isPressed = (...buttons) => buttons.some((index) => pad.buttons[index]?.pressed);
            const cross = [isPressed(15) - isPressed(14), isPressed(12) - isPressed(13)];
            const isCross = cross[0] !== 0 || cross[1] !== 0;
            return { move: isCross ? cross : tilt(x, -y, true), aim: tilt(aimX, -aimY, false), fire: isPressed(0, 5, 7) };
          }
        }

        function stickOf(stick, isStepped = false) {
          return stick && tilt(stick.dx / STICK, -stick.dy / STICK, isStepped);
        }

        /** A stick's direction, in eight steps for moving; null while it rests. */
        function tilt(x, y, isStepped) {
          if (Math.hypot(x, y) < DEAD) return null;
          if (!isStepped) return [x, y];
          const eighth = Math.round(Math.atan2(y, x) / (Math.PI / 4)) * (Math.PI / 4);
          return [Math.round(Math.cos(eighth)), Math.round(Math.sin(eighth))];
        }

        """##,
        type: "text/javascript")
}
