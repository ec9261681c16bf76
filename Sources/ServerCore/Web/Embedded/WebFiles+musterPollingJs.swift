extension WebFiles {
    /// protocol/javascript/polling.js, as `scripts/embed` found it.
    static let musterPollingJs = WebFile(
        ##"""
        // Socket.IO over HTTP long polling alone (protocol/spec/socketio.md §7), for networks that let no WebSocket through:
        // one request that waits for what the server says, and one at a time with what the client says.

        import { eventPackets, fromBase64, joinPayload, parsePacket, splitPayload } from "./packets.js";

        const SOCKETIO = { connect: 0, disconnect: 1, event: 2, ack: 3, refusal: 4, binaryEvent: 5 };

        /**
         * A transport as in websocket.js.
         * @returns {import("./websocket.js").Link}
         */
        export function polling(server, lobby, request, hooks) {
          const namespace = `/lobby/${lobby}`;
          const url = new URL("/socket.io/?EIO=4&transport=polling", server);
          const stop = new AbortController();
          let [waiting, isPosting, isClosed, reason] = [[], false, false, [1006, ""]];
          let bytesDue = null;

          const closed = (code, text = "") => {
            if (isClosed) return;
            isClosed = true;
            stop.abort();
            hooks.closed(code, text);
          };

          /** A request's text; whatever is wrong with it ends the connection. */
          async function ask(options) {
            const answer = await fetch(url, { ...options, signal: stop.signal, cache: "no-store" });
            const text = await answer.text();
            if (!answer.ok) throw new Error(`${answer.status}`);
            return text;
          }

          async function post() {
            isPosting = true;
            while (waiting.length) {
              const body = joinPayload(waiting);
              waiting = [];
              hooks.traffic.bytesOut += body.length;
              // The last word has to get out although the page may be going.
              await ask({ method: "POST", body, keepalive: isClosed });
            }
            isPosting = false;
          }

          function say(packets) {
            waiting.push(...packets);
            if (url.searchParams.has("sid") && !isPosting) post().catch(() => closed(1006));
          }

          async function run() {
            const { sid } = JSON.parse((await ask()).slice(1));
            url.searchParams.set("sid", sid);
            say([`40${namespace},${JSON.stringify(request)}`]);
            while (!isClosed) {
              const payload = await ask();
              hooks.traffic.bytesIn += payload.length;
              for (const packet of splitPayload(payload)) if (!isClosed) received(packet);
            }
          }

          function received(packet) {
            if (packet[0] === "b" && bytesDue) hooks.snapshot(fromBase64(packet.slice(1)));
            bytesDue = null;
            if (packet[0] === "2") say(["3"]);
            else if (packet[0] === "1") closed(...reason);
            else if (packet[0] === "4") understood(parsePacket(packet.slice(1)));
          }

          function understood({ type, id, value }) {
            if (type === SOCKETIO.refusal) closed(value?.data?.code ?? 4001, value?.message);
            else if (type === SOCKETIO.disconnect) closed(...reason);
            else if (type === SOCKETIO.binaryEvent) bytesDue = value[0] === "snapshot";
            else if (type === SOCKETIO.ack) answered(hooks, id, value[0]);
            else if (type === SOCKETIO.event) {
              reason = endOf(value[0], value[1]) ?? reason;
              hooks.event(value[0], value[1]);
            }
          }

          // Not before the caller has what this returns.
          Promise.resolve().then(run).catch(() => closed(...reason));
          return {
            emit: (event, data, id) => isClosed || say(eventPackets(namespace, event, data, id)),
            send: (message) => isClosed || say(eventPackets(namespace, "input", message)),
            close() {
              if (isClosed) return;
              isClosed = true;
              if (url.searchParams.has("sid")) say(["1"]);
              else stop.abort();
            },
          };
        }

        /** In Socket.IO an error is an answer like others (protocol/spec/lobby.md §4). */
        export function answered(hooks, id, value) {
          const isRefusal = typeof value?.error === "string";
          hooks.answer(id, isRefusal ? { message: value.error, code: value.code } : null, value);
        }

        /** The close code that a plain WebSocket would have got with an event before the end of a seat. */
        export function endOf(event, data) {
          const code = ENDS.get(event);
          return code === undefined ? null : [code, data?.message ?? data?.reason ?? ""];
        }

        const ENDS = new Map([["kicked", 4003], ["banned", 4016], ["closed", 4000], ["replaced", 4006], ["draining", 4009]]);

        """##,
        type: "text/javascript")
}
