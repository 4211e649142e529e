/** The nodes: as listed, and as they report from then on. */
import { useMarketData, useQuarterdeck } from "@quarterdeck/client/react";
import type { Node } from "@quarterdeck/client/api/trading/v1/node";
import { useCallback, useMemo } from "react";
import { useQuery, type Query } from "./use-query";

const TOPICS = ["nodes/*"];

/** Nodes by name, as they are now. */
export function useNodes(): Query<readonly Node[]> {
  const { nodes } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => (await nodes.listNodes({ pageSize: 1_000 }, { signal })).nodes,
    [nodes],
  );
  const listed = useQuery(ask, 15_000);
  const live = useMarketData(TOPICS);
  const data = useMemo(() => {
    if (!listed.data) return undefined;
    const byName = new Map(listed.data.map((node) => [node.name, node]));
    for (const { event } of live.values()) {
      if (event?.payload.case === "nodes") byName.set(event.payload.value.name, event.payload.value);
    }
    return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }, [listed.data, live]);
  return { ...listed, data };
}
