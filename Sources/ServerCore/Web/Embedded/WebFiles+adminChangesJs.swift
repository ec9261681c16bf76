extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin/changes.js, as `scripts/embed` found it.
    static let adminChangesJs = WebFile(
        ##"""
        // What has happened in a lobby between two looks at it (protocol/spec/admin.md §5.3), in words.

        const STATES = { reserved: "keeps a seat", connected: "is connected", dropped: "has lost the connection" };

        /** @returns {string[]} none where there was no look before */
        export function changes(before, after) {
          if (!before) return [];
          const told = [];
          const earlier = new Map(before.seatRows.map((row) => [row.seat, row]));
          for (const row of after.seatRows) {
            const old = earlier.get(row.seat);
            earlier.delete(row.seat);
            if (!old || old.name !== row.name) {
              if (old) told.push(`${old.name} has left seat ${row.seat}`);
              told.push(row.state === "reserved" ? `seat ${row.seat} is kept for ${row.name || "somebody"}` : `${row.name} has come to seat ${row.seat}`);
            } else if (row.resumes > old.resumes) told.push(`${row.name} is back`);
            else if (row.state !== old.state) told.push(`${row.name} ${STATES[row.state] ?? row.state}`);
            if (old?.name === row.name && Boolean(row.mutedSeconds) !== Boolean(old.mutedSeconds)) {
              told.push(row.mutedSeconds ? `${row.name} is muted` : `${row.name} may talk again`);
            }
          }
          for (const { seat, name } of earlier.values()) told.push(`${name} has left seat ${seat}`);
          if (after.phase !== before.phase) told.push(`the match is ${after.phase}`);
          if (after.round !== before.round) told.push(`round ${after.round} begins`);
          if (after.paused !== before.paused) told.push(after.paused ? `paused${after.pause ? ` by ${after.pause.by}` : ""}` : "goes on");
          if (Boolean(after.locked) !== Boolean(before.locked)) told.push(after.locked ? "locked" : "unlocked");
          const dropped = after.stepsDropped - before.stepsDropped;
          if (dropped > 0) told.push(`${dropped} ${dropped === 1 ? "step" : "steps"} dropped`);
          return told;
        }

        """##,
        type: "text/javascript")
}
