/** `watch()`: the events of topics, through every disconnection, as one async iterable. */
import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Client, Code } from "@connectrpc/connect";
import { Cursors, unannounced } from "./cursors.js";
import { errorOf, NotAuthenticated, toQuarterdeckError, type QuarterdeckError } from "./errors.js";
import type { Control, StreamError } from "./gen/quarterdeck/api/stream/v1/control_pb.js";
import type { Event } from "./gen/quarterdeck/api/stream/v1/event_pb.js";
import type { StreamService, WatchResponse } from "./gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import {
  Delivery,
  SubscriptionSchema,
  type Subscription,
} from "./gen/quarterdeck/api/stream/v1/subscription_pb.js";
import { ErrorReason } from "./gen/quarterdeck/api/type/v1/error_reason_pb.js";
import { isFinal, reconnecting, type Link } from "./reconnecting.js";
import type { Session } from "./session.js";
import { msOfDuration } from "./time.js";
import { renewOrEnd } from "./transport.js";

/** What a reader wants of a topic, or of all topics that a pattern with "*" names. */
export interface TopicRequest {
  readonly topic: string;
  readonly delivery?: Delivery;
  /** At most so many events a second; only with LATEST. */
  readonly maxRate?: number;
  /** What a pattern is not to name: topics and patterns. */
  readonly exclude?: readonly string[];
}

/** What came at once. */
export interface Frame {
  /** What the stream says about itself; it concerns what came before the events. */
  readonly controls: readonly Control[];
  readonly events: readonly Event[];
  /** When it came, in milliseconds of the local clock. */
  readonly receivedAt: number;
}

/** How to watch. */
export interface WatchOptions {
  readonly heartbeatMs?: number;
  readonly signal?: AbortSignal;
  /** Be told where the connection stands. */
  readonly onLink?: (link: Link) => void;
  /** Be told of a topic the deck refused; the others go on. Without it, a refusal ends the watch. */
  readonly onRefused?: (topic: string, error: QuarterdeckError) => void;
}

const HEARTBEAT_MS = 5_000;
// Until the deck has said how often its heart beats.
const OPENING_MS = 10_000;

/** A live stream of topics that resumes by itself; topics come and go while it lives. */
export class Watch implements AsyncIterable<Frame> {
  readonly #desired = new Map<string, TopicRequest>();
  #applied = new Map<string, TopicRequest>();
  readonly #cursors = new Cursors();
  readonly #closing = new AbortController();
  #sessionId: string | undefined;
  #silenceMs = OPENING_MS;
  #token: string | undefined;
  #syncing: Promise<void> | undefined;
  // What this reader gave up by itself, to be told with the next frame.
  readonly #lost: Control[] = [];

  constructor(
    private readonly streams: Client<typeof StreamService>,
    private readonly session: Session,
    topics: readonly TopicRequest[],
    private readonly options: WatchOptions = {},
  ) {
    for (const request of topics) this.#desired.set(request.topic, request);
    options.signal?.addEventListener("abort", () => this.close(), { once: true });
    if (options.signal?.aborted) this.close();
  }

  /** The session at the deck, while there is one. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** Watch these topics from now on, and no others. */
  replace(topics: readonly TopicRequest[]): void {
    this.#desired.clear();
    for (const request of topics) this.#desired.set(request.topic, request);
    void this.#sync();
  }

  /** End it. */
  close(): void {
    this.#closing.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void> {
    const stopRenewing = this.session.onRenewed(() => void this.#renew());
    try {
      const responses = reconnecting<WatchResponse>({
        open: (signal) => this.#open(signal),
        silenceMs: () => this.#silenceMs,
        repair: (error, attempt) => this.#repair(error, attempt),
        onLink: (link) => this.#link(link),
        signal: this.#closing.signal,
      });
      for await (const response of responses) yield this.#frame(response);
    } finally {
      stopRenewing();
      this.close();
    }
  }

  async *#open(signal: AbortSignal): AsyncGenerator<WatchResponse, void> {
    this.#silenceMs = OPENING_MS;
    this.#applied = new Map(this.#desired);
    const subscriptions = [...this.#applied.values()].map((request) => this.#subscription(request));
    const heartbeatInterval = durationFromMs(this.options.heartbeatMs ?? HEARTBEAT_MS);
    this.#token = await this.session.accessToken();
    const request = { subscriptions, heartbeatInterval };
    for await (const response of this.streams.watch(request, { signal })) {
      yield response;
      const end = response.controls.find(({ message }) => message.case === "error");
      if (end?.message.case === "error") throw endOf(end.message.value);
    }
  }

  #link(link: Link): void {
    if (link.state !== "live" && link.state !== "silent") this.#sessionId = undefined;
    this.options.onLink?.(link);
  }

  #frame(response: WatchResponse): Frame {
    for (const { message } of response.controls) {
      if (message.case !== "sessionOpened") continue;
      this.#sessionId = message.value.sessionId;
      const beat = msOfDuration(message.value.heartbeatInterval) || HEARTBEAT_MS;
      this.#silenceMs = 2 * beat;
      void this.#sync();
    }
    const { controls, events } = this.#cursors.accept(response.controls, response.events);
    return { controls: [...this.#lost.splice(0), ...controls], events, receivedAt: Date.now() };
  }

  #subscription({ topic, delivery, maxRate, exclude = [] }: TopicRequest): Subscription {
    return create(SubscriptionSchema, {
      topic,
      delivery: delivery ?? Delivery.UNSPECIFIED,
      maxRate: maxRate ?? 0,
      exclude: [...exclude],
      cursors: this.#cursors.of(topic, exclude),
    });
  }

  async #repair(error: QuarterdeckError, attempt: number): Promise<void> {
    if (error.reason === "CURSOR_INVALID") return this.#giveUpCursors();
    if (error instanceof NotAuthenticated && attempt < 3) {
      return renewOrEnd(this.session, this.#token, error);
    }
    if (!isFinal(error)) return;
    const refused = this.#refusedTopic(error);
    if (refused === undefined || !this.options.onRefused) throw error;
    this.#refuse(refused, error);
    if (this.#desired.size === 0) throw error;
  }

  /** The deck cannot resume from where this reader was: begin anew, and say so. */
  #giveUpCursors(): void {
    for (const topic of this.#cursors.forget()) this.#lost.push(unannounced(topic, 0n, 0n, 0n));
  }

  #refusedTopic(error: QuarterdeckError): string | undefined {
    const field = error.metadata["field"] ?? error.fields[0]?.field ?? "";
    const index = /^(?:subscriptions|add)\[(\d+)\]/.exec(field)?.[1];
    return index === undefined ? undefined : [...this.#applied.keys()][Number(index)];
  }

  #refuse(topic: string, error: QuarterdeckError): void {
    this.#desired.delete(topic);
    this.options.onRefused?.(topic, error);
  }

  /** Bring the live stream to what is desired; calls at the same time become one. */
  #sync(): Promise<void> {
    this.#syncing ??= Promise.resolve()
      .then(() => this.#update())
      .finally(() => (this.#syncing = undefined));
    return this.#syncing;
  }

  async #update(): Promise<void> {
    while (this.#sessionId !== undefined && !this.#closing.signal.aborted) {
      const remove = missing(this.#applied, this.#desired);
      const add = missing(this.#desired, this.#applied);
      if (remove.length + add.length === 0) return;
      this.#dropCursors(remove);
      try {
        await this.#send(add, remove);
        for (const { topic } of remove) this.#applied.delete(topic);
        for (const request of add) this.#applied.set(request.topic, request);
      } catch (thrown) {
        if (!this.#settle(toQuarterdeckError(thrown), add)) return;
      }
    }
  }

  /** A refused topic is left out; anything else is put right by the next connection. */
  #settle(error: QuarterdeckError, added: readonly TopicRequest[]): boolean {
    if (!isFinal(error) || error.reason === "RESOURCE_NOT_FOUND" || added.length === 0) return false;
    const field = error.metadata["field"] ?? error.fields[0]?.field ?? "";
    const index = Number(/^add\[(\d+)\]/.exec(field)?.[1] ?? 0);
    const topic = added[index]?.topic;
    if (topic === undefined) return false;
    this.#refuse(topic, error);
    return true;
  }

  #dropCursors(removed: readonly TopicRequest[]): void {
    for (const { topic } of removed) if (!this.#desired.has(topic)) this.#cursors.forget(topic);
  }

  async #send(added: readonly TopicRequest[], removed: readonly TopicRequest[]): Promise<void> {
    const sessionId = this.#sessionId ?? "";
    const add = added.map((request) => this.#subscription(request));
    const remove = removed.map(({ topic }) => topic);
    const { signal } = this.#closing;
    await this.streams.updateSubscription({ sessionId, add, remove }, { signal });
  }

  /** The call's own token becomes the stream's: the stream lives on past the old one's expiry. */
  async #renew(): Promise<void> {
    if (this.#sessionId === undefined) return;
    await this.#send([], []).catch(() => undefined);
  }
}

/** The requests of one map that the other does not have in the same way. */
function missing(
  of: ReadonlyMap<string, TopicRequest>,
  from: ReadonlyMap<string, TopicRequest>,
): TopicRequest[] {
  return [...of.values()].filter((request) => {
    const other = from.get(request.topic);
    return other === undefined || !same(request, other);
  });
}

function same(a: TopicRequest, b: TopicRequest): boolean {
  const excluded = (request: TopicRequest): string => JSON.stringify([...(request.exclude ?? [])].sort());
  return a.delivery === b.delivery && a.maxRate === b.maxRate && excluded(a) === excluded(b);
}

function endOf({ code, reason, message, resumable }: StreamError): QuarterdeckError {
  const name = ErrorReason[reason] as keyof typeof ErrorReason | undefined;
  return errorOf(code as Code, message, {
    reason: name === "UNSPECIFIED" ? undefined : name,
    metadata: { resumable: String(resumable) },
  });
}
