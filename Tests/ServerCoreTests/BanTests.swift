import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

/// Players whose join says who they are, as an author's hook would find out.
enum Known {
    /// A world where `{"who": subject}` is believed.
    static func world(loops: Int = 1, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> World {
        var hooks = ServerHooks()
        hooks.authorize = { request, decided in
            decided(.success(Identity(subject: request.auth["who"]?.string, name: request.auth["called"]?.string)))
        }
        let world = World(loops: loops, hooks: hooks, adjust)
        if loops > 1 { world.streamsMove = false }
        return world
    }
}

extension PeerAddress {
    /// A stranger's address, of which a ban has something to say.
    static let far = PeerAddress(ipv4: 0xC000_0201, port: 1)
    /// Another's.
    static let farther = PeerAddress(ipv4: 0xC000_0202, port: 1)
}

@Suite("BanList: who is kept out")
struct BanListTests {
    private let start = Instant.zero
    private func ban(_ target: BanTarget, _ lobby: String?, _ kind: Ban.Kind = .banned, seconds: Int = 60) -> Ban {
        Ban(of: target, from: lobby, kind, reason: "", until: start + .seconds(seconds))
    }

    @Test func `a ban is about its target and its lobby until its end`() {
        var list = BanList()
        list.add(ban(.subject("a"), "x"), at: start)
        list.add(ban(.guests(address: "192.0.2.1"), nil), at: start)
        #expect(list.ban(of: .subject("a"), from: "x", at: start + .seconds(59)) != nil)
        #expect(list.ban(of: .subject("a"), from: "x", at: start + .seconds(60)) == nil)
        #expect(list.ban(of: .subject("a"), from: "y", at: start) == nil)
        #expect(list.ban(of: .subject("b"), from: "x", at: start) == nil)
        #expect(list.ban(of: .guests(address: "192.0.2.1"), from: "y", at: start) != nil)
        #expect(list.ban(of: .subject("192.0.2.1"), from: "y", at: start) == nil)
        let lifted = list.lift(.subject("a"), from: "x")
        let again = list.lift(.subject("a"), from: "x")
        #expect(lifted && !again && list.active(at: start).count == 1)
    }

    @Test func `a kick takes no ban away`() {
        var list = BanList()
        list.add(ban(.subject("a"), "x", .banned, seconds: 600), at: start)
        list.add(ban(.subject("a"), "x", .kicked, seconds: 60), at: start)
        #expect(list.ban(of: .subject("a"), from: "x", at: start + .seconds(100))?.kind == .banned)
        list.add(ban(.subject("a"), "x", .kicked, seconds: 700), at: start + .seconds(600))
        #expect(list.ban(of: .subject("a"), from: "x", at: start + .seconds(601))?.kind == .kicked)
    }

    @Test func `a full list forgets what has ended, then what ends soonest`() {
        var list = BanList()
        for index in 0..<BanList.countMax {
            list.add(ban(.subject("\(index)"), nil, seconds: index < 2 ? 1 : 1_000 - index % 7), at: start)
        }
        list.add(ban(.subject("late"), nil, seconds: 1), at: start + .seconds(2))
        #expect(list.count == BanList.countMax - 1 && list.ban(of: .subject("late"), from: nil, at: start) != nil)
        list.add(ban(.subject("one"), nil, seconds: 2_000), at: start)
        list.add(ban(.subject("more"), nil, seconds: 2_000), at: start)
        #expect(list.count == BanList.countMax)
        #expect(list.ban(of: .subject("late"), from: nil, at: start) == nil, "it would have ended first")
    }
}

@Suite("Bans on their way to the storage and back")
struct BanStorageTests {
    /// What the hook was told, by all loops.
    private final class Shelf {
        var changes: [BanChange] = []
    }

    private func world(_ shelf: Shelf, loops: Int) -> World {
        var hooks = ServerHooks()
        hooks.authorize = { request, decided in
            decided(.success(Identity(subject: request.auth["who"]?.string)))
        }
        hooks.bansChanged = { shelf.changes.append($0) }
        let world = World(loops: loops, hooks: hooks)
        world.streamsMove = false
        return world
    }

    @Test(arguments: [1, 2])
    func `what is about all lobbies is told once, whichever loop it happens on; the rest is not`(loops: Int) {
        let shelf = Shelf()
        let world = world(shelf, loops: loops)
        for name in ["ann", "bob", "eve"] { PlainClient(world, peer: .far).join(["who": .string(name)]) }
        world.home = loops - 1
        PlainClient(world, lobby: "y", peer: .farther).join(["who": "dan"])
        _ = world.lobby()?.kick(seat: 0, reason: "rude")
        _ = world.lobby()?.ban(seat: 1, reason: "here", for: nil)
        #expect(shelf.changes.isEmpty)
        _ = world.lobby()?.ban(seat: 2, reason: "gone", for: .seconds(60), everywhere: true, by: "root")
        _ = world.lobby("y")?.ban(seat: 0, reason: "", for: nil, everywhere: true, by: "root")
        let lifted = world.servers[loops - 1].lift(.subject("eve"), from: nil)
        let again = world.server.lift(.subject("eve"), from: nil)
        let here = world.server.lift(.subject("bob"), from: "x")
        #expect(lifted && !again && here)
        func banned(_ target: BanTarget, _ reason: String, _ time: Interval?) -> BanChange {
            .banned(target, reason: reason, actor: "root", time: time)
        }
        #expect(
            shelf.changes == [
                banned(.subject("eve"), "gone", .seconds(60)),
                banned(.guests(address: "192.0.2.1"), "gone", .seconds(60)),
                banned(.subject("dan"), "", nil), banned(.guests(address: "192.0.2.2"), "", nil),
                .lifted(.subject("eve")),
            ])
    }

    @Test func `what is loaded does not take the place of what was said since`() {
        var list = BanList()
        let fresh = Ban(of: .subject("a"), from: nil, .banned, reason: "new", until: .distantFuture)
        let stale = Ban(of: .subject("a"), from: nil, .banned, reason: "old", until: .zero + .seconds(5))
        list.restore(stale, at: .zero)
        list.add(fresh, at: .zero)
        list.restore(stale, at: .zero)
        #expect(list.ban(of: .subject("a"), from: "x", at: .zero)?.reason == "new" && list.count == 1)
    }
}

@Suite("G-18: whoever was kicked or banned does not come back")
struct BanTests {
    private func ban(_ world: World, seat: Int = 0, for time: Interval? = nil, everywhere: Bool = false) {
        let banned = world.lobby()?.ban(seat: seat, reason: "cheating", for: time, everywhere: everywhere)
        #expect(banned == true)
        world.turn()
    }

    /// How each way back ends: resume, a new join, a second tab by Socket.IO, long polling.
    private func waysBack(_ world: World, token: JSONValue, who: JSONValue, from peer: PeerAddress) -> [UInt16?] {
        let resume = PlainClient(world, peer: peer)
        resume.join(["token": token])
        let anew = PlainClient(world, peer: peer)
        anew.join(["who": who])
        let tab = SocketClient(world, peer: peer)
        tab.join("x", ["who": who])
        let code = tab.refusal()?["data"]?["code"]?.integer.flatMap { UInt16(exactly: $0) }
        let kept = PlainClient(world, peer: peer)
        kept.join(["who": who, "ticket": "e30.AAAA"])
        return [resume.closeCode, anew.closeCode, code, kept.closeCode]
    }

    @Test(arguments: [1, 2])
    func `a banned player is refused with 4016 on every way back, from both loops`(loops: Int) {
        let world = Known.world(loops: loops)
        PlainClient(world).join(["who": "root"])
        let player = PlainClient(world, peer: .far)
        let token = player.join(["who": "ann"])["token"] ?? .null
        player.emit("keyframe")
        ban(world, seat: 1, for: .seconds(3_600))
        #expect(player.event("banned")?["reason"] == "cheating" && player.closeCode == 4016)
        for home in 0..<loops {
            world.home = home
            #expect(waysBack(world, token: token, who: "ann", from: .far) == [4016, 4016, 4016, 4016])
            #expect(waysBack(world, token: token, who: "ann", from: .farther) == [4016, 4016, 4016, 4016])
            let guest = PlainClient(world, peer: .far)
            guest.join()
            #expect(guest.closeCode == 4016, "nobody in particular, from there")
        }
        #expect(world.count(.bans) == 1 && world.count(.joinsBarred) >= 7)
        #expect(PlainClient(world, peer: .far).join(["who": "bob"])["seat"] == 1, "somebody else, from there")
        world.run(.seconds(3_600))
        #expect(PlainClient(world, peer: .far).join(["who": "ann"])["seat"] != nil, "its time is over")
    }

    @Test func `a banned guest is kept out by address, an IPv6 one by its network`() {
        let world = World()
        PlainClient(world).join()
        let network: UInt64 = 0x2001_0DB8_0000_0001
        PlainClient(world, peer: PeerAddress(ipv6: network, 5, port: 1)).join()
        ban(world, seat: 1)
        let neighbour = PlainClient(world, peer: PeerAddress(ipv6: network, 99, port: 2))
        neighbour.join()
        #expect(neighbour.closeCode == 4016)
        #expect(PlainClient(world, peer: PeerAddress(ipv6: network + 1, 5, port: 1)).join()["seat"] == 1)
        #expect(world.server.bans.map(\.target.text) == ["guests from 2001:db8:0:1::/64"])
    }

    @Test func `an address that says nothing about who is there is not banned`() {
        let world = World()
        PlainClient(world).join()
        PlainClient(world).join()
        ban(world, seat: 1)
        #expect(world.server.bans.isEmpty && PlainClient(world).join()["seat"] == 1)
    }

    @Test func `a kicked player may come back after the kick time, and with zero at once`() {
        for seconds in [60, 0] {
            let world = Known.world { $0.kickTime = .seconds(seconds) }
            PlainClient(world).join(["who": "root"])
            let player = PlainClient(world)
            let token = player.join(["who": "ann"])["token"] ?? .null
            player.emit("keyframe")
            _ = world.lobby()?.kick(seat: 1, reason: "rude")
            let resume = PlainClient(world)
            resume.join(["token": token])
            #expect(resume.closeCode == 4003, "the token is dead in any case")
            let early = PlainClient(world)
            early.join(["who": "ann"])
            #expect(early.closeCode == (seconds == 0 ? nil : 4003))
            guard seconds > 0 else { continue }
            #expect(early.event("exception")?["message"] == "kicked: rude")
            #expect(PlainClient(world, lobby: "y").join(["who": "ann"])["seat"] == 0, "another lobby is open to it")
            world.run(.seconds(60))
            #expect(PlainClient(world).join(["who": "ann"])["seat"] != nil)
        }
    }

    @Test(arguments: [1, 2])
    func `a ban from everywhere ends every seat of the player's, on every loop`(loops: Int) {
        let world = Known.world(loops: loops)
        PlainClient(world).join(["who": "root"])
        let first = PlainClient(world)
        first.join(["who": "ann"])
        world.home = loops - 1
        let second = PlainClient(world, lobby: "y")
        second.join(["who": "ann"])
        ban(world, seat: 1, everywhere: true)
        #expect(first.closeCode == 4016 && second.closeCode == 4016)
        let third = PlainClient(world, lobby: "z")
        third.join(["who": "ann"])
        #expect(third.closeCode == 4016)
        let lifted = world.servers[loops - 1].lift(.subject("ann"), from: nil)
        #expect(lifted && PlainClient(world, lobby: "z").join(["who": "ann"])["seat"] == 0)
    }

    @Test func `what is about one lobby ends with it`() {
        let world = Known.world()
        PlainClient(world).join(["who": "ann"])
        ban(world)
        #expect(world.server.bans.count == 1)
        world.lobby()?.close("over")
        #expect(world.server.bans.isEmpty && PlainClient(world).join(["who": "ann"])["seat"] == 0)
    }

    @Test func `a dropped player who was banned everywhere does not resume`() {
        let world = Known.world()
        PlainClient(world).join(["who": "root"])
        PlainClient(world, lobby: "y").join(["who": "root"])
        let player = PlainClient(world)
        player.join(["who": "ann"])
        let other = PlainClient(world, lobby: "y")
        let token = other.join(["who": "ann"])["token"] ?? .null
        other.emit("keyframe")
        other.stream.cut()
        ban(world, seat: 1, everywhere: true)
        let back = PlainClient(world, lobby: "y")
        back.join(["token": token])
        #expect(back.closeCode == 4016 && world.server.lobby("y")?.lobby.seats.takenCount == 1)
    }

    @Test func `a game bans, and an admin lists and lifts`() {
        let world = Known.world()
        let player = PlainClient(world)
        player.join(["who": "ann", "options": ["banAt": 2]])
        PlainClient(world).join(["who": "bob"])
        world.steps(3)
        #expect(player.event("banned")?["reason"] == "its time" && player.closeCode == 4016)
        #expect(world.server.bans.map(\.lobby) == ["x"])
        let again = PlainClient(world)
        again.join(["who": "ann"])
        #expect(again.closeCode == 4016)
        let lifted = world.server.lift(.subject("ann"), from: "x")
        #expect(lifted && PlainClient(world).join(["who": "ann"])["seat"] == 0)
    }

    @Test(arguments: [1, 2])
    func
        `by long polling no banned player comes in, nor does one whom a drain, a ticket or another lobby's token might help`(
            _ loops: Int
        )
    {
        let world = Known.world(loops: loops)
        PlainClient(world).join(["who": "root"])
        let player = PlainClient(world, peer: .far)
        player.join(["who": "ann"])
        let elsewhere = PlainClient(world, lobby: "y", peer: .far)
        let token = elsewhere.join(["who": "ann"])["token"] ?? .null
        elsewhere.emit("keyframe")
        ban(world, seat: 1, everywhere: true)
        #expect(elsewhere.closeCode == 4016)
        for home in 0..<loops {
            world.home = home
            for auth in [#"{"who":"ann"}"#, #"{"who":"ann","token":\#(token.text)}"#, "{}"] {
                let polling = EngineClient(world, path: "/socket.io/", peer: .farther)
                #expect(polling.post("40/lobby/x,\(auth)").status == 200)
                let answer = polling.get().body
                if auth == "{}" {
                    #expect(answer.contains("40/lobby/x"), "somebody else from elsewhere: \(answer)")
                } else {
                    #expect(answer.contains("44/lobby/x") && !answer.contains("joined"), "\(answer)")
                }
            }
            let other = PlainClient(world, lobby: "y", peer: .farther)
            other.join(["token": token, "who": "ann"])
            #expect(other.closeCode == 4016 || other.closeCode == 4003 || other.closeCode == 4001)
        }
    }
}
