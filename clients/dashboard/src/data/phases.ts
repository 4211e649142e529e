/** Whether instruments trade now. */
import type { TopicViews } from "@quarterdeck/client";
import { TradingPhase, type InstrumentStatus } from "@quarterdeck/client/api/marketdata/v1/status";
import { useMarketData } from "@quarterdeck/client/react";
import { useMemo } from "react";

const STATUSES = ["statuses/*"];

/** The newest status of each instrument that has one. */
export type Phases = ReadonlyMap<string, InstrumentStatus>;

/** The phases of all instruments as they change. */
export function usePhases(): Phases {
  const views = useMarketData(STATUSES);
  return useMemo(() => phasesOf(views), [views]);
}

/** Read the statuses out of what the stream shows. */
export function phasesOf(views: TopicViews): Phases {
  const found = new Map<string, InstrumentStatus>();
  for (const { event } of views.values()) {
    if (event?.payload.case === "statuses") found.set(event.payload.value.instrument, event.payload.value);
  }
  return found;
}

/** Whether no prices are to be expected: it is closed or halted. */
export function rests(status: InstrumentStatus | undefined): boolean {
  return status?.phase === TradingPhase.CLOSED || status?.phase === TradingPhase.HALTED;
}
