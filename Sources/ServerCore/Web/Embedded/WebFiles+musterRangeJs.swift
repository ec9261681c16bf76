extension WebFiles {
    /// protocol/javascript/range.js, as `scripts/embed` found it.
    static let musterRangeJs = WebFile(
        ##"""
        // The range coder of codec 1, and numbers in it (protocol/spec/snapshot.md §9.1 and §9.2).

        import { SnapshotError } from "./reader.js";

        /** Reads symbols and numbers. It may read beyond the end of the bytes: `check` says when that was too far. */
        export class RangeDecoder {
          constructor(bytes, position) {
            [this.bytes, this.position, this.range, this.code] = [bytes, position, 0xffffffff, 0];
            for (let count = 0; count < 4; count += 1) this.code = (this.code << 8 | this.#byte()) >>> 0;
          }

          #byte() {
            const byte = this.position < this.bytes.length ? this.bytes[this.position] : 0;
            this.position += 1;
            return byte;
          }

          #normalise() {
            while (this.range < 0x1000000) {
              this.code = (this.code << 8 | this.#byte()) >>> 0;
              this.range = this.range << 8 >>> 0;
            }
          }

          /** The message is refused when more was read than an encoder could have meant. */
          check() {
            if (this.position > this.bytes.length + 4) throw new SnapshotError("truncated");
          }

          end() {
            this.check();
            if (this.position < this.bytes.length) throw new SnapshotError("trailingBytes");
          }

          /** A symbol by a table's starts. */
          symbol(starts) {
            const unit = this.range >>> 14;
            const part = this.code / unit | 0;
            const last = starts.length - 2;
            let symbol = 0;
            while (symbol < last && part >= starts[symbol + 1]) symbol += 1;
            const start = starts[symbol];
            this.code -= unit * start;
            this.range = unit * (starts[symbol + 1] - start);
            if (this.range < 0x1000000) this.#normalise();
            return symbol;
          }

          bits(width) {
            let value = 0;
            for (let left = width; left > 0;) {
              const taken = Math.min(left, 16);
              left -= taken;
              this.range >>>= taken;
              const part = Math.min(Math.floor(this.code / this.range), 2 ** taken - 1);
              this.code = this.code - part * this.range >>> 0;
              value = value * 2 ** taken + part;
              this.#normalise();
            }
            return value;
          }

          number(starts) {
            const symbol = this.symbol(starts);
            if (symbol < 15) return symbol & 1 ? symbol + 1 >> 1 : -(symbol >> 1);
            const rest = symbol - 15;
            const width = (rest >> 2) + 2;
            const magnitude = (2 + (rest >> 1 & 1)) * 2 ** width + this.bits(width);
            return rest & 1 ? -magnitude : magnitude;
          }

          /** A number that is not below 0. */
          count(starts) {
            const number = this.number(starts);
            if (number < 0) throw new SnapshotError("badNumber");
            return number;
          }
        }

        """##,
        type: "text/javascript")
}
