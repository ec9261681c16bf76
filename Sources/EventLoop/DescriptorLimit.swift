import Glibc

/// Raises this process's soft limit of open descriptors to its hard limit.
///
/// A server calls it once at start; every connection is a descriptor.
///
/// - Returns: The limit now in force.
@discardableResult
package func raiseDescriptorLimit() -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
    let soft = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    let raised = unsafe setrlimit(resource, &limit) == 0
    return Int(clamping: raised ? limit.rlim_max : soft)
}
