extension WebFiles {
    /// protocol/javascript/codec0.js, as `scripts/embed` found it.
    static let musterCodec0Js = WebFile(
        ##"""
        // The bodies of snapshot messages in codec 0 (protocol/spec/snapshot.md §5.2): a change bit and absolute values.

        import { SnapshotError } from "./reader.js";

        /** The tables of a keyframe. */
        export function readKeyframe(reader, schema) {
          return schema.types.map(({ isSingle, fields }) => {
            const ids = isSingle ? [0] : readIDs(reader);
            return { ids, rows: records(reader, ids.length, fields) };
          });
        }

        /** The tables that a delta makes of its baseline's. Those that have not changed are the very same. */
        export function readDelta(reader, schema, tables) {
          return schema.types.map((type, index) => readChange(reader, type, tables[index]));
        }

        function readChange(reader, { isSingle, fields }, old) {
          if (!reader.bits(1)) return old;
          if (isSingle) return { ids: [0], rows: [record(reader, fields)] };
          const [removed, spawned] = reader.bits(1) ? [readIDs(reader), readIDs(reader)] : [[], []];
          const before = new Set(old.ids);
          const gone = new Set(removed);
          if (removed.some((id) => !before.has(id)) || spawned.some((id) => before.has(id))
            || before.size - removed.length + spawned.length > 65535) throw new SnapshotError("badIdentifiers");
          const kept = [];
          old.ids.forEach((id, index) => {
            if (!gone.has(id)) kept.push([id, reader.bits(1) ? record(reader, fields) : old.rows[index]]);
          });
          const added = records(reader, spawned.length, fields).map((row, index) => [spawned[index], row]);
          const all = added.length ? kept.concat(added).sort((a, b) => a[0] - b[0]) : kept;
          return { ids: all.map(([id]) => id), rows: all.map(([, row]) => row) };
        }

        function readIDs(reader) {
          const count = reader.packed();
          if (count * 4 > reader.left) throw new SnapshotError("truncated");
          const ids = [];
          for (let least = 0; ids.length < count; least = ids.at(-1) + 1) {
            ids.push(least + reader.packed());
            if (ids.at(-1) > 65535) throw new SnapshotError("badIdentifiers");
          }
          return ids;
        }

        function record(reader, fields) {
          return fields.map((field) => {
            const value = reader.bits(field.width);
            if (value > field.maximum) throw new SnapshotError("valueOutOfRange");
            return value;
          });
        }

        /** `count` records, once it is known that the message can hold them. */
        function records(reader, count, fields) {
          const width = fields.reduce((sum, field) => sum + field.width, 0);
          if (count * width > reader.left) throw new SnapshotError("truncated");
          return Array.from({ length: count }, () => record(reader, fields));
        }

        """##,
        type: "text/javascript")
}
