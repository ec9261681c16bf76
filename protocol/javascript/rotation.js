// Rotations in codec 1 (protocol/spec/snapshot.md §9.6).

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
  // Each is twice the cosine times the one before it, less the one before that.
  const square = 128 * maximum * maximum;
  const cosine = Math.min(Math.floor((sign * dot(now, old) * TURN + square / 2) / square), TURN);
  let [ours, theirs] = [cosine, 65536];
  for (let count = 1; count < repetitions; count += 1) {
    [ours, theirs] = [Math.floor((cosine * ours + 32768) / 65536) - theirs, ours];
  }
  for (let at = 0; at < 4; at += 1) {
    next[at] = Math.min(Math.max(Math.floor((ours * now[at] - sign * theirs * old[at] + 32768) / 65536), -16383), 16383);
  }
}
