extension WebFiles {
    /// protocol/javascript/messagepack.js, as `scripts/embed` found it.
    static let musterMessagepackJs = WebFile(
        ##"""
        // MessagePack, as far as events of the compact dialect need it: no extensions, and keys of maps are texts.

        const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

        /** The bytes of null, a boolean, a number, a text, a `Uint8Array`, or an array or object of such. */
        export function pack(value) {
          const bytes = [];
          write(value, bytes);
          return Uint8Array.from(bytes);
        }

        /** The value that `bytes` begin with. Throws a `RangeError` where they end too soon, or say what is not read here. */
        export function unpack(bytes) {
          return new Unpacker(bytes).value();
        }

        function write(value, bytes) {
          if (value === null || value === undefined) return bytes.push(0xc0);
          if (typeof value === "boolean") return bytes.push(value ? 0xc3 : 0xc2);
          if (typeof value === "number") return writeNumber(value, bytes);
          if (typeof value === "string") {
            const text = utf8.encoder.encode(value);
            head(text.length, [0xa0, 32, 0xd9, 0xda, 0xdb], bytes);
            return push(text, bytes);
          }
          if (value instanceof Uint8Array) {
            head(value.length, [0, 0, 0xc4, 0xc5, 0xc6], bytes);
            return push(value, bytes);
          }
          if (Array.isArray(value)) {
            head(value.length, [0x90, 16, null, 0xdc, 0xdd], bytes);
            for (const item of value) write(item, bytes);
            return;
          }
          // As in JSON, what is undefined is not there.
          const members = Object.entries(value).filter(([, item]) => item !== undefined);
          head(members.length, [0x80, 16, null, 0xde, 0xdf], bytes);
          for (const [key, item] of members) {
            write(key, bytes);
            write(item, bytes);
          }
        }

        /** How many follow, in the shortest of four forms: in the first byte below a limit, or behind it in 1, 2 or 4 bytes. */
        function head(count, [fixed, limit, one, two, four], bytes) {
          if (count < limit) bytes.push(fixed | count);
          else if (one && count < 0x100) bytes.push(one, count);
          else if (count < 0x10000) big(two, count, 2, bytes);
          else big(four, count, 4, bytes);
        }

        function writeNumber(value, bytes) {
          if (!Number.isFinite(value)) return bytes.push(0xc0);
          if (!Number.isSafeInteger(value)) {
            const data = new DataView(new ArrayBuffer(8));
            data.setFloat64(0, value);
            bytes.push(0xcb);
            return push(new Uint8Array(data.buffer), bytes);
          }
          if (value >= 0) {
            if (value < 0x80) bytes.push(value);
            else if (value < 0x100) bytes.push(0xcc, value);
            else if (value < 0x10000) big(0xcd, value, 2, bytes);
            else if (value < 0x100000000) big(0xce, value, 4, bytes);
            else big(0xcf, value, 8, bytes);
          } else if (value >= -0x20) bytes.push(value & 0xff);
          else if (value >= -0x80) bytes.push(0xd0, value & 0xff);
          else if (value >= -0x8000) big(0xd1, value, 2, bytes);
          else if (value >= -0x80000000) big(0xd2, value, 4, bytes);
          else big(0xd3, value, 8, bytes);
        }

        /** A first byte, and a whole number in so many. */
        function big(first, value, count, bytes) {
          bytes.push(first);
          const whole = BigInt(value);
          for (let shift = 8 * (count - 1); shift >= 0; shift -= 8) bytes.push(Number((whole >> BigInt(shift)) & 0xffn));
        }

        function push(more, bytes) {
          for (const byte of more) bytes.push(byte);
        }

        /** What is no number in JSON is null. */
        const number = (value) => (Number.isFinite(value) ? value : null);

        class Unpacker {
          #data;
          #bytes;
          #at = 0;

          constructor(bytes) {
            this.#bytes = bytes;
            this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
          }

          value() {
            const first = this.#whole(1);
            if (first < 0x80) return first;
            if (first < 0x90) return this.#map(first & 0x0f);
            if (first < 0xa0) return this.#array(first & 0x0f);
            if (first < 0xc0) return this.#text(first & 0x1f);
            if (first >= 0xe0) return first - 0x100;
            switch (first) {
              case 0xc0: return null;
              case 0xc2: return false;
              case 0xc3: return true;
              case 0xc4: case 0xc5: case 0xc6: return this.#slice(this.#whole(1 << (first - 0xc4))).slice();
              case 0xca: return number(this.#data.getFloat32(this.#step(4)));
              case 0xcb: return number(this.#data.getFloat64(this.#step(8)));
              case 0xcc: case 0xcd: case 0xce: return this.#whole(1 << (first - 0xcc));
              case 0xcf: return Number(this.#data.getBigUint64(this.#step(8)));
              case 0xd0: return this.#data.getInt8(this.#step(1));
              case 0xd1: return this.#data.getInt16(this.#step(2));
              case 0xd2: return this.#data.getInt32(this.#step(4));
              case 0xd3: return Number(this.#data.getBigInt64(this.#step(8)));
              case 0xd9: case 0xda: case 0xdb: return this.#text(this.#whole(1 << (first - 0xd9)));
              case 0xdc: case 0xdd: return this.#array(this.#whole(2 << (first - 0xdc)));
              case 0xde: case 0xdf: return this.#map(this.#whole(2 << (first - 0xde)));
              default: throw new RangeError(`MessagePack of a kind that is not read: ${first}`);
            }
          }

          /** A whole number of 1, 2 or 4 bytes. */
          #whole(count) {
            const at = this.#step(count);
            if (count === 1) return this.#data.getUint8(at);
            return count === 2 ? this.#data.getUint16(at) : this.#data.getUint32(at);
          }

          #step(count) {
            const at = this.#at;
            if (at + count > this.#bytes.length) throw new RangeError("MessagePack that ends too soon");
            this.#at += count;
            return at;
          }

          #slice(count) {
            const at = this.#step(count);
            return this.#bytes.subarray(at, at + count);
          }

          #text(count) {
            return utf8.decoder.decode(this.#slice(count));
          }

          #array(count) {
            const values = [];
            while (values.length < count) values.push(this.value());
            return values;
          }

          #map(count) {
            const members = [];
            while (members.length < count) members.push([this.value(), this.value()]);
            return Object.fromEntries(members);
          }
        }

        """##,
        type: "text/javascript")
}
