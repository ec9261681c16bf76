import FuzzTargets
import Testing
import VectorFiles

@Suite("Stored inputs of the fuzzer of Socket.IO packets")
struct SocketFuzzTests {
    @Test func `every stored packet that is right can be sent on`() throws {
        for (_, input) in try corpus("socket-packets") { fuzzSocketPackets(input) }
    }

    @Test func `of every stored text the scan says what the decoder says`() throws {
        for (_, input) in try corpus("socket-scan") { fuzzSocketScan(input) }
    }
}
