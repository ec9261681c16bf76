// Whoever writes handlers imports Muster and nothing else: intervals, JSON values, fields of requests, refusals and Socket.IO's
// arguments are part of its functions.
@_exported import Determinism
@_exported import HTTPCore
@_exported import HTTPTypes
@_exported import JSONCore
@_exported import SocketIOCore
@_exported import StorageKit
@_exported import StorageSQLite
