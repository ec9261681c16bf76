import ServerFuzzTargets

/// libFuzzer's hook.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    fuzzClusterMessages(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
