/** Streams that come back: a watchdog for silence, waiting with jitter, a verdict on each error. */
import { Code } from "@connectrpc/connect";
import { Backoff, pause } from "./backoff.js";
import {
  Canceled,
  errorOf,
  InvalidRequest,
  NotAllowed,
  NotAuthenticated,
  NotFound,
  toQuarterdeckError,
  type QuarterdeckError,
} from "./errors.js";

/**
 * Where a stream stands; "silent" is one that is open, but whose heartbeat is overdue: if nothing
 * comes soon it is opened again.
 */
export type LinkState = "idle" | "connecting" | "live" | "silent" | "waiting" | "failed";

/** Where a stream stands, and why. */
export interface Link {
  readonly state: LinkState;
  /** How many attempts failed in a row. */
  readonly attempt: number;
  /** For how long nothing came, in milliseconds; while "silent", and of what it ended by. */
  readonly silentForMs?: number | undefined;
  /** What ended the last attempt. */
  readonly error?: QuarterdeckError | undefined;
  /** When the next attempt begins, in milliseconds of the local clock. */
  readonly retryAt?: number | undefined;
}

/** How to open a stream and what to do when it ends. */
export interface Reconnection<T> {
  /** Open it once; it is aborted when it goes silent. */
  open(signal: AbortSignal): AsyncIterable<T>;
  /** After so long without a message it counts as dead. */
  silenceMs(): number;
  /** Put right what ended it, or throw to give up. Connection failures need nothing. */
  repair(error: QuarterdeckError, attempt: number): Promise<void>;
  /** Be told where it stands. */
  onLink(link: Link): void;
  readonly signal: AbortSignal;
  readonly backoff?: Backoff;
}

// The share of the longest silence after which a heartbeat is overdue: one and a half of two.
const OVERDUE = 0.75;

/** Yield the messages of a stream that is opened again whenever it ends, until aborted. */
export async function* reconnecting<T>(plan: Reconnection<T>): AsyncGenerator<T, void> {
  const backoff = plan.backoff ?? new Backoff();
  while (!plan.signal.aborted) {
    plan.onLink({ state: "connecting", attempt: backoff.attempt });
    let error: QuarterdeckError;
    try {
      for await (const message of unlessSilent(plan)) {
        plan.onLink({ state: "live", attempt: 0 });
        backoff.reset();
        yield message;
      }
      error = errorOf(Code.Unavailable, "the stream ended without saying why");
    } catch (thrown) {
      error = toQuarterdeckError(thrown);
    }
    if (plan.signal.aborted) return;
    await rest(plan, backoff, error);
  }
}

/** What cannot be put right by connecting again. */
export function isFinal(error: QuarterdeckError): boolean {
  return (
    error.metadata["resumable"] === "false" ||
    error instanceof InvalidRequest ||
    error instanceof NotAllowed ||
    error instanceof NotFound ||
    error instanceof NotAuthenticated ||
    error.code === Code.Unimplemented
  );
}

async function rest<T>(
  plan: Reconnection<T>,
  backoff: Backoff,
  error: QuarterdeckError,
): Promise<void> {
  try {
    await plan.repair(error, backoff.attempt);
  } catch (thrown) {
    const final = toQuarterdeckError(thrown);
    if (isFinal(final)) {
      plan.onLink({ state: "failed", attempt: backoff.attempt, error: final });
      throw final;
    }
  }
  const ms = Math.max(backoff.next(), error.retryAfterMs ?? 0);
  plan.onLink({ state: "waiting", attempt: backoff.attempt, error, retryAt: Date.now() + ms });
  await pause(ms, plan.signal);
}

/** How to open a stream, and how long it may be silent. */
export type Opening<T> = Pick<Reconnection<T>, "open" | "silenceMs" | "onLink" | "signal">;

/** Yield the messages of a stream; throws when it is silent for too long, or closed. */
export async function* unlessSilent<T>(plan: Opening<T>): AsyncGenerator<T, void> {
  // Not AbortSignal.any: some engines let such a signal be collected while it is waited for.
  const attempt = new AbortController();
  const end = (): void => attempt.abort();
  plan.signal.addEventListener("abort", end, { once: true });
  if (plan.signal.aborted) end();
  const iterator = plan.open(attempt.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      const result = await before(next, plan, attempt.signal);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    plan.signal.removeEventListener("abort", end);
    attempt.abort();
  }
}

/** Wait for a message, but not longer than a living stream could be silent. */
function before<T>(message: Promise<T>, plan: Opening<unknown>, signal: AbortSignal): Promise<T> {
  const ms = plan.silenceMs();
  return new Promise((resolve, reject) => {
    const silentForMs = ms * OVERDUE;
    const overdue = setTimeout(() => plan.onLink({ state: "silent", attempt: 0, silentForMs }), silentForMs);
    const silent = errorOf(Code.Unavailable, `nothing came for ${Math.round(ms / 1000)} s`);
    const timer = setTimeout(() => reject(silent), ms);
    const abort = (): void => reject(new Canceled(Code.Canceled, "closed"));
    signal.addEventListener("abort", abort, { once: true });
    void message.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      clearTimeout(overdue);
      signal.removeEventListener("abort", abort);
    });
  });
}
