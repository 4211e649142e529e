import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { OrderBook } from "../src/book.js";
import { toText } from "../src/decimal.js";
import {
  BookSide,
  OrderBookDeltaBatchSchema,
  OrderBookSnapshotSchema,
} from "../src/gen/quarterdeck/api/marketdata/v1/book_pb.js";
import { EventSchema, type Event } from "../src/gen/quarterdeck/api/stream/v1/event_pb.js";
import { control } from "./messages.js";

const instrument = "AAPL.XNAS";

function snapshot(eventTimeNs: bigint): Event {
  const value = create(OrderBookSnapshotSchema, {
    instrument,
    pricePrecision: 2,
    eventTimeNs,
    bidPrice: [10_000n, 9_999n],
    bidSize: [5n, 7n],
    askPrice: [10_001n],
    askSize: [3n],
  });
  return create(EventSchema, { topic: `books/${instrument}`, payload: { case: "books", value } });
}

function deltas(sequence: bigint, rows: MessageInitShape<typeof OrderBookDeltaBatchSchema>): Event {
  const value = create(OrderBookDeltaBatchSchema, { instrument, pricePrecision: 2, ...rows });
  return create(EventSchema, { topic: `deltas/${instrument}`, sequence, payload: { case: "deltas", value } });
}

const removed = { eventTimeNs: [4n], side: [BookSide.BID], price: [10_000n], size: [0n] };

function apply(book: OrderBook, ...events: Event[]): OrderBook {
  book.apply({ controls: [], events });
  return book;
}

test("changes after a snapshot make the book", () => {
  const book = apply(new OrderBook(instrument), snapshot(1n), deltas(1n, removed));
  expect(book.isComplete).toBe(true);
  expect(book.bids().map(({ price, size }) => [toText(price), toText(size)])).toEqual([["99.99", "7"]]);
  expect(book.asks(1).map(({ price }) => toText(price))).toEqual(["100.01"]);
});

test("who begins in the middle waits for the next snapshot", () => {
  const book = apply(new OrderBook(instrument), snapshot(1n), deltas(7n, removed), snapshot(3n));
  expect(book.isComplete).toBe(false);
  expect(apply(book, snapshot(5n)).isComplete).toBe(true);
});

test("a lost change makes the book wait", () => {
  const book = apply(new OrderBook(instrument), snapshot(1n), deltas(1n, removed));
  const value = { topic: `deltas/${instrument}` };
  book.apply({ controls: [control({ case: "gap", value })], events: [] });
  expect(book.isComplete).toBe(false);
  expect(apply(book, snapshot(9n)).isComplete).toBe(true);
});
