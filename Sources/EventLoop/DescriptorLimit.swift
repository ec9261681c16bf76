import Glibc

/// Raises this process's soft limit of open descriptors to its hard limit.
///
/// A server calls it once at start; every connection is a descriptor.
///
/// - Parameter count: For how many descriptors the kernel is to make room at once. It does so by itself, by doubling, but then
///   the thread that opens one too many stands still for tens of milliseconds each time, until all others have been told.
/// - Returns: The limit now in force.
@discardableResult
package func raiseDescriptorLimit(makingRoomFor count: Int = 0) -> Int {
    let limit = raisedDescriptorLimit()
    let highest = min(count, limit) - 1
    guard highest > 0, let some = openDescriptor() else { return limit }
    let last = fcntl(some, F_DUPFD_CLOEXEC, Int32(clamping: highest))
    if last >= 0 { close(last) }
    close(some)
    return limit
}

/// Some descriptor; it does not matter which.
private func openDescriptor() -> Int32? {
    let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    return descriptor >= 0 ? descriptor : nil
}

private func raisedDescriptorLimit() -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
    let soft = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    let raised = unsafe setrlimit(resource, &limit) == 0
    return Int(clamping: raised ? limit.rlim_max : soft)
}
