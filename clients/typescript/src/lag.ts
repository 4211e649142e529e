/** How long events take to arrive, although the clocks of browser and deck differ. */
import { msOfNs } from "./time.js";

/**
 * The clocks' difference is taken from the quickest heartbeat of late; what an event needed more
 * than that is its lag. Events from before the connection say nothing about it.
 */
export class LagMeter {
  readonly #offsets: number[] = [];
  #offset: number | undefined;
  #since = Number.NEGATIVE_INFINITY;
  #value: number | undefined;

  constructor(private readonly keep = 60) {}

  /** Milliseconds from publishing to here; absent before the first heartbeat and event. */
  get value(): number | undefined {
    return this.#value;
  }

  /** A new connection begins. */
  reset(now: number): void {
    this.#since = now;
  }

  /** Take in a heartbeat. */
  beat(serverTimeNs: bigint, receivedAt: number): void {
    this.#offsets.push(receivedAt - msOfNs(serverTimeNs));
    if (this.#offsets.length > this.keep) this.#offsets.shift();
    this.#offset = Math.min(...this.#offsets);
  }

  /** Take in an event. */
  event(publishTimeNs: bigint, receivedAt: number): void {
    if (this.#offset === undefined) return;
    const publishedAt = msOfNs(publishTimeNs) + this.#offset;
    if (publishedAt >= this.#since) this.#value = Math.max(0, receivedAt - publishedAt);
  }
}
