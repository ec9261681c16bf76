// Whoever writes a client imports MusterClient and nothing else: intervals, JSON values and Socket.IO's arguments are part of
// its functions.
@_exported import Determinism
@_exported import JSONCore
@_exported import SocketIOCore
