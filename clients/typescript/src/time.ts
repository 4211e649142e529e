/** Times of the wire: nanoseconds as bigint, and `google.protobuf.Timestamp`. */
import { timestampMs, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";

/** Milliseconds since the Unix epoch of nanoseconds since the Unix epoch. */
export function msOfNs(ns: bigint): number {
  return Number(ns / 1_000n) / 1_000;
}

/** Milliseconds since the Unix epoch, if there is a time. */
export function msOf(timestamp: Timestamp | undefined): number | undefined {
  return timestamp && timestampMs(timestamp);
}

/** Milliseconds of a duration; 0 if there is none. */
export function msOfDuration(duration: Duration | undefined): number {
  return duration ? Number(duration.seconds) * 1000 + duration.nanos / 1e6 : 0;
}
