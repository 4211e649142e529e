import { expect, test } from "vitest";
import { Cursors } from "../src/cursors.js";
import { GapCause } from "../src/gen/quarterdeck/api/stream/v1/control_pb.js";
import { control, event, gap, skipped } from "./messages.js";

const Q = "quotes/AAPL.XNAS";

function place(cursors: Cursors, subscription = Q): [bigint, bigint] | undefined {
  const cursor = cursors.of(subscription)[0];
  return cursor && [cursor.epoch, cursor.sequence];
}

test("a cursor is the last row of the last batch", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 10, 5)]);
  expect(place(cursors)).toEqual([1n, 14n]);
});

test("what was seen before is left out", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 1), event(Q, 2)]);
  const { events } = cursors.accept([], [event(Q, 2), event(Q, 3)]);
  expect(events.map((e) => e.sequence)).toEqual([3n]);
});

test("a hole nobody announced becomes a gap", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 1)]);
  const { controls } = cursors.accept([], [event(Q, 5)]);
  const message = controls[0]?.message;
  expect(message).toMatchObject({
    case: "gap",
    value: { firstLostSequence: 2n, lastLostSequence: 4n, cause: GapCause.UNSPECIFIED },
  });
});

test.each([
  ["skipped", skipped(Q, 3, 4)],
  ["gap", gap(Q, 2, 4)],
])("a hole announced as %s is not announced again", (_name, said) => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 1)]);
  expect(cursors.accept([said], [event(Q, 5)]).controls).toEqual([said]);
});

test("events before a skip that shares their frame are kept", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 1)]);
  const said = [skipped(Q, 2, 4)];
  expect(cursors.accept(said, [event(Q, 2), event(Q, 5)]).events).toHaveLength(2);
});

test("what was skipped is not asked for again", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 1)]);
  cursors.accept([skipped(Q, 3, 4)], []);
  expect(place(cursors)).toEqual([1n, 4n]);
});

test("an announced change of epoch begins anew, an unannounced one is a gap", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 90)]);
  expect(cursors.accept([gap(Q, 0, 0, 2)], [event(Q, 1, 1, 2)]).controls).toHaveLength(1);
  const { controls, events } = cursors.accept([], [event(Q, 1, 1, 3)]);
  expect(controls[0]?.message.case).toBe("gap");
  expect(events).toHaveLength(1);
});

test("a heartbeat that shares a frame with events it counts drops none", () => {
  const cursors = new Cursors();
  const cursor = { topic: Q, epoch: 1n, sequence: 2n };
  const beat = control({ case: "heartbeat", value: { cursors: [cursor] } });
  expect(cursors.accept([beat], [event(Q, 1), event(Q, 2)]).events).toHaveLength(2);
  expect(place(cursors)).toEqual([1n, 2n]);
});

test("a prefix resumes every topic it covers and no other", () => {
  const cursors = new Cursors();
  cursors.accept([], [event(Q, 3), event("quotes/IBM.XNYS", 8), event("fills/A/B", 1)]);
  expect(cursors.of("quotes/*").map((c) => c.topic)).toEqual([Q, "quotes/IBM.XNYS"]);
});
