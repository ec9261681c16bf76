import JSONCore
import LobbyCore
import ServerCore
import Testing

@Suite("Inputs in JSON that are none (abuse G-16)")
struct MalformedInputTests {
    @Test(arguments: [
        #"{"by":9}"#, #"{"by":-9}"#, #"{"by":0.5}"#, #"{"by":1e308}"#, #"{"by":"1"}"#,
        #"{"by":true}"#, #"{"by":null}"#, #"{"by":[1]}"#, #"{"by":{}}"#, #"{"by":18446744073709551616}"#,
        #"{"loud":1}"#,
        #"{"loud":"true"}"#, "[]", "7", "null",
    ])
    func `is told what is wrong, and changes nothing`(_ input: String) {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.send(text: #"{"event":"input","data":{"input":\#(input)}}"#)
        #expect(client.event("exception") != nil && client.closeCode == nil)
        #expect(world.count(.inputsRefused) == 1 && world.count(.inputsAccepted) == 0)
    }

    @Test(arguments: ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "+1", ".5", "0x1", "1_0"])
    func `a number that JSON does not have is the end`(_ number: String) {
        let client = PlainClient(World())
        client.join()
        client.send(text: #"{"event":"input","data":{"input":{"by":\#(number)}}}"#)
        #expect(client.closeCode == 4002)
    }

    @Test(arguments: ["-0", "0.0", "-0.0", "0e5", "8", "8.0", "80e-1", "5e-324", "-5e-324"])
    func `a number is its value, however it is written, and one that cannot be told from zero is zero`(_ number: String)
    {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.send(text: #"{"event":"input","data":{"input":{"by":\#(number)}}}"#)
        #expect(client.event("exception") == nil && world.count(.inputsAccepted) == 1)
    }
}
