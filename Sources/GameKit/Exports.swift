// A game's author imports GameKit and nothing else: options and events are JSON values, field kinds come from the
// snapshot format, intervals and random numbers from Determinism.
@_exported import Determinism
@_exported import JSONCore
@_exported import SnapshotCore
