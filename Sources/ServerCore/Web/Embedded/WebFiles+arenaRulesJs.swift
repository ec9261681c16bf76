extension WebFiles {
    /// Sources/ServerCore/Web/Files/arena/rules.js, as `scripts/embed` found it.
    static let arenaRulesJs = WebFile(
        ##"""
        // The arena's rules as far as a client needs them: the map, and how a player moves (Sources/Games/Arena).

        /** The field reaches from minus to plus these. */
        export const HALF = { width: 20, height: 12 };
        /** [left, right, bottom, top] */
        export const WALLS = [
          [-1, 1, -4, 4], [-14, -8, 5, 6], [8, 14, -6, -5], [-14, -13, -7, 0], [13, 14, 0, 7], [-7, -3, -9, -8], [3, 7, 8, 9],
        ];
        export const PLAYER_HALF = 0.5;
        const SPEED = 6;
        const DIAGONAL = 0.7071067811865475;

        const DIRECTIONS = 256;
        export const radians = (aim) => aim * 2 * Math.PI / DIRECTIONS;
        export const aimOf = (angle) => (Math.round(angle / (2 * Math.PI) * DIRECTIONS) + DIRECTIONS) % DIRECTIONS;

        /** Whether a player there touches a wall or leaves the field. */
        export function isBlocked(x, y) {
          const half = PLAYER_HALF;
          return x < half - HALF.width || x > HALF.width - half || y < half - HALF.height || y > HALF.height - half
            || WALLS.some(([left, right, bottom, top]) =>
              x > left - half && x < right + half && y > bottom - half && y < top + half);
        }

        /** Where a player is one tick later: along each axis for itself, so that it slides along a wall. */
        export function move(body, input, tickRate) {
          const distance = SPEED * (1 / tickRate) * (input.dx && input.dy ? DIAGONAL : 1);
          let { x, y } = body;
          const [aside, ahead] = [x + input.dx * distance, y + input.dy * distance];
          if (!isBlocked(aside, y)) x = aside;
          if (!isBlocked(x, ahead)) y = ahead;
          return { x, y };
        }

        /** Who has come back to life is somewhere else: nothing moves so far between two snapshots. */
        export const isJump = (type, from, to) => type === "player" && Math.hypot(to.x - from.x, to.y - from.y) > 3;

        """##,
        type: "text/javascript")
}
