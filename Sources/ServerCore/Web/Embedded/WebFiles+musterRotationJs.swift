extension WebFiles {
    /// protocol/javascript/rotation.js, as `scripts/embed` found it.
    static let musterRotationJs = WebFile(
        ##"""
        // Rotations in codec 1 (protocol/spec/snapshot.md §9.6): quaternions as four whole numbers, and how they go on.

        /** A value as four numbers, in `four`. */
        export function fourOf({ bits, maximum }, value, four) {
          const index = value >>> 3 * bits;
          let rest = 128 * maximum * maximum;
          let shift = 2 * bits;
          for (let at = 0; at < 4; at += 1) {
            if (at === index) continue;
            const number = 8 * (2 * (value >>> shift & maximum) - maximum);
            [four[at], rest, shift] = [number, rest - number * number, shift - bits];
          }
          four[index] = rest > 0 ? Math.floor(Math.sqrt(rest) + 0.5) : 0;
          return four;
        }

        /** Which number is the largest, the first of equal ones, and how clearly. */
        export function likelyOf(four, found) {
          let [likely, most, second] = [0, Math.abs(four[0]), 0];
          for (let at = 1; at < 4; at += 1) {
            const size = Math.abs(four[at]);
            if (size > most) [likely, second, most] = [at, most, size];
            else if (size > second) second = size;
          }
          [found.likely, found.margin] = [likely, most - second >> 4];
          return found;
        }

        const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
        const TURN = 2 ** 17;

        /** Where a rotation that went from `old` to `now` will be: turned on as often as that, or each number carried on. */
        export function carry(now, old, rows, maximum) {
          const sign = dot(now, old) < 0 ? -1 : 1;
          const from = [sign * old[0], sign * old[1], sign * old[2], sign * old[3]];
          if (rows.repetitions === 0) return now.map((number, at) => number + rows.carried(number - from[at]));
          const square = 128 * maximum * maximum;
          let [before, next] = [from, now];
          for (let count = 0; count < rows.repetitions; count += 1) [before, next] = [next, mirror(next, before, square)];
          return next;
        }

        function mirror(now, old, square) {
          const factor = Math.min(Math.max(Math.trunc((dot(now, old) * TURN + square / 2) / square), -TURN), TURN);
          const made = [0, 0, 0, 0];
          for (let at = 0; at < 4; at += 1) {
            made[at] = Math.min(Math.max((now[at] * factor + 32768 >> 16) - old[at], -16383), 16383);
          }
          return made;
        }

        """##,
        type: "text/javascript")
}
