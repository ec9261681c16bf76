extension WebFiles {
    /// Sources/ServerCore/Web/Files/arena/draw.js, as `scripts/embed` found it.
    static let arenaDrawJs = WebFile(
        ##"""
        // The field on a canvas: x to the right, y up, the whole of it with a margin.

        import { HALF, PLAYER_HALF, radians, WALLS } from "/arena/rules.js";

        /** The two teams, as they are called and drawn. */
        export const TEAMS = [{ name: "Blue", hue: 215 }, { name: "Orange", hue: 28 }];

        /** The colour of a seat, or of its team where there is one. */
        export const seatColour = (id, team) =>
          TEAMS[team] ? `hsl(${TEAMS[team].hue} 80% ${46 + id * 7 % 16}%)` : `hsl(${(id * 137.5 + 215) % 360} 65% 52%)`;

        export class Picture {
          #pen;
          #colours = null;

          constructor(canvas) {
            [this.canvas, this.#pen] = [canvas, canvas.getContext("2d")];
            /** The team of a seat, where there is one. */
            this.teamOf = () => undefined;
            matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.#colours = null; });
          }

          /** Clears the canvas, in its present size, and draws what never moves. */
          begin() {
            const ratio = devicePixelRatio || 1;
            const { clientWidth: width, clientHeight: height } = this.canvas;
            const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
            if (this.canvas.width !== size.width || this.canvas.height !== size.height) Object.assign(this.canvas, size);
            this.scale = Math.min(width / (2 * HALF.width + 1), height / (2 * HALF.height + 1));
            // On a screen that is held upright thumbs have the room below.
            [this.x, this.y] = [width / 2, height > width ? this.scale * (HALF.height + 0.5) : height / 2];
            this.#pen.setTransform(ratio, 0, 0, ratio, 0, 0);
            this.#pen.clearRect(0, 0, width, height);
            this.#field();
          }

          /** Where a point of the field is, in the canvas' pixels. */
          place({ x, y }) {
            return { x: this.x + x * this.scale, y: this.y - y * this.scale };
          }

          get #colour() {
            if (!this.#colours) {
              const style = getComputedStyle(document.documentElement);
              const names = ["text", "quiet", "line", "floor", "grid", "wall", "health", "ammo", "bad", "accent"];
              this.#colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
            }
            return this.#colours;
          }

          #box(left, right, bottom, top) {
            const { x, y } = this.place({ x: left, y: top });
            this.#pen.rect(x, y, (right - left) * this.scale, (top - bottom) * this.scale);
          }

          #fill(colour, path) {
            this.#pen.beginPath();
            path();
            this.#pen.fillStyle = colour;
            this.#pen.fill();
          }

          #stroke(colour, width, path) {
            this.#pen.beginPath();
            path();
            [this.#pen.strokeStyle, this.#pen.lineWidth, this.#pen.lineCap] = [colour, width, "round"];
            this.#pen.stroke();
          }

          #circle(at, radius) {
            const { x, y } = this.place(at);
            this.#pen.moveTo(x + radius * this.scale, y);
            this.#pen.arc(x, y, radius * this.scale, 0, 2 * Math.PI);
          }

          #line(at, aim, from, to) {
            const [dx, dy] = [Math.cos(radians(aim)), Math.sin(radians(aim))];
            const [start, end] = [from, to].map((far) => this.place({ x: at.x + dx * far, y: at.y + dy * far }));
            this.#pen.moveTo(start.x, start.y);
            this.#pen.lineTo(end.x, end.y);
          }

          #field() {
            const colour = this.#colour;
            const whole = () => this.#box(-HALF.width, HALF.width, -HALF.height, HALF.height);
            this.#fill(colour.floor, whole);
            this.#stroke(colour.grid, 1, () => {
              for (let x = -16; x < HALF.width; x += 4) this.#line({ x, y: 0 }, 64, -HALF.height, HALF.height);
              for (let y = -8; y < HALF.height; y += 4) this.#line({ x: 0, y }, 0, -HALF.width, HALF.width);
            });
            this.#stroke(colour.wall, 2, whole);
            this.#fill(colour.wall, () => WALLS.forEach((wall) => this.#box(...wall)));
          }

          /** Health is a cross, ammunition three dots. */
          pickup({ x, y, kind }) {
            const colour = this.#colour;
            if (kind === 0) {
              return this.#fill(colour.health, () => {
                this.#box(x - 0.4, x + 0.4, y - 0.14, y + 0.14);
                this.#box(x - 0.14, x + 0.14, y - 0.4, y + 0.4);
              });
            }
            this.#fill(colour.ammo, () => [-0.3, 0, 0.3].forEach((offset) => this.#circle({ x: x + offset, y }, 0.13)));
          }

          shot({ x, y, aim, owner }) {
            this.#stroke(seatColour(owner, this.teamOf(owner)), Math.max(2, 0.18 * this.scale), () => this.#line({ x, y }, aim, -0.35, 0.35));
          }

          /** A player: a ring around one's own, faint while it waits to come back. */
          player({ id, x, y, aim, health }, isOwn) {
            this.#pen.globalAlpha = health > 0 ? 1 : 0.25;
            this.#stroke(this.#colour.text, 0.24 * this.scale, () => this.#line({ x, y }, aim, 0.3, 0.75));
            const disc = () => this.#circle({ x, y }, PLAYER_HALF);
            this.#fill(seatColour(id, this.teamOf(id)), disc);
            if (isOwn) this.#stroke(this.#colour.text, Math.max(1.5, 0.1 * this.scale), disc);
            this.#pen.globalAlpha = 1;
          }

          /** The name over a player, and a bar of its health. */
          label({ x, y, health }, name, isOwn) {
            const colour = this.#colour;
            if (health <= 0) return;
            this.#fill(colour.line, () => this.#box(x - 0.6, x + 0.6, y + 0.72, y + 0.87));
            const end = x - 0.6 + 1.2 * health / 100;
            this.#fill(health > 35 ? colour.health : colour.bad, () => this.#box(x - 0.6, end, y + 0.72, y + 0.87));
            const at = this.place({ x, y: y + 1.05 });
            const pen = this.#pen;
            pen.font = `${isOwn ? "600 " : ""}${Math.max(10, 0.6 * this.scale)}px system-ui, sans-serif`;
            [pen.textAlign, pen.lineWidth, pen.strokeStyle] = ["center", 3, colour.floor];
            pen.strokeText(name, at.x, at.y);
            pen.fillStyle = isOwn ? colour.text : colour.quiet;
            pen.fillText(name, at.x, at.y);
          }

          /** A stick under a thumb. */
          stick({ x, y, dx, dy }) {
            const reach = Math.min(1, 48 / (Math.hypot(dx, dy) || 1));
            const ring = (cx, cy, radius) => () => this.#pen.arc(cx, cy, radius, 0, 2 * Math.PI);
            this.#pen.globalAlpha = 0.5;
            this.#stroke(this.#colour.quiet, 2, ring(x, y, 48));
            this.#fill(this.#colour.accent, ring(x + dx * reach, y + dy * reach, 20));
            this.#pen.globalAlpha = 1;
          }
        }

        """##,
        type: "text/javascript")
}
