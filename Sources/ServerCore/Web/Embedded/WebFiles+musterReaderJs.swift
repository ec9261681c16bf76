extension WebFiles {
    /// protocol/javascript/reader.js, as `scripts/embed` found it.
    static let musterReaderJs = WebFile(
        ##"""
        // Numbers and bits as protocol/spec/snapshot.md §2 writes them.

        /** A message that must not be applied; `code` is the error's name in protocol/spec/snapshot.md §6. */
        export class SnapshotError extends Error {
          constructor(code) {
            super(code);
            this.code = code;
          }
        }

        /** Reads bytes, then bits, least significant first. Whatever is not there is a SnapshotError. */
        export class Reader {
          constructor(bytes) {
            [this.bytes, this.position] = [bytes, 0];
          }

          /** How many bits are left. */
          get left() {
            return this.bytes.length * 8 - this.position;
          }

          bits(width) {
            if (width > this.left) throw new SnapshotError("truncated");
            let value = 0;
            for (let scale = 1; width > 0;) {
              const offset = this.position % 8;
              const taken = Math.min(8 - offset, width);
              value += (this.bytes[(this.position - offset) / 8] >>> offset & (1 << taken) - 1) * scale;
              scale *= 1 << taken;
              width -= taken;
              this.position += taken;
            }
            return value;
          }

          /** A number of at most so many bits; `error` is what any other one is. */
          varint(error = "badTick", bits = 32) {
            let value = 0;
            for (let index = 0; index < 10; index += 1) {
              const byte = this.bits(8);
              value += (byte & 127) * 128 ** index;
              if (byte > 127) continue;
              if (byte === 0 && index > 0 || value >= 2 ** bits) break;
              return value;
            }
            throw new SnapshotError(error);
          }

          packed() {
            let value = 0;
            for (let index = 0; index < 6; index += 1) {
              const group = this.bits(4);
              value += (group & 7) * 8 ** index;
              if (group > 7) continue;
              if (group === 0 && index > 0 || value > 65535) break;
              return value;
            }
            throw new SnapshotError("badNumber");
          }
        }

        /** How far back the baseline is, and in codec 1 how far back from there the state before it; 0 for none (snapshot.md §5.1). */
        export function readDistance(reader, tick, codec) {
          const number = reader.varint("badTick", codec ? 35 : 32);
          const distance = codec ? Math.floor(number / 8) : number;
          let step = codec ? number % 8 : 0;
          if (distance < 1 || distance >= tick) throw new SnapshotError("badTick");
          if (step === 7) {
            step = reader.varint();
            if (step < 7) throw new SnapshotError("badTick");
          }
          if (step > 0 && step >= tick - distance) throw new SnapshotError("badTick");
          return [distance, step];
        }

        /** Appends a number below 2⁵³ to an array of bytes, 7 bits in each. */
        export function writeVarint(bytes, number) {
          for (; number > 127; number = Math.floor(number / 128)) bytes.push(number % 128 + 128);
          bytes.push(number);
        }

        """##,
        type: "text/javascript")
}
