/** What can be traded, and how its prices are written. */
import { useQuarterdeck } from "@quarterdeck/client/react";
import type { Instrument } from "@quarterdeck/client/api/marketdata/v1/instrument";
import { useCallback, useMemo } from "react";
import { useQuery, type Query } from "./use-query";

/** Instruments by identifier. */
export function useInstruments(): Query<ReadonlyMap<string, Instrument>> {
  const { instruments } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const { instruments: all } = await instruments.listInstruments({ pageSize: 1_000 }, { signal });
      return new Map(all.map((instrument) => [instrument.instrument, instrument]));
    },
    [instruments],
  );
  return useQuery(ask, 60_000);
}

/** How many digits after the point a price of each instrument has; two where that is unknown. */
export function usePricePrecision(): (instrument: string) => number {
  const { data } = useInstruments();
  return useMemo(() => (instrument) => data?.get(instrument)?.pricePrecision ?? 2, [data]);
}
