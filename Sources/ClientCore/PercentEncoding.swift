/// Text in a query (RFC 3986 §3.4).
package enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".unicodeScalars)

    /// `text` with everything encoded that is not unreserved.
    package static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "A"..."Z", "a"..."z", "0"..."9", "-", ".", "_", "~": encoded.unicodeScalars.append(scalar)
            default:
                encoded.unicodeScalars.append("%")
                encoded.unicodeScalars.append(digits[Int(byte >> 4)])
                encoded.unicodeScalars.append(digits[Int(byte & 15)])
            }
        }
        return encoded
    }
}
