import FuzzTargets
import Testing
import VectorFiles

@Suite("Stored inputs of the fuzzer of JSON")
struct JSONFuzzTests {
    @Test func `every stored text that is right reads the same once it is written again`() throws {
        for (_, input) in try corpus("json") { fuzzJSON(input) }
    }
}
