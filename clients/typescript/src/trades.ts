/** Orders and fills: the newest of the log, and what happens from now on. */
import type { Client } from "@connectrpc/connect";
import { pause, Backoff } from "./backoff.js";
import { toQuarterdeckError, type QuarterdeckError } from "./errors.js";
import { Feed } from "./feed.js";
import { Delivery } from "./gen/quarterdeck/api/stream/v1/subscription_pb.js";
import type { Fill } from "./gen/quarterdeck/api/trading/v1/fill_pb.js";
import type { Order } from "./gen/quarterdeck/api/trading/v1/order_pb.js";
import type { TradingEventService } from "./gen/quarterdeck/api/trading/v1/trading_event_service_pb.js";
import type { Hub, TopicListener } from "./hub.js";
import { isFinal } from "./reconnecting.js";
import { msOf } from "./time.js";
import { everyTopic, topic } from "./topics.js";

/** Which orders and fills, and how many of each. */
export interface TradeScope {
  readonly account?: string;
  readonly strategy?: string;
  readonly limit?: number;
}

/** Orders and fills, last changed first. */
export interface TradeUpdates {
  readonly loaded: boolean;
  readonly orders: readonly Order[];
  readonly fills: readonly Fill[];
  /** How often the stream told of lost events; each time the log was read again. */
  readonly gaps: number;
  readonly error?: QuarterdeckError | undefined;
}

const LIMIT = 200;

/** Watches orders and fills. */
export class TradeFeed extends Feed<TradeUpdates> {
  readonly #orders = new Map<string, Order>();
  readonly #fills = new Map<string, Fill>();
  readonly #limit: number;
  #loading = false;
  #sessionId: string | undefined;
  #pending: Partial<TradeUpdates> = {};

  constructor(
    private readonly service: Client<typeof TradingEventService>,
    private readonly hub: Hub,
    private readonly scope: TradeScope,
  ) {
    super({ loaded: false, orders: [], fills: [], gaps: 0 });
    this.#limit = scope.limit ?? LIMIT;
  }

  protected override start(): () => void {
    const closing = new AbortController();
    const stops = ["orders", "fills"].map((kind) =>
      this.hub.listen({ topic: this.#topic(kind), delivery: Delivery.ALL }, this.#listener(closing.signal)),
    );
    stops.push(this.hub.subscribe(() => this.#readAgain(closing.signal)));
    // The stream is asked first: what happens while the log is read is then in one of the two.
    this.#load(closing.signal);
    return () => {
      closing.abort();
      for (const stop of stops) stop();
    };
  }

  #topic(kind: string): string {
    const { account, strategy } = this.scope;
    if (account && strategy) return topic(kind, account, strategy);
    return account ? everyTopic(kind, account) : everyTopic(kind);
  }

  #listener(signal: AbortSignal): TopicListener {
    return {
      onEvent: ({ payload }) => {
        if (payload.case === "orders") this.#takeOrder(payload.value);
        if (payload.case === "fills") this.#takeFill(payload.value);
      },
      onControl: (_topic, { message }) => {
        if (message.case !== "gap") return;
        this.#show({ gaps: this.get().gaps + 1 });
        this.#load(signal);
      },
      onRefused: (error) => this.#show({ error }),
    };
  }

  /** A strategy that began to trade while the stream was down has no cursor: the log knows it. */
  #readAgain(signal: AbortSignal): void {
    const { sessionId } = this.hub.get();
    if (sessionId === this.#sessionId) return;
    const known = this.#sessionId !== undefined;
    this.#sessionId = sessionId;
    if (known) this.#load(signal);
  }

  #load(signal: AbortSignal): void {
    if (this.#loading) return;
    this.#loading = true;
    void this.#read(signal).finally(() => (this.#loading = false));
  }

  async #read(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(500);
    while (!signal.aborted) {
      try {
        await this.#readOnce(signal);
        return this.#show({ loaded: true, error: undefined });
      } catch (thrown) {
        const error = toQuarterdeckError(thrown);
        if (signal.aborted) return;
        this.#show({ error });
        if (isFinal(error)) return;
        await pause(backoff.next(), signal);
      }
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const { account = "", strategy = "" } = this.scope;
    const request = { account, strategy, pageSize: this.#limit };
    const [orders, fills] = await Promise.all([
      this.service.listOrders(request, { signal }),
      this.service.listFills(request, { signal }),
    ]);
    for (const order of orders.orders) this.#takeOrder(order);
    for (const fill of fills.fills) this.#takeFill(fill);
  }

  #takeOrder(order: Order): void {
    if (this.scope.strategy && order.strategy !== this.scope.strategy) return;
    const key = `${order.account}\u0000${order.clientOrderId}`;
    const known = this.#orders.get(key);
    if (known && orderTime(known) > orderTime(order)) return;
    this.#orders.set(key, order);
    this.#show({});
  }

  #takeFill(fill: Fill): void {
    if (this.scope.strategy && fill.strategy !== this.scope.strategy) return;
    const key = [fill.account, fill.instrument, fill.tradeId].join("\u0000");
    if (this.#fills.has(key)) return;
    this.#fills.set(key, fill);
    this.#show({});
  }

  #show(change: Partial<TradeUpdates>): void {
    const now = { ...this.#pending, ...change };
    this.#pending = now;
    this.settle(() => {
      this.#pending = {};
      const orders = newest(this.#orders, orderTime, this.#limit);
      const fills = newest(this.#fills, fillTime, this.#limit);
      return { ...this.get(), ...now, orders, fills };
    });
  }

}

function orderTime(order: Order): number {
  return msOf(order.updateTime) ?? 0;
}

function fillTime(fill: Fill): number {
  return msOf(fill.eventTime) ?? 0;
}

/** The newest rows first; older ones than the limit are forgotten. */
function newest<T>(rows: Map<string, T>, time: (row: T) => number, limit: number): T[] {
  const sorted = [...rows].sort(([, a], [, b]) => time(b) - time(a));
  for (const [key] of sorted.slice(limit)) rows.delete(key);
  return sorted.slice(0, limit).map(([, row]) => row);
}
