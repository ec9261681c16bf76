// Actors pinned to a loop with `unownedExecutor`, and tasks made with `Task(executorPreference: loop)`, resume on the
// loop's thread, in the order in which they and posted closures arrived. They belong to the control plane; no
// per-message path goes through here.

extension EventLoop: SerialExecutor, TaskExecutor {
    /// Runs `job` on a coming turn of the loop; from any thread.
    ///
    /// A job that arrives after the loop has ended is never run: its task stays suspended for good. So whoever stops a
    /// loop first finishes what is pinned to it.
    package func enqueue(_ job: consuming ExecutorJob) {
        accept(.job(UnownedJob(job)))
    }

    /// The executor for an actor's `unownedExecutor`.
    @safe package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// The executor as a task's preference.
    @safe package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        unsafe UnownedTaskExecutor(ordinary: self)
    }

    /// Ends the process unless called on the loop, for `assumeIsolated` and `preconditionIsolated`.
    package func checkIsolated() {
        assertCurrent()
    }

    /// Whether the calling code runs on the loop.
    package func isIsolatingCurrentContext() -> Bool? {
        isCurrent
    }

    func run(_ job: UnownedJob) {
        unsafe job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
}
