/// What the server counts. Each name stands in the overview, in `docs/limits.md` and in the tests.
package enum Counter: Int, CaseIterable, Sendable {
    case connectionsAccepted, connectionsRefused, addressesRefused, pollingsRefused, proxyHeadersRefused
    case handshakesTimedOut, handshakesFailed, headsRefused, requests, handshakesRefused, sessionGuessesRefused
    case namespacesRefused
    case bytesIn, bytesOut, messagesIn, messagesMalformed, messagesRateLimited
    case compressionsDeclined, inflatesRateLimited
    case joinTimeouts, closeTimeouts, heartbeatsMissed, slowConsumersClosed
    case joins, joinsRefused, resumes, drops, graceExpired, leaves, kicks, bans, joinsBarred
    case seatsReserved, reservationsRefused, reservationsUsed, reservationsExpired, reservationsCancelled
    case inputsAccepted, inputsRepeated, inputsTooEarly, inputsTooLate, inputsOverdrawn, inputsOverflowed, inputsRefused
    case inputFloods, keyframesRefused, pausesEnded
    case snapshotsSent, snapshotsEncoded, snapshotsSkipped, snapshotsHeldBack, snapshotsCut, groupsLate
    case budgetsOverdrawn, keyframesSent, catchUpsSent, keyframesRequested,
        stateMismatches
    case steps, stepsDropped, lobbiesOpened, lobbiesFailed, lobbiesClosed, lobbiesDegraded, lobbiesExhausted
    case snapshotsDegraded
    case chatMessages, chatRefused, mutes, queueEntered, queueLeft, queueTimeouts, matchesFound
    case joinsRateLimited, openingsRefused, listsRefused, subscribersRefused, listingsSent, listingsSkipped
    case adminLogins, adminLoginsRefused, adminLoginsLocked, adminActions, adminCallsRefused,
        adminEventsSkipped
    case watchersOpened, watchersRefused, watcherEventsSent, watcherEventsSkipped, delayedDropped, bodiesCompressed
    case socketsConnected, socketsRefused, eventsOverflowed, volatilesReplaced, acksMissed
    case socketsRecovered, recoveriesFailed, placesForgotten, eventsForgotten
    case loopBatches, loopMessagesDropped, connectionsMoved
    case recordingsOpened, recordingsBroken, recordingsDeleted, bytesRecorded
    case recordsStored, recordsDropped, storageFailures, storageQuestionsRefused
    case clusterOutages, clusterMessagesDropped, clusterMessagesMalformed
}

/// One whole number for each ``Counter``, from zero up.
package struct Counters: Sendable {
    private var values = InlineArray<160, UInt64>(repeating: 0)

    package init() {}

    /// The count so far.
    package subscript(_ counter: Counter) -> UInt64 {
        get { values[counter.rawValue] }
        set { values[counter.rawValue] = newValue }
    }

    /// Adds what others have counted.
    package mutating func add(_ other: Counters) {
        for counter in Counter.allCases { self[counter] += other[counter] }
    }
}
