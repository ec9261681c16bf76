import CUV
import Glibc

/// What this process takes of the machine, as the kernel counts it.
package struct ProcessUsage: Sendable {
    /// Time on a CPU so far, user and system, of all threads, in seconds.
    package let cpuSeconds: Double
    /// Memory that is really there, in bytes.
    package let residentBytes: Int
    /// How many descriptors there may be; nil for any number.
    package let descriptorsMax: Int?

    /// As of now. What the kernel does not tell is 0.
    package init() {
        var usage = uv_rusage_t()
        if unsafe uv_getrusage(&usage) != 0 { usage = uv_rusage_t() }
        cpuSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        var bytes = 0
        if unsafe uv_resident_set_memory(&bytes) != 0 { bytes = 0 }
        residentBytes = bytes
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        descriptorsMax = isKnown ? Int(exactly: limit.rlim_cur) : nil
    }
}
