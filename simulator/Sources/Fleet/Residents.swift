import EventLoop
import MusterClient

/// Bots that live with a server of the same process: each fleet plays on a thread of its own, unseen, until the process is
/// told to end. Then they leave, so that a drain need not wait for them.
///
/// - Precondition: the options have no ``FleetOptions/problem``.
/// - Throws: What the kernel refuses.
package func startResidents(_ fleets: [FleetOptions]) throws(UVError) {
    for options in fleets {
        guard options.problem == nil, let address = ServerAddress(options.server), let brain = options.brain else {
            preconditionFailure("residents cannot play: \(options.problem ?? "")")
        }
        try LoopThread {
            // Without descriptors or memory for a loop there is nobody to play with, and the server's log says why.
            guard let run = try? FleetRun(options, brain: brain, address: address, secure: nil) else { return }
            _ = run.run()
        }.detach()
    }
}
