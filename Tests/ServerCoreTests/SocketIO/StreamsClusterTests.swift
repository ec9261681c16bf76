import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Socket.IO over several servers: the Streams adapter and its emitter (reference checklist row 97)")
struct StreamsClusterTests {
    let cluster = ClusterWorld(.streams)

    private func add(_ fields: (String, String)...) {
        cluster.redis.append(fields.map { ($0, Array($1.utf8)) }, to: "socket.io")
        cluster.settle()
    }

    private func publish(_ form: JSONValue) {
        cluster.redis.publish("socket.io#/#", ClusterForm.pack(form))
        cluster.settle()
    }

    @Test func `entries of others and of the emitter are carried out by every server, bytes in base64 too`() {
        let clients = cluster.guests(inRoom: [true, false, true])
        let opts = #""opts":{"rooms":["a"],"except":[],"flags":{}}"#
        let packet = #""packet":{"type":2,"data":["e",1],"nsp":"/"}"#
        add(("uid", "emitter"), ("nsp", "/"), ("type", "3"), ("data", "{\(opts),\(packet)}"))
        #expect(cluster.take(clients) == [[#"42["e",1]"#], [], [#"42["e",1]"#]])
        let packed = ClusterForm.pack(["opts": [:], "packet": ["type": 2, "data": ["b", .binary([7])]]])
        add(
            ("uid", "x"), ("nsp", "/"), ("type", "3"),
            ("data", JSONValue.binary(packed).text.dropFirst().dropLast().description))
        #expect(cluster.take(clients)[1] == [#"451-["b",{"_placeholder":true,"num":0}]"#, "[7]"])
        add(("uid", "x"), ("nsp", "/"), ("type", "4"), ("data", "{\(opts),\"rooms\":[\"b\"]}"))
        add(("uid", "x"), ("nsp", "/"), ("type", "5"), ("data", "{\(opts),\"rooms\":[\"a\"]}"))
        #expect(cluster.main(0).roomNames == ["b"] && cluster.main(1).roomNames == ["b"])
        add(("uid", "x"), ("nsp", "/"), ("type", "6"), ("data", #"{"opts":{"rooms":["b"],"except":[]},"close":true}"#))
        #expect(cluster.take(clients) == [["41", "close 1000"], [], ["41", "close 1000"]])
        add(("uid", "x"), ("nsp", "/"), ("type", "2"))
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == 0)
    }

    @Test func `what cannot be read is dropped and counted, once, and everything goes on`() {
        let clients = cluster.guests()
        let bad: [[(String, String)]] = [
            [("nsp", "/"), ("type", "3")], [("uid", "x"), ("nsp", "/")], [("uid", "x"), ("nsp", "/"), ("type", "99")],
            [("uid", "x"), ("nsp", "/"), ("type", "3"), ("data", "{")],
            [("uid", "x"), ("nsp", "/"), ("type", "3"), ("data", "no base64!")],
            [("uid", "x"), ("nsp", "/"), ("type", "3"), ("data", "{}")],
            [("uid", "x"), ("nsp", "/"), ("type", "4"), ("data", #"{"opts":{"rooms":[]}}"#)],
            [("uid", "x"), ("nsp", "/"), ("type", "9"), ("data", #"{"packet":["connect"]}"#)],
            [("uid", "x"), ("nsp", "/"), ("type", "-9223372036854775808")],
        ]
        for fields in bad {
            cluster.redis.append(fields.map { ($0, Array($1.utf8)) }, to: "socket.io")
            cluster.settle()
        }
        let forms: [JSONValue] = [
            [], 5, ["type": 7, "uid": "x", "nsp": "/"],
            ["type": 8, "uid": "x", "nsp": "/", "data": ["requestId": "r"]],
            ["type": 11, "uid": "x", "nsp": "/", "data": ["requestId": "r", "clientCount": -4]],
            ["type": 1.5, "uid": "x", "nsp": "/"], ["type": 3, "nsp": "/"], ["type": 3, "uid": "x"],
        ]
        for form in forms { publish(form) }
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == UInt64(bad.count + forms.count))
        add(("something", "else"))
        publish(["type": 10, "uid": "x", "nsp": "/", "data": ["requestId": "unknown", "packet": 1]])
        publish(["type": 3, "uid": "x", "nsp": "/other", "data": ["opts": [:], "packet": ["type": 2, "data": ["e"]]]])
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == UInt64(bad.count + forms.count))
        cluster.main(0).perform(.emit(SocketEmission("e")), on: .of())
        #expect(cluster.take(clients) == Array(repeating: [#"42["e"]"#], count: 3))
    }
}
