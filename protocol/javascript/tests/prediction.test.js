import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Predictor } from "../muster.js";

const near = (a, b, off = 1e-9) => assert.ok(Math.abs(a - b) <= off, `${a} is not ${b}`);
const step = (body, input) => ({ x: body.x + input.dx });
const start = () => new Predictor(step, { fields: ["x"], tolerance: 0.01, snap: 5 });

suite("One's own player, ahead of the server", () => {
  test("before the first snapshot there is nothing", () => {
    const predictor = start();
    predictor.advance(1, { dx: 1 });
    assert.deepEqual([predictor.body, predictor.sample(1, 0)], [null, null]);
  });

  test("inputs move it at once, and the last one holds for ticks without", () => {
    const predictor = start();
    predictor.confirm(10, { x: 0 });
    predictor.advance(13, { dx: 1 });
    assert.deepEqual([predictor.tick, predictor.body.x], [13, 1]);
    predictor.advance(14, { dx: 2 });
    predictor.advance(17, { dx: 0 });
    assert.equal(predictor.body.x, 1 + 2 * 3);
  });

  test("what the server confirms changes nothing, but for what quantising does", () => {
    const predictor = start();
    predictor.confirm(10, { x: 0 });
    for (let tick = 11; tick < 20; tick += 1) predictor.advance(tick, { dx: 1 });
    predictor.confirm(15, { x: 5.005 });
    assert.deepEqual([predictor.body.x, predictor.corrections], [9, 0]);
    predictor.confirm(16, { x: 6 });
    assert.equal(predictor.corrections, 0);
  });

  test("what was wrong is predicted again from there, and shown little by little", () => {
    const predictor = start();
    predictor.confirm(10, { x: 0 });
    for (let tick = 11; tick < 20; tick += 1) predictor.advance(tick, { dx: 1 });
    near(predictor.sample(20, 1000).x, 9);
    predictor.confirm(15, { x: 4 });
    assert.deepEqual([predictor.body.x, predictor.corrections, predictor.error], [8, 1, 1]);
    near(predictor.sample(20, 1000).x, 9);
    near(predictor.sample(20, 1100).x, 8 + Math.exp(-1));
    near(predictor.sample(20, 3000).x, 8, 1e-6);
  });

  test("what is far off is shown at once", () => {
    const predictor = start();
    predictor.confirm(10, { x: 0 });
    for (let tick = 11; tick < 20; tick += 1) predictor.advance(tick, { dx: 1 });
    predictor.confirm(15, { x: 50 });
    near(predictor.sample(20, 0).x, 54);
  });

  test("between ticks it is between the last two", () => {
    const predictor = start();
    predictor.confirm(10, { x: 0 });
    predictor.advance(11, { dx: 1 });
    predictor.advance(12, { dx: 1 });
    near(predictor.sample(12.25, 0).x, 1.25);
    near(predictor.sample(13.5, 0).x, 2);
  });

  test("what is not the player's to move is forgotten", () => {
    const predictor = start();
    predictor.confirm(10, { x: 0 });
    predictor.advance(11, { dx: 1 });
    predictor.stop();
    assert.equal(predictor.sample(11, 0), null);
    predictor.confirm(30, { x: 7 });
    assert.deepEqual([predictor.body.x, predictor.corrections], [7, 0]);
    predictor.advance(31, { dx: 1 });
    predictor.stop();
    predictor.confirm(31, { x: 5 });
    predictor.advance(33, { dx: 0 });
    assert.equal(predictor.body.x, 5);
  });
});
