// Rotations in codec 1 (protocol/spec/snapshot.md §9.6): quaternions as four whole numbers, and how they go on.

/** A value as four numbers, in `four`. */
export function fourOf({ bits, maximum }, value, four) {
  const index = value >>> 3 * bits;
  let rest = 128 * maximum * maximum;
  let shift = 2 * bits;
  for (let at = 0; at < 4; at += 1) {
    if (at === index) continue;
    const number = 8 * (2 * (value >>> shift & maximum) - maximum);
    four[at] = number;
    rest -= number * number;
    shift -= bits;
  }
  four[index] = rest > 0 ? Math.floor(Math.sqrt(rest) + 0.5) : 0;
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
const TURN = 2 ** 17;

/** Makes `next` where a rotation that went from `old` to `now` will be: turned on as often as that, or each number carried on. */
export function carry(now, old, next, rows, maximum) {
  const sign = dot(now, old) < 0 ? -1 : 1;
  const { repetitions } = rows;
  if (repetitions === 0) {
    for (let at = 0; at < 4; at += 1) next[at] = now[at] + rows.carried(now[at] - sign * old[at]);
    return;
  }
  const square = 128 * maximum * maximum;
  for (let at = 0; at < 4; at += 1) [BEFORE[at], next[at]] = [sign * old[at], now[at]];
  for (let count = 0; count < repetitions; count += 1) mirror(next, BEFORE, square);
}

const BEFORE = new Int32Array(4);

/** The two rotations before the next become the last and the next. */
function mirror(now, old, square) {
  const factor = Math.min(Math.max(Math.trunc((dot(now, old) * TURN + square / 2) / square), -TURN), TURN);
  for (let at = 0; at < 4; at += 1) {
    const number = now[at];
    const further = (number * factor + 32768 >> 16) - old[at];
    old[at] = number;
    now[at] = further > 16383 ? 16383 : further < -16383 ? -16383 : further;
  }
}
