// A worse line than the real one, made in the page: what is said and heard comes later, and unevenly. As on TCP nothing
// is lost and nothing overtakes.

export const QUALITIES = [
  { text: "as it is", delay: 0, jitter: 0 }, { text: "+50 ms", delay: 50, jitter: 5 },
  { text: "+100 ms", delay: 100, jitter: 15 }, { text: "+200 ms, uneven", delay: 200, jitter: 50 },
  { text: "+300 ms, stalls", delay: 300, jitter: 150 }, { text: "+600 ms, stalls", delay: 600, jitter: 300 },
];

/** A transport over which everything takes half of the line's delay each way; `quality()` is asked each time. */
export function delayed(transport, quality) {
  const wrapped = (server, lobby, request, hooks) => {
    const [hear, say] = [lane(quality), lane(quality)];
    const link = transport(server, lobby, request, {
      traffic: hooks.traffic,
      event: (...data) => hear(() => hooks.event(...data)),
      answer: (...data) => hear(() => hooks.answer(...data)),
      snapshot: (...data) => hear(() => hooks.snapshot(...data)),
      closed: (...data) => hear(() => hooks.closed(...data)),
    });
    return {
      emit: (...data) => say(() => link.emit(...data)),
      send: (...data) => say(() => link.send(...data)),
      close: () => say(() => link.close()),
    };
  };
  return Object.defineProperty(wrapped, "name", { value: transport.name });
}

/** One way: everything in its order. */
function lane(quality) {
  const waiting = [];
  let last = 0;
  return (deliver) => {
    const { delay, jitter } = quality();
    const now = performance.now();
    if (!delay && !waiting.length) return deliver();
    last = Math.max(last, now + delay / 2 + Math.random() ** 4 * jitter);
    waiting.push(deliver);
    setTimeout(() => waiting.shift()(), last - now);
  };
}
