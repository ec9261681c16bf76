extension WebFiles {
    /// protocol/javascript/generic.js, as `scripts/embed` found it.
    static let musterGenericJs = WebFile(
        ##"""
        // The tables that serve any game (protocol/spec/snapshot.md §9.8), made of the schema alone.

        import { writeVarint } from "./reader.js";

        /** The least magnitude that a symbol stands for, and how many. */
        function meaning(symbol) {
          if (symbol < 15) return [symbol + 1 >> 1, 1];
          const width = 2 ** (symbol - 7 >> 2);
          return [(2 + (symbol - 15 >> 1 & 1)) * width, width];
        }

        /** How much a symbol is expected in a table, by its family. */
        const WEIGHTS = {
          numbers(index, symbol) {
            const scale = 0.3 + 2 ** Math.max(index % 10, Math.floor(index % 90 / 10) - 2) / 8;
            const [least, width] = meaning(symbol);
            const distance = (least + (width - 1) / 2) / scale;
            return width / (1 + distance * distance * distance);
          },
          largest: (index, symbol) => symbol ? 1 : index > 3 ? 60 : 6,
          touched: (index, symbol) => index === symbol ? 1 : 9,
          flags: (index, symbol) => symbol ? 2 + 2 * index : 1,
          count(index, symbol) {
            const [least, width] = meaning(symbol);
            return symbol && symbol % 2 === 0 ? 0 : width / (2 + least);
          },
        };

        /** The starts of a family's tables, which are appended to `bytes` as in §9.4. */
        export function genericFamily(purpose, count, symbols, bytes) {
          const written = new Map();
          return Array.from({ length: count }, (_, index) => {
            const parts = frequencies(Array.from({ length: symbols }, (_, symbol) => WEIGHTS[purpose](index, symbol)));
            const key = parts.join();
            if (written.has(key)) {
              bytes.push(0);
              writeVarint(bytes, [...written.keys()].indexOf(key));
            } else {
              const listed = parts.findLastIndex((part) => part > 1) + 1 || 1;
              for (const number of [listed, ...parts.slice(0, listed).map((part) => part - 1)]) writeVarint(bytes, number);
              const starts = new Uint16Array(symbols + 1);
              parts.forEach((part, symbol) => { starts[symbol + 1] = starts[symbol] + part; });
              written.set(key, starts);
            }
            return written.get(key);
          });
        }

        function frequencies(weights) {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const parts = weights.map((weight) => 1 + Math.floor(weight / total * (16384 - weights.length)));
          const most = parts.indexOf(Math.max(...parts));
          parts[most] += 16384 - parts.reduce((sum, part) => sum + part, 0);
          return parts;
        }

        """##,
        type: "text/javascript")
}
