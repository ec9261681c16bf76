import ServerFuzzTargets
import Testing
import VectorFiles

@Suite("Stored inputs of the fuzzers that drive a whole server")
struct FuzzCorpusTests {
    @Test func `every stored connection is answered the same however it comes`() throws {
        for (_, input) in try corpus("http-connection") { fuzzHTTPConnection(input) }
    }

    @Test func `every stored message of another server is taken or refused, and the server goes on`() throws {
        for (_, input) in try corpus("cluster-messages") { fuzzClusterMessages(input) }
    }

    @Test func `every stored session keeps its messages in order and ends in time`() throws {
        for (_, input) in try corpus("engine-session") { fuzzEngineSession(input) }
    }
}
