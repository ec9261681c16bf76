extension WebFiles {
    /// What stands at a path, as `scripts/embed` found it; nil where nothing does. No path is ever made into the name of a
    /// file: what is not here is not there.
    static func file(at path: String) -> WebFile? {
        switch path {
        case "/admin.css": adminCss
        case "/admin": adminHtml
        case "/admin.js": adminJs
        case "/admin/actions.js": adminActionsJs
        case "/admin/changes.js": adminChangesJs
        case "/admin/dialog.js": adminDialogJs
        case "/admin/format.js": adminFormatJs
        case "/admin/lobbies.js": adminLobbiesJs
        case "/admin/lobby.js": adminLobbyJs
        case "/admin/picture.js": adminPictureJs
        case "/admin/plot.js": adminPlotJs
        case "/admin/poll.js": adminPollJs
        case "/admin/records.js": adminRecordsJs
        case "/admin/rows.js": adminRowsJs
        case "/admin/session.js": adminSessionJs
        case "/admin/timelines.js": adminTimelinesJs
        case "/admin/trace.js": adminTraceJs
        case "/arena/arena.js": arenaArenaJs
        case "/arena/controls.js": arenaControlsJs
        case "/arena/dom.js": arenaDomJs
        case "/arena/draw.js": arenaDrawJs
        case "/arena/link.js": arenaLinkJs
        case "/arena/match.js": arenaMatchJs
        case "/arena/menu.js": arenaMenuJs
        case "/arena/net.js": arenaNetJs
        case "/arena/panel.js": arenaPanelJs
        case "/arena/rules.js": arenaRulesJs
        case "/page.css": pageCss
        case "/": pageHtml
        case "/page.js": pageJs
        case "/tictactoe.css": tictactoeCss
        case "/tictactoe": tictactoeHtml
        case "/tictactoe.js": tictactoeJs
        case "/muster/api.js": musterApiJs
        case "/muster/client.js": musterClientJs
        case "/muster/clock.js": musterClockJs
        case "/muster/codec0.js": musterCodec0Js
        case "/muster/codec1.js": musterCodec1Js
        case "/muster/comeback.js": musterComebackJs
        case "/muster/compact.js": musterCompactJs
        case "/muster/generic.js": musterGenericJs
        case "/muster/groups.js": musterGroupsJs
        case "/muster/interpolation.js": musterInterpolationJs
        case "/muster/list.js": musterListJs
        case "/muster/messagepack.js": musterMessagepackJs
        case "/muster/messages.js": musterMessagesJs
        case "/muster/muster.js": musterMusterJs
        case "/muster/packets.js": musterPacketsJs
        case "/muster/polling.js": musterPollingJs
        case "/muster/prediction.js": musterPredictionJs
        case "/muster/range.js": musterRangeJs
        case "/muster/reader.js": musterReaderJs
        case "/muster/rotation.js": musterRotationJs
        case "/muster/schema.js": musterSchemaJs
        case "/muster/snapshot.js": musterSnapshotJs
        case "/muster/socketio.js": musterSocketioJs
        case "/muster/watcher.js": musterWatcherJs
        case "/muster/websocket.js": musterWebsocketJs
        case "/muster/world.js": musterWorldJs
        case "/api/openapi.json": apiOpenapiJson
        default: nil
        }
    }
}
