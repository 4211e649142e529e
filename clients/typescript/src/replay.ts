/** Recorded market data as a stream. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { toQuarterdeckError } from "./errors.js";
import type { StreamService } from "./gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import type { Frame } from "./watch.js";

/** What to play of a topic, and how fast. */
export interface ReplayWindow {
  /** The inclusive start, by event time. */
  readonly start: Date;
  /** The exclusive end; absent means what is recorded up to now. */
  readonly end?: Date;
  /** Seconds of event time in a second; absent or 0 means as fast as it is read. */
  readonly speed?: number;
  readonly signal?: AbortSignal;
}

/** Play topics; a replay that breaks throws, and is not resumed. */
export async function* replayed(
  streams: Pick<Client<typeof StreamService>, "replay">,
  topics: readonly string[],
  { start, end, speed = 0, signal }: ReplayWindow,
): AsyncGenerator<Frame, void> {
  const request = {
    topics: [...topics],
    startTime: timestampFromDate(start),
    ...(end ? { endTime: timestampFromDate(end) } : {}),
    speed,
  };
  try {
    for await (const { controls, events } of streams.replay(request, signal ? { signal } : {})) {
      yield { controls, events, receivedAt: Date.now() };
    }
  } catch (thrown) {
    throw toQuarterdeckError(thrown);
  }
}
