import FuzzTargets

/// libFuzzer's hook.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    fuzzSnapshotCodec1(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
