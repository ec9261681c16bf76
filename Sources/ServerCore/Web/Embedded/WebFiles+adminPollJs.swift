extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin/poll.js, as `scripts/embed` found it.
    static let adminPollJs = WebFile(
        ##"""
        // A question that is asked again and again, one at a time.

        /** The longest pause between tries where no answer comes. */
        const PAUSE_MS_MAX = 8000;

        export class Poll {
          #timer = null;
          #run = 0;
          #failures = 0;

          /**
           * @param {() => Promise<any>} question
           * @param {{answered: Function, failed: Function, everyMs?: number, later?: Function}} options `failed(error, ms)` is told in how
           *   many milliseconds it is tried again
           */
          constructor(question, { answered, failed, everyMs = 1000, later = (work, ms) => setTimeout(work, ms) }) {
            Object.assign(this, { question, answered, failed, everyMs, later });
          }

          /** Asks now, and from then on. An answer that is under way is nobody's any more. */
          start() {
            this.stop();
            this.#ask(this.#run);
          }

          stop() {
            clearTimeout(this.#timer);
            this.#run += 1;
            this.#failures = 0;
          }

          async #ask(run) {
            let pause = this.everyMs;
            try {
              const answer = await this.question();
              if (run !== this.#run) return;
              this.#failures = 0;
              this.answered(answer);
            } catch (error) {
              if (run !== this.#run) return;
              this.#failures += 1;
              pause = Math.min(this.everyMs * 2 ** (this.#failures - 1), PAUSE_MS_MAX);
              this.failed(error, pause);
            }
            // Either of them may have ended it.
            if (run === this.#run) this.#timer = this.later(() => this.#ask(run), pause);
          }
        }

        """##,
        type: "text/javascript")
}
