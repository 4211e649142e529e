/** How far a reader has come in each topic: resumes, drops duplicates, finds unannounced holes. */
import { create } from "@bufbuild/protobuf";
import {
  ControlSchema,
  GapCause,
  GapSchema,
  type Control,
} from "./gen/quarterdeck/api/stream/v1/control_pb.js";
import type { Event } from "./gen/quarterdeck/api/stream/v1/event_pb.js";
import { CursorSchema, type Cursor } from "./gen/quarterdeck/api/stream/v1/subscription_pb.js";
import { covers } from "./topics.js";

interface Place {
  epoch: bigint;
  /** The last sequence number seen. */
  sequence: bigint;
  /** The last sequence number announced as lost or left out. */
  announced: bigint;
}

/** What a frame of the wire is to a reader: nothing twice, no hole unsaid. */
export interface Accepted {
  readonly controls: Control[];
  readonly events: Event[];
}

/** The places of one reader. */
export class Cursors {
  readonly #places = new Map<string, Place>();

  /** Take in a frame; what was seen before is left out, and a hole nobody announced becomes a GAP. */
  accept(controls: readonly Control[], events: readonly Event[]): Accepted {
    for (const control of controls) this.#note(control);
    const said = [...controls];
    const fresh = events.filter((event) => this.#advance(event, said));
    // A heartbeat may share a frame with the events it already counts.
    for (const control of controls) this.#beat(control);
    return { controls: said, events: fresh };
  }

  /** Where to resume a subscription. */
  of(subscription: string, exclude: readonly string[] = []): Cursor[] {
    const cursors: Cursor[] = [];
    for (const [topic, place] of this.#places) {
      if (!covers(subscription, topic, exclude)) continue;
      const sequence = place.announced > place.sequence ? place.announced : place.sequence;
      cursors.push(create(CursorSchema, { topic, epoch: place.epoch, sequence }));
    }
    return cursors;
  }

  /** Forget the places of a subscription; without an argument, all. */
  forget(subscription?: string): string[] {
    const every = [...this.#places.keys()];
    const gone = subscription === undefined ? every : every.filter((topic) => covers(subscription, topic));
    for (const topic of gone) this.#places.delete(topic);
    return gone;
  }

  #note({ message }: Control): void {
    if (message.case === "gap") {
      const { topic, epoch, lastLostSequence } = message.value;
      this.#announce(topic, epoch, lastLostSequence);
    } else if (message.case === "skipped") {
      this.#announce(message.value.topic, undefined, message.value.lastSequence);
    }
  }

  #beat({ message }: Control): void {
    if (message.case === "heartbeat") message.value.cursors.forEach((cursor) => this.#reach(cursor));
  }

  #announce(topic: string, epoch: bigint | undefined, last: bigint): void {
    const place = this.#places.get(topic);
    if (epoch !== undefined && place?.epoch !== epoch) {
      // Sequence numbers begin anew: the first event says where.
      this.#places.delete(topic);
      if (last > 0n) this.#places.set(topic, { epoch, sequence: last, announced: last });
    } else if (place && last > place.announced) {
      place.announced = last;
    } else if (place && last === 0n) {
      this.#places.delete(topic);
    }
  }

  #reach({ topic, epoch, sequence }: Cursor): void {
    const place = this.#places.get(topic);
    if (place?.epoch !== epoch) this.#places.set(topic, { epoch, sequence, announced: 0n });
    else if (sequence > place.sequence) place.sequence = sequence;
  }

  #advance(event: Event, said: Control[]): boolean {
    const { topic, epoch, sequence } = event;
    const last = sequence + BigInt(Math.max(event.rows, 1)) - 1n;
    const place = this.#places.get(topic);
    if (place?.epoch === epoch) {
      if (last <= place.sequence) return false;
      const known = place.announced > place.sequence ? place.announced : place.sequence;
      if (sequence > known + 1n) said.push(unannounced(topic, epoch, known + 1n, sequence - 1n));
      place.sequence = last;
      return true;
    }
    if (place) said.push(unannounced(topic, epoch, 0n, 0n));
    this.#places.set(topic, { epoch, sequence: last, announced: 0n });
    return true;
  }
}

/** A hole this reader found by itself; its cause is unspecified. */
export function unannounced(topic: string, epoch: bigint, first: bigint, last: bigint): Control {
  const value = create(GapSchema, {
    topic,
    epoch,
    firstLostSequence: first,
    lastLostSequence: last,
    cause: GapCause.UNSPECIFIED,
  });
  return create(ControlSchema, { message: { case: "gap", value } });
}
