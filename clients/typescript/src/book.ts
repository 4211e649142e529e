/** An order book kept up to date from the events of `books/…` and `deltas/…`. */
import { scaled, type Fixed } from "./decimal.js";
import {
  BookSide,
  type OrderBookDeltaBatch,
  type OrderBookSnapshot,
} from "./gen/quarterdeck/api/marketdata/v1/book_pb.js";
import { topic } from "./topics.js";
import type { Frame } from "./watch.js";

/** A price of an order book and how much is offered at it. */
export interface Level {
  readonly price: Fixed;
  readonly size: Fixed;
}

/**
 * The book of one instrument. It is complete after a snapshot, and until a change is lost; then it
 * waits for the next one. Who begins in the middle of the changes waits for a snapshot, too.
 */
export class OrderBook {
  readonly #bids = new Map<bigint, bigint>();
  readonly #asks = new Map<bigint, bigint>();
  #scales = { price: 0, size: 0 };
  #complete = false;
  #timeNs = 0n;
  #missedNs = 0n;
  #follows = false;

  constructor(readonly instrument: string) {}

  /** What to watch. */
  get topics(): readonly [string, string] {
    return [topic("books", this.instrument), topic("deltas", this.instrument)];
  }

  /** Whether the levels are all there are. */
  get isComplete(): boolean {
    return this.#complete;
  }

  /** When the book was last known to be so, in nanoseconds since the Unix epoch. */
  get eventTimeNs(): bigint {
    return this.#timeNs;
  }

  /** What is bid, the highest price first. */
  bids(count?: number): Level[] {
    return this.#levels([...this.#bids].sort(([a], [b]) => (a > b ? -1 : 1)).slice(0, count));
  }

  /** What is offered, the lowest price first. */
  asks(count?: number): Level[] {
    return this.#levels([...this.#asks].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, count));
  }

  /** Take what a watch yields; tells whether the levels changed. Other topics are ignored. */
  apply({ controls, events }: Pick<Frame, "controls" | "events">): boolean {
    for (const { message } of controls) {
      const isLoss = message.case === "gap" || message.case === "skipped";
      if (isLoss && message.value.topic === this.topics[1]) this.#complete = false;
    }
    let changed = false;
    for (const { payload, sequence } of events) {
      if (payload.case === "books") changed = this.#begin(payload.value) || changed;
      if (payload.case === "deltas") changed = this.#follow(payload.value, sequence === 1n) || changed;
    }
    return changed;
  }

  #begin(snapshot: OrderBookSnapshot): boolean {
    const oldest = this.#timeNs > this.#missedNs ? this.#timeNs : this.#missedNs;
    if (snapshot.instrument !== this.instrument || snapshot.eventTimeNs < oldest) return false;
    fill(this.#bids, snapshot.bidPrice, snapshot.bidSize);
    fill(this.#asks, snapshot.askPrice, snapshot.askSize);
    this.#scales = { price: snapshot.pricePrecision, size: snapshot.sizePrecision };
    this.#timeNs = snapshot.eventTimeNs;
    this.#complete = true;
    return true;
  }

  #follow(deltas: OrderBookDeltaBatch, isFirst: boolean): boolean {
    if (deltas.instrument !== this.instrument) return false;
    const newest = deltas.eventTimeNs.reduce((a, b) => (a > b ? a : b), 0n);
    if (!this.#follows) {
      this.#follows = true;
      this.#complete &&= isFirst || newest <= this.#timeNs;
    }
    if (this.#complete) return this.#change(deltas);
    if (newest > this.#missedNs) this.#missedNs = newest;
    return false;
  }

  #change({ eventTimeNs, side, price, size }: OrderBookDeltaBatch): boolean {
    let changed = false;
    eventTimeNs.forEach((timeNs, row) => {
      // What is older than the snapshot is in it.
      if (timeNs < this.#timeNs) return;
      this.#timeNs = timeNs;
      changed = true;
      const levels = side[row] === BookSide.BID ? this.#bids : this.#asks;
      const [at, left] = [price[row] ?? 0n, size[row] ?? 0n];
      if (left === 0n) levels.delete(at);
      else levels.set(at, left);
    });
    return changed;
  }

  #levels(levels: readonly (readonly [bigint, bigint])[]): Level[] {
    const { price, size } = this.#scales;
    return levels.map(([at, left]) => ({ price: scaled(at, price), size: scaled(left, size) }));
  }
}

function fill(levels: Map<bigint, bigint>, prices: readonly bigint[], sizes: readonly bigint[]): void {
  levels.clear();
  prices.forEach((price, row) => levels.set(price, sizes[row] ?? 0n));
}
