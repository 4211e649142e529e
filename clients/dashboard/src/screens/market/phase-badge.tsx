/** Whether an instrument trades: nothing while it does, a word while it does not. */
import { msOfNs } from "@quarterdeck/client";
import { TradingPhase, type InstrumentStatus } from "@quarterdeck/client/api/marketdata/v1/status";
import type { ReactElement } from "react";
import { wallTime } from "../../format/time";
import { rests } from "../../data/phases";
import { Badge } from "../../ui/badge";

/** CLOSED outside of the trading hours, HALTED when the venue says so. */
export function PhaseBadge(props: { readonly status: InstrumentStatus | undefined }): ReactElement | null {
  const { status } = props;
  if (!status || !rests(status)) return null;
  const halted = status.phase === TradingPhase.HALTED;
  return (
    <Badge tone={halted ? "bad" : "plain"} title={titleOf(status)}>
      {halted ? "HALTED" : "CLOSED"}
    </Badge>
  );
}

function titleOf(status: InstrumentStatus): string {
  const since = `since ${wallTime(msOfNs(status.eventTimeNs))}`;
  const { nextChangeTimeNs: next } = status;
  const until = next === undefined ? "" : `, until ${wallTime(msOfNs(next))}`;
  return `${status.note ? `${status.note}; ` : ""}${since}${until}`;
}
