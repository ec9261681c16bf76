internal import Determinism
internal import GameKit
import JSONCore
internal import ServerCore

/// What the world has the server say by itself, so that what arrives can be counted: a numbered beat in every lobby, and numbered news in
/// every room.
final class WorldPulse {
    /// The event by which a lobby's beat is known.
    static let event = "beat"
    private static let interval = Interval.milliseconds(250)

    private let process: SimulatedServer
    private let time: SimulatedTime
    private let planted: PlantedBug?
    private let log: (String) -> LobbyLog
    private let tokens: TokenCheck
    /// The hub of each loop; of the life that the process has now.
    var hubs: [SocketHub] = []
    /// The second server, which says the news of the second room.
    var twin: WorldTwin?
    private var news = [Int64](repeating: 0, count: Listener.roomCount)
    private var isActive = true
    private var beatCount = 0

    init(
        _ process: SimulatedServer, _ time: SimulatedTime, _ plan: WorldPlan, _ tokens: TokenCheck,
        log: @escaping (String) -> LobbyLog
    ) {
        self.process = process
        self.time = time
        self.tokens = tokens
        planted = plan.planted
        self.log = log
    }

    func start() {
        time.schedule(at: time.now + Self.interval) { [weak self] in
            guard let self, isActive else { return }
            beat()
            start()
        }
    }

    func stop() { isActive = false }

    private func beat() {
        if let twin {
            twin.node.call(at: time.now) { [self] in
                sayNews(of: 1, twin.hub)
                twin.ask()
            }
        }
        guard process.isRunning else { return }
        let life = process.lives
        for (loop, node) in process.nodes.enumerated() {
            let server = process.servers[loop]
            node.call(at: time.now) { [self] in
                guard life == process.lives else { return }
                for hosted in server.lobbies { sayBeat(hosted, server) }
            }
        }
        guard let hub = hubs.first else { return }
        process.nodes[0].call(at: time.now) { [self] in
            guard life == process.lives else { return }
            for room in news.indices where room == 0 || twin == nil { sayNews(of: room, hub) }
        }
    }

    private func sayNews(of room: Int, _ hub: SocketHub) {
        news[room] += 1
        twin?.redis.saying = WorldNews(room: room, number: news[room])
        Listener.say(news[room], in: room, hub)
        twin?.redis.saying = nil
    }

    private func sayBeat(_ hosted: HostedLobby, _ server: Server) {
        let log = log(hosted.id)
        log.beats += 1
        beatCount += 1
        var data: JSONObject = ["lobby": .string(hosted.id), "n": .integer(log.beats)]
        if planted == .leakedToken, beatCount > 40, let token = tokens.newest { data["token"] = .string(token) }
        hosted.emit(Self.event, .object(data))
        if planted == .echo, beatCount > 40 { hosted.emit(Self.event, .object(data)) }
        if planted == .strayEvent, beatCount > 40, let other = server.lobbies.first(where: { $0 !== hosted }) {
            other.emit(Self.event, .object(data))
        }
    }
}
