/** Recorded market data as a stream. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { toQuarterdeckError } from "./errors.js";
import type { ReplayResponse, StreamService } from "./gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import { unlessSilent } from "./reconnecting.js";
import { msOfDuration } from "./time.js";
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

// Until the deck has said how often its heart beats.
const OPENING_MS = 30_000;

/** Play topics; a replay that breaks or goes silent throws, and is not resumed. */
export async function* replayed(
  streams: Pick<Client<typeof StreamService>, "replay">,
  topics: readonly string[],
  { start, end, speed = 0, signal = new AbortController().signal }: ReplayWindow,
): AsyncGenerator<Frame, void> {
  const request = {
    topics: [...topics],
    startTime: timestampFromDate(start),
    ...(end ? { endTime: timestampFromDate(end) } : {}),
    speed,
  };
  let longest = OPENING_MS;
  const responses = unlessSilent<ReplayResponse>({
    open: (attempt) => streams.replay(request, { signal: attempt }),
    silenceMs: () => longest,
    onLink: () => undefined,
    signal,
  });
  try {
    for await (const { controls, events } of responses) {
      longest = silenceOf(controls) ?? longest;
      yield { controls, events, receivedAt: Date.now() };
    }
  } catch (thrown) {
    throw toQuarterdeckError(thrown);
  }
}

/** After how long without a message the replay counts as dead, if it says so. */
function silenceOf(controls: Frame["controls"]): number | undefined {
  for (const { message } of controls) {
    if (message.case === "sessionOpened") return 2 * msOfDuration(message.value.heartbeatInterval);
  }
  return undefined;
}
