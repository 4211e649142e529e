/** What a call answered, asked again while the tab is seen. */
import { toQuarterdeckError, type QuarterdeckError } from "@quarterdeck/client";
import { useCallback, useEffect, useState } from "react";

/** The last answer, and the last failure if it came after it. */
export interface Query<T> {
  readonly data: T | undefined;
  readonly error: QuarterdeckError | undefined;
  /** Ask again now. */
  readonly refresh: () => void;
}

/** Ask now and every `everyMs`, 0 for once; `ask` must keep its identity while it means the same. */
export function useQuery<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs = 0): Query<T> {
  const [answer, setAnswer] = useState<{ ask: unknown; data?: T; error?: QuarterdeckError }>();
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((n) => n + 1), []);

  useEffect(() => {
    const closing = new AbortController();
    const { signal } = closing;
    const once = async (): Promise<void> => {
      if (round > 0 && document.visibilityState === "hidden") return;
      try {
        const data = await ask(signal);
        if (!signal.aborted) setAnswer({ ask, data });
      } catch (thrown) {
        const error = toQuarterdeckError(thrown);
        if (!signal.aborted) setAnswer((last) => ({ ...(last?.ask === ask ? last : {}), ask, error }));
      }
    };
    void once();
    const timer = everyMs > 0 ? setInterval(() => void once(), everyMs) : undefined;
    return () => {
      closing.abort();
      clearInterval(timer);
    };
  }, [ask, everyMs, round]);

  const current = answer?.ask === ask ? answer : undefined;
  return { data: current?.data, error: current?.error, refresh };
}
