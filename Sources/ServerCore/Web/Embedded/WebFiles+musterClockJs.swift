extension WebFiles {
    /// protocol/javascript/clock.js, as `scripts/embed` found it.
    static let musterClockJs = WebFile(
        ##"""
        // The lobby's clock, and the pace of inputs (protocol/spec/lobby.md §4.3). Times are milliseconds of one local clock.

        /** Of so many answers the one that came quickest tells the clock. */
        const SAMPLES = 10;

        /** Where the lobby stands now, by the answers to inputs. */
        export class LobbyClock {
          #samples = [];
          #offset;

          /** Before the first answer the lobby counts as being where `joined` has it. */
          constructor(tickRate, tick, now) {
            this.tickLength = 1000 / tickRate;
            this.#offset = now - tick * this.tickLength;
            /** The last round trip, and the shortest of the last ten; null before the first. */
            this.roundTrip = this.roundTripMin = null;
          }

          /** An answer has come, `{tick, age}`, to what was sent at `sentAt`. */
          answered(sentAt, now, { tick, age }) {
            this.roundTrip = now - sentAt;
            const offset = now - tick * this.tickLength - age - this.roundTrip / 2;
            this.#samples = [...this.#samples.slice(1 - SAMPLES), { roundTrip: this.roundTrip, offset }];
            const best = this.#samples.reduce((a, b) => b.roundTrip < a.roundTrip ? b : a);
            [this.roundTripMin, this.#offset] = [best.roundTrip, best.offset];
          }

          /** The lobby's tick, with a fraction: 7.5 is half a step after the seventh. */
          tickAt(now) {
            return (now - this.#offset) / this.tickLength;
          }
        }

        /** Inputs are to arrive so many ticks before their step: `early` between 1 and 2. */
        const EARLY = 1.5;
        /** How much faster or slower than the lobby a client's ticks may go to get there. */
        const SLEW = 0.1;
        /** Inputs are sent no earlier than that on account of earlier ones that were late: lobbies take those of half a second ahead. */
        const LEAD_MS = 250;
        /** Further off than so many ticks they begin anew: after a pause of the page, or of the lobby. */
        const JUMP_TICKS = 8;

        /** Which ticks a client is to send inputs for: steadily, and so far ahead that they arrive in time. */
        export class InputPacer {
          #lead = 0;
          #at = null;
          #now = 0;
          #sent = 0;

          constructor(clock) {
            this.clock = clock;
          }

          /** What the lobby's last answer says of the inputs' arrival; undefined when none came in between. */
          answered(early) {
            if (early === undefined) return;
            // Too late costs more than too early: it is made good at once, the other bit by bit.
            const most = LEAD_MS / this.clock.tickLength;
            if (early < 1) this.#lead = Math.min(this.#lead + Math.min(EARLY - early, JUMP_TICKS), most);
            else if (early > 2) this.#lead -= Math.min(early - EARLY, 2) / 4;
          }

          /** The tick that the client's own world has come to, with a fraction. */
          get tick() {
            return this.#at ?? 0;
          }

          /** The ticks to send inputs for now, none or several; called once a frame. */
          due(now) {
            const trip = (this.clock.roundTripMin ?? 0) / 2 / this.clock.tickLength;
            const wanted = this.clock.tickAt(now) + trip + EARLY + this.#lead;
            const passed = (now - this.#now) / this.clock.tickLength;
            this.#now = now;
            if (this.#at === null || Math.abs(wanted - this.#at - passed) > JUMP_TICKS) {
              this.#at = wanted;
              this.#sent = Math.max(this.#sent, Math.floor(wanted) - 1);
            } else {
              const correction = wanted - this.#at - passed;
              this.#at += passed + Math.min(Math.max(correction, -SLEW * passed), SLEW * passed);
            }
            const ticks = [];
            // No tick twice, even where the client has been too far ahead.
            for (; this.#sent < Math.floor(this.#at); ticks.push(this.#sent)) this.#sent += 1;
            return ticks.slice(-JUMP_TICKS);
          }
        }

        """##,
        type: "text/javascript")
}
