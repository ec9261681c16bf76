// What a frame costs in a browser with 64 players and 200 shots: snapshots are decoded 30 times a second and everyone is
// moved and drawn 60 times. The body of an async function in the server's page; returns milliseconds, over all frames and over
// those after the first second, and of the frames with the most work their number and what became of the heap in them.

const { applySnapshot, Interpolator, Schema } = await import("/muster/muster.js");
const { Picture } = await import("/arena/draw.js");
const { isJump } = await import("/arena/rules.js");

const RATE = 30;
const SECONDS = 10;
const TEXT = "muster-schema 1\ntable player\nfield x fixed -20 20 0.015625\nfield y fixed -12 12 0.015625\n"
  + "field aim int 0 255\nfield health int 0 100\ntable projectile\nfield x fixed -20 20 0.015625\n"
  + "field y fixed -12 12 0.015625\nfield aim int 0 255\nfield owner int 0 63\ninput\n";
const schema = Schema.parse(TEXT);

/** A message of codec 0 (protocol/spec/snapshot.md §5), in which everybody has moved. */
function message(tick, isKeyframe) {
  const bits = [];
  const write = (value, width) => { for (let bit = 0; bit < width; bit += 1) bits.push(Math.floor(value / 2 ** bit) % 2); };
  const packed = (value) => {
    do {
      write(value % 8 + (value > 7 ? 8 : 0), 4);
      value = Math.floor(value / 8);
    } while (value);
  };
  schema.types.forEach(({ fields }, type) => {
    const count = [64, 200][type];
    if (isKeyframe) {
      packed(count);
      for (let id = 0; id < count; id += 1) packed(0);
    } else write(1, 2);
    for (let id = 0; id < count; id += 1) {
      if (!isKeyframe) write(1, 1);
      const turn = id + tick / (10 + id % 7);
      const entity = { x: Math.cos(turn) * 15, y: Math.sin(turn) * 10, aim: (tick + id) % 256, health: 100, owner: id % 64 };
      for (const field of fields) write(field.value(entity[field.name]), field.width);
    }
  });
  const head = isKeyframe ? [1] : [2];
  const varint = (value) => {
    for (; value > 127; value = Math.floor(value / 128)) head.push(value % 128 + 128);
    head.push(value);
  };
  varint(tick);
  if (!isKeyframe) varint(1);
  const body = [];
  for (let at = 0; at < bits.length; at += 8) body.push(bits.slice(at, at + 8).reduce((sum, bit, index) => sum + bit * 2 ** index, 0));
  return Uint8Array.from([...head, ...body]);
}

const messages = Array.from({ length: RATE * SECONDS }, (_, at) => message(at + 1, at === 0));
document.getElementById("menu").hidden = true;
document.getElementById("game").hidden = false;
const picture = new Picture(document.getElementById("canvas"));
const shown = new Interpolator(schema, { tickRate: RATE, snapshotRate: RATE, isJump });
const heap = () => (performance.memory?.usedJSHeapSize ?? 0) / 2 ** 20;
const frames = [];
let [state, next, last] = [null, 0, null];
const begun = performance.now();
while (next < messages.length) {
  const now = await new Promise(requestAnimationFrame);
  const frame = { at: now - begun, frame: last === null ? null : now - last, decode: null, interpolate: null, work: 0, draw: null, heap: heap() };
  last = now;
  let start = performance.now();
  for (; next < messages.length && begun + next * 1000 / RATE <= now; next += 1) {
    state = applySnapshot(messages[next], state, schema);
    shown.push(state, begun + next * 1000 / RATE);
    const end = performance.now();
    frame.decode += end - start;
    start = end;
  }
  const world = shown.sample(now);
  if (!world) continue;
  const [players, shots] = [world.all("player"), world.all("projectile")];
  const middle = performance.now();
  frame.interpolate = middle - start;
  frame.work = frame.decode + frame.interpolate;
  frame.grown = heap() - frame.heap;
  picture.begin();
  for (const shot of shots) picture.shot(shot);
  for (const player of players) picture.player(player, player.id === 0);
  for (const player of players) picture.label(player, `player ${player.id}`, player.id === 0);
  frame.draw = performance.now() - middle;
  frames.push(frame);
}
const figures = (rows, part) => {
  const list = rows.map((row) => row[part]).filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share) => list[Math.floor((list.length - 1) * share)];
  return { count: list.length, median: at(0.5), p99: at(0.99), most: at(1) };
};
const later = frames.filter(({ at }) => at > 1000);
const parts = ["frame", "decode", "interpolate", "work", "draw"];
return {
  figures: Object.fromEntries(parts.map((part) => [part, { all: figures(frames, part), later: figures(later, part) }])),
  slowest: frames.map((row, number) => ({ number, ...row })).sort((a, b) => b.work - a.work).slice(0, 10),
};
