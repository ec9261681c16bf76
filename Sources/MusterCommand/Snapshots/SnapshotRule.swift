import SnapshotCore

/// Which messages are made of a recording: every which frame is sent, and how far back its baseline is.
struct SnapshotRule {
    /// How many sent frames back the baseline is; 0 makes every message a keyframe.
    var baseline = 1
    /// One frame of so many is sent.
    var every = 1
    /// How many sent frames a client has missed that was in step before; then `baseline` says nothing.
    var behind: Int?

    /// A message: the frame it leads to, its baseline, and the state before that.
    struct Link {
        let frame: Int
        let baseline: Int?
        let before: Int?
    }

    /// All messages of a recording with so many frames, but those whose baseline would be before the first.
    ///
    /// The state before the baseline is a third as far from it as the baseline is from the frame: of what a client may have
    /// kept, that tells best how things move.
    func links(_ frames: Int) -> [Link] {
        if let behind {
            return stride(from: (behind + 1) * every, to: frames - every, by: every).map { frame in
                let base = frame - behind * every
                return Link(frame: frame, baseline: base, before: base - every)
            }
        }
        return stride(from: baseline * every, to: frames, by: every).map { frame in
            guard baseline > 0 else { return Link(frame: frame, baseline: nil, before: nil) }
            let base = frame - baseline * every
            let before = base - max(1, baseline / 3) * every
            return Link(frame: frame, baseline: base, before: before >= 0 ? before : nil)
        }
    }

    /// The message behind one that catches up, to the client that was behind and to those who were in step: what the first is
    /// larger is the price of steps that it does not know.
    func successors(of link: Link) -> (late: Link, inStep: Link)? {
        guard behind != nil else { return nil }
        let frame = link.frame + every
        return (
            Link(frame: frame, baseline: link.frame, before: link.baseline),
            Link(frame: frame, baseline: link.frame, before: link.frame - every)
        )
    }

    /// Lets a trainer see all messages of a recording.
    func train(_ trainer: inout TableTrainer, with states: [WorldState]) {
        for link in links(states.count) {
            trainer.learn(
                states[link.frame], since: link.baseline.map { states[$0] }, before: link.before.map { states[$0] })
        }
    }

    /// What a server sends: mostly in step, at several rates, and now and then to somebody who is behind or has nothing.
    static let usual = [
        SnapshotRule(), SnapshotRule(every: 2), SnapshotRule(every: 3), SnapshotRule(baseline: 3),
        SnapshotRule(baseline: 6), SnapshotRule(baseline: 12, every: 3), SnapshotRule(baseline: 60, every: 7),
        SnapshotRule(baseline: 0, every: 20),
    ]
}
