/** The last close of every instrument, to tell today's change. */
import { everyTopic } from "@quarterdeck/client";
import { useMarketData, useQuarterdeck } from "@quarterdeck/client/react";
import { useCallback, useMemo } from "react";
import { useQuery } from "./use-query";

const TOPICS = [everyTopic("bars", "1d")];

/** Closes by instrument: from history, then from bars as they close. */
export function useCloses(instruments: readonly string[]): ReadonlyMap<string, number> {
  const { history } = useQuarterdeck();
  const key = instruments.join("\n");
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const names = key ? key.split("\n") : [];
      const answers = await Promise.all(
        names.map((instrument) => {
          const request = { instrument, interval: "1d", newestFirst: true, pageSize: 1 };
          return history.listBars(request, { signal }).then(({ bars }) => [instrument, bars?.close.at(-1)] as const);
        }),
      );
      return answers.filter((answer): answer is [string, number] => answer[1] !== undefined);
    },
    [history, key],
  );
  const { data } = useQuery(ask, 120_000);
  const live = useMarketData(TOPICS);
  return useMemo(() => {
    const closes = new Map(data);
    for (const { event } of live.values()) {
      const close = event?.payload.case === "bars" ? event.payload.value.close.at(-1) : undefined;
      if (event?.payload.case === "bars" && close !== undefined) closes.set(event.payload.value.instrument, close);
    }
    return closes;
  }, [data, live]);
}
