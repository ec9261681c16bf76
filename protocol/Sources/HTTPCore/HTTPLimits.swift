/// What a head may cost. A body's limit depends on its route: ``HTTPRequestParser/bodyBytesMax``.
package struct HTTPLimits: Sendable {
    /// Bytes of a whole head, line ends included. 16 KiB is what Node takes, so what a browser's cookies are made for.
    package var headBytesMax = 16 * 1024
    /// Field lines in a head.
    package var fieldsMax = 100
    /// Bytes of a request target. RFC 9112 §3 asks for request lines of 8000 octets at least.
    package var targetBytesMax = 8 * 1024

    /// The limits as they are unless changed.
    package init() {}

    /// Bytes of a start line without its end: the longest target and room for a method and a version.
    var startLineBytesMax: Int { targetBytesMax + 64 }
}
