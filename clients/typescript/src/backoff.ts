/** How long to wait before the next attempt. */

/** Exponential waiting with full jitter, so that a thousand readers do not return at once. */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly firstMs = 100,
    private readonly mostMs = 10_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** How many attempts failed since the last success. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The next waiting time: between half and all of a doubling limit. */
  next(): number {
    const limit = Math.min(this.mostMs, this.firstMs * 2 ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    return limit * (0.5 + this.random() / 2);
  }

  /** Start again from the shortest wait. */
  reset(): void {
    this.#attempt = 0;
  }
}

/** Wait, or return early when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done, { once: true });
  });
}
