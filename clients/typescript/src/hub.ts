/** One live stream for everything that shows live data: topics are counted, connections are not. */
import type { QuarterdeckError } from "./errors.js";
import { Feed } from "./feed.js";
import type { Control } from "./gen/quarterdeck/api/stream/v1/control_pb.js";
import type { Event } from "./gen/quarterdeck/api/stream/v1/event_pb.js";
import { Delivery } from "./gen/quarterdeck/api/stream/v1/subscription_pb.js";
import { LagMeter } from "./lag.js";
import type { Link } from "./reconnecting.js";
import { covers } from "./topics.js";
import type { Frame, TopicRequest, Watch, WatchOptions } from "./watch.js";

/** The connection of the hub as shown to people. */
export interface ConnectionView extends Link {
  /** How long events take from the deck to here, in milliseconds; absent before the first. */
  readonly lagMs?: number | undefined;
  /** When something came last, in milliseconds of the local clock. */
  readonly lastFrameAt?: number | undefined;
  /** The session at the deck. */
  readonly sessionId?: string | undefined;
}

/** Who listens to a topic or pattern. */
export interface TopicListener {
  onEvent(event: Event, receivedAt: number): void;
  onControl?(topic: string, control: Control): void;
  onRefused?(error: QuarterdeckError): void;
}

interface Entry {
  readonly request: TopicRequest;
  readonly listeners: Set<TopicListener>;
  readonly newest: Map<string, readonly [Event, number]>;
}

// A topic somebody stops to watch is often wanted again at once, as when a screen changes.
const LINGER_MS = 2_000;

/** Shares one Watch among any number of listeners. */
export class Hub extends Feed<ConnectionView> {
  readonly #entries = new Map<string, Entry>();
  readonly #lag = new LagMeter();
  #routes = new Map<string, readonly Entry[]>();
  #watch: Watch | undefined;
  #replacing = false;

  constructor(
    private readonly open: (topics: readonly TopicRequest[], options: WatchOptions) => Watch,
  ) {
    super({ state: "idle", attempt: 0 });
  }

  /** Listen to a topic; a late listener gets the newest event of each topic at once. */
  listen(request: TopicRequest, listener: TopicListener): () => void {
    const entry = this.#enter(request);
    entry.listeners.add(listener);
    for (const [event, receivedAt] of entry.newest.values()) listener.onEvent(event, receivedAt);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0) setTimeout(() => this.#leave(entry), LINGER_MS);
    };
  }

  /** End the connection; listeners stay and are served again by the next `listen`. */
  close(): void {
    this.#routes.clear();
    this.#watch?.close();
    this.#watch = undefined;
    for (const entry of this.#entries.values()) entry.newest.clear();
    this.set({ state: "idle", attempt: 0 });
  }

  /** End the connection and forget every topic. */
  clear(): void {
    this.#entries.clear();
    this.close();
  }

  /** Connect again after a failure that ended the attempts. */
  retry(): void {
    this.close();
    this.#replaceSoon();
  }

  protected override start(): () => void {
    return () => undefined;
  }

  #enter(request: TopicRequest): Entry {
    const known = this.#entries.get(request.topic);
    if (known && !stronger(request, known.request)) {
      this.#replaceSoon();
      return known;
    }
    const entry: Entry = {
      request: known ? joined(request, known.request) : request,
      listeners: known?.listeners ?? new Set(),
      newest: known?.newest ?? new Map(),
    };
    this.#entries.set(request.topic, entry);
    this.#replaceSoon();
    return entry;
  }

  #leave(entry: Entry): void {
    if (entry.listeners.size > 0 || this.#entries.get(entry.request.topic) !== entry) return;
    this.#entries.delete(entry.request.topic);
    this.#replaceSoon();
  }

  #replaceSoon(): void {
    this.#routes.clear();
    if (this.#replacing) return;
    this.#replacing = true;
    queueMicrotask(() => {
      this.#replacing = false;
      this.#replace();
    });
  }

  #replace(): void {
    const requests = [...this.#entries.values()].map(({ request }) => request);
    if (requests.length === 0) this.close();
    else if (this.#watch) this.#watch.replace(requests);
    else void this.#run(requests);
  }

  async #run(requests: readonly TopicRequest[]): Promise<void> {
    const watch = this.open(requests, {
      onLink: (link) => this.#link(watch, link),
      onRefused: (topic, error) => this.#refused(topic, error),
    });
    this.#watch = watch;
    try {
      for await (const frame of watch) if (this.#watch === watch) this.#take(watch, frame);
    } catch {
      // The link says "failed" with the reason; the next listen or sign-in opens a new one.
    } finally {
      if (this.#watch === watch) this.#watch = undefined;
    }
  }

  #link(watch: Watch, link: Link): void {
    if (this.#watch !== watch) return;
    if (link.state === "connecting") this.#lag.reset(Date.now());
    const now = this.get();
    if (now.state === link.state && now.error === link.error) return;
    // While the next attempt is made, why the last one ended is still worth knowing.
    const error = link.error ?? (link.state === "connecting" ? now.error : undefined);
    this.set({ ...now, ...link, error, retryAt: link.retryAt });
  }

  #take(watch: Watch, frame: Frame): void {
    for (const control of frame.controls) this.#control(control, frame.receivedAt);
    for (const event of frame.events) this.#event(event, frame.receivedAt);
    const lagMs = this.#lag.value;
    const { sessionId } = watch;
    this.set({ ...this.get(), lagMs, lastFrameAt: frame.receivedAt, sessionId });
  }

  #control(control: Control, receivedAt: number): void {
    const { message } = control;
    if (message.case === "heartbeat") this.#lag.beat(message.value.serverTimeNs, receivedAt);
    const topic = message.value && "topic" in message.value ? message.value.topic : undefined;
    if (topic === undefined) return;
    for (const entry of this.#covering(topic)) {
      for (const listener of entry.listeners) listener.onControl?.(topic, control);
    }
  }

  #event(event: Event, receivedAt: number): void {
    this.#lag.event(event.publishTimeNs, receivedAt);
    for (const entry of this.#covering(event.topic)) {
      entry.newest.set(event.topic, [event, receivedAt]);
      for (const listener of entry.listeners) listener.onEvent(event, receivedAt);
    }
  }

  #covering(topic: string): readonly Entry[] {
    const known = this.#routes.get(topic);
    if (known) return known;
    const entries = [...this.#entries.values()];
    const route = entries.filter(({ request }) => covers(request.topic, topic, request.exclude));
    this.#routes.set(topic, route);
    return route;
  }

  #refused(topic: string, error: QuarterdeckError): void {
    const entry = this.#entries.get(topic);
    this.#entries.delete(topic);
    this.#routes.clear();
    for (const listener of entry?.listeners ?? []) listener.onRefused?.(error);
  }
}

/** What satisfies two requests for the same pattern: neither misses what the other excludes. */
function joined(a: TopicRequest, b: TopicRequest): TopicRequest {
  const exclude = (a.exclude ?? []).filter((excluded) => b.exclude?.includes(excluded));
  return { ...(needsMore(a, b) ? a : b), exclude };
}

/** Whether a request needs more than another: more topics, every event, or more of them. */
function stronger(a: TopicRequest, b: TopicRequest): boolean {
  return needsMore(a, b) || (b.exclude ?? []).some((excluded) => !a.exclude?.includes(excluded));
}

function needsMore(a: TopicRequest, b: TopicRequest): boolean {
  if (a.delivery === Delivery.ALL) return b.delivery !== Delivery.ALL;
  return b.delivery !== Delivery.ALL && (a.maxRate ?? 0) === 0 && (b.maxRate ?? 0) > 0;
}
