/// Who sees every byte of a simulated network, beside the ends: the checkers of a world. Where there is none, that costs one look for
/// each read and write.
///
/// Every call comes from within the network; a witness changes nothing of it.
package protocol WireWitness: AnyObject {
    /// A connection has come to be.
    func opened(_ pipe: SimulatedPipe)
    /// A program has handed over bytes, first `first` and then `second`, of which either may be empty.
    func sent(_ first: [UInt8], _ second: [UInt8], by side: PipeSide, on connection: Int)
    /// A program is about to be handed bytes, which are lent for the call.
    func received(_ bytes: Span<UInt8>, at side: PipeSide, on connection: Int)
    /// An end has closed.
    func closed(_ side: PipeSide, on connection: Int)
}
