import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Poll } from "../../Sources/ServerCore/Web/Files/admin/poll.js";

/** A poll whose timer goes off when the test says so. */
function polled(question) {
  const told = [];
  const due = [];
  const poll = new Poll(question, {
    answered: (answer) => told.push(answer), failed: (error, ms) => told.push([error.message, ms]),
    later: (work, ms) => due.push({ work, ms }) && null,
  });
  return { poll, told, due, pass: () => due.shift().work() };
}

const settled = () => new Promise(setImmediate);

suite("A question that is asked again and again", () => {
  test("one at a time, a second after the last answer", async () => {
    let [asked, answer] = [0, null];
    const { poll, told, due, pass } = polled(() => {
      asked += 1;
      return new Promise((done) => { answer = done; });
    });
    poll.start();
    assert.deepEqual([asked, due.length], [1, 0]);
    answer("a");
    await settled();
    assert.deepEqual([told, due[0].ms], [["a"], 1000]);
    pass();
    assert.equal(asked, 2);
  });

  test("pauses double up to eight seconds where nothing answers, and are short again once something does", async () => {
    let isThere = false;
    const { poll, told, pass, due } = polled(async () => {
      if (!isThere) throw new Error("gone");
      return "back";
    });
    poll.start();
    for (const ms of [1000, 2000, 4000, 8000, 8000]) {
      await settled();
      assert.deepEqual([told.pop(), due[0].ms], [["gone", ms], ms]);
      pass();
    }
    await settled();
    isThere = true;
    pass();
    await settled();
    assert.deepEqual([told.at(-1), due[0].ms], ["back", 1000]);
  });

  test("an answer to what was asked before it was stopped, or asked anew, is nobody's", async () => {
    const answers = [];
    const { poll, told, due } = polled(() => new Promise((done) => { answers.push(done); }));
    poll.start();
    poll.start();
    answers[0]("old");
    await settled();
    assert.deepEqual([told, due.length], [[], 0]);
    poll.stop();
    answers[1]("late");
    await settled();
    assert.deepEqual([told, due.length], [[], 0]);
  });
});
