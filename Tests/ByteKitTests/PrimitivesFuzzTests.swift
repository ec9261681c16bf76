import FuzzTargets
import Testing
import VectorFiles

@Suite("Stored inputs of the fuzzer of primitives")
struct PrimitivesFuzzTests {
    @Test func `every stored input has one form`() throws {
        for (_, input) in try corpus("primitives") { fuzzPrimitives(input) }
    }
}
