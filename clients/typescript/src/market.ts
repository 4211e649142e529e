/** The newest state of topics, with what the stream said about them. */
import type { QuarterdeckError } from "./errors.js";
import { Feed } from "./feed.js";
import { GapCause, type Control } from "./gen/quarterdeck/api/stream/v1/control_pb.js";
import type { Event } from "./gen/quarterdeck/api/stream/v1/event_pb.js";
import type { Hub } from "./hub.js";
import { msOfDuration } from "./time.js";
import type { TopicRequest } from "./watch.js";

/** Events that were lost to this reader. */
export interface GapView {
  /** How many sequence numbers, if that is known. */
  readonly lost: bigint | undefined;
  readonly cause: GapCause;
  /** When it was told, in milliseconds of the local clock. */
  readonly at: number;
}

/** A topic as it is now. */
export interface TopicView {
  readonly topic: string;
  /** The newest event; absent before the first. */
  readonly event?: Event | undefined;
  /** When it came, in milliseconds of the local clock. */
  readonly receivedAt?: number | undefined;
  /** Whether its source went silent, since how long and why. */
  readonly stale?: { readonly silentForMs: number; readonly note: string } | undefined;
  /** How often events were lost, and the last time. */
  readonly gaps: number;
  readonly lastGap?: GapView | undefined;
  /** How many sequence numbers were left out since this reader was slow or asked for fewer. */
  readonly skipped: bigint;
  /** Why the deck refused it. */
  readonly refused?: QuarterdeckError | undefined;
}

/** Topics by name; a topic under a prefix appears with its first event. */
export type TopicViews = ReadonlyMap<string, TopicView>;

/** Watches topics and shows each as it is now. */
export class MarketFeed extends Feed<TopicViews> {
  // Changed in place between two paintings and copied once for each: events are many.
  readonly #views = new Map<string, TopicView>();

  constructor(
    private readonly hub: Hub,
    private readonly requests: readonly TopicRequest[],
  ) {
    super(new Map());
  }

  protected override start(): () => void {
    const stops = this.requests.map((request) => this.hub.listen(request, {
      onEvent: (event, receivedAt) => this.#change(event.topic, { event, receivedAt, stale: undefined }),
      onControl: (topic, control) => this.#control(topic, control),
      onRefused: (refused) => this.#change(request.topic, { refused }),
    }));
    return () => {
      for (const stop of stops) stop();
    };
  }

  #control(topic: string, { message }: Control): void {
    const view = this.#views.get(topic);
    if (message.case === "stale") {
      const { silentFor, note } = message.value;
      this.#change(topic, { stale: { silentForMs: msOfDuration(silentFor), note } });
    } else if (message.case === "recovered") {
      this.#change(topic, { stale: undefined });
    } else if (message.case === "skipped") {
      this.#change(topic, { skipped: (view?.skipped ?? 0n) + message.value.count });
    } else if (message.case === "gap") {
      const { firstLostSequence: first, lastLostSequence: last, cause } = message.value;
      const lastGap = { lost: first > 0n ? last - first + 1n : undefined, cause, at: Date.now() };
      this.#change(topic, { gaps: (view?.gaps ?? 0) + 1, lastGap });
    }
  }

  #change(topic: string, change: Partial<TopicView>): void {
    const view = this.#views.get(topic) ?? { topic, gaps: 0, skipped: 0n };
    this.#views.set(topic, { ...view, ...change });
    this.settle(() => new Map(this.#views));
  }
}
