/// A value that belongs to one loop, wrapped so that code on other threads can carry it back there.
///
/// An `async` hook holds its answer's continuation like this while it awaits elsewhere, and opens it once it has resumed on the loop.
package final class LoopBound<Value>: @unchecked Sendable {
    // Unchecked, because the value is reached only through `value`, which ends the process on any other thread than the
    // loop's. The last release may happen elsewhere; what is wrapped must not mind where it is freed.
    private let loop: EventLoop
    private let wrapped: Value

    /// Wraps a value of `loop`.
    package init(_ value: Value, on loop: EventLoop) {
        wrapped = value
        self.loop = loop
    }

    /// The value.
    ///
    /// - Precondition: Called on the loop's thread.
    package var value: Value {
        loop.assertCurrent()
        return wrapped
    }
}
