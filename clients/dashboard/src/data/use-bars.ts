/** Daily bars: the history, what closes from now on, and the day that is still forming. */
import { msOfNs, scaled, toNumber, topic } from "@quarterdeck/client";
import { useMarketData, useQuarterdeck } from "@quarterdeck/client/react";
import type { BarBatch } from "@quarterdeck/client/api/marketdata/v1/bar";
import type { QuoteBatch } from "@quarterdeck/client/api/marketdata/v1/quote";
import { timestampFromMs } from "@quarterdeck/client";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { DayBar } from "../charts/price-chart";
import { marketDay } from "../format/time";
import type { Quote } from "./quotes";
import { useQuery, type Query } from "./use-query";

const DAYS = 750;
const QUOTES_OF_A_DAY = 2_000;

/** Bars of days that closed, oldest first. */
export function useDayBars(instrument: string): Query<readonly DayBar[]> {
  const { history } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const request = { instrument, interval: "1d", newestFirst: true, pageSize: DAYS };
      return dayBars((await history.listBars(request, { signal })).bars);
    },
    [history, instrument],
  );
  const listed = useQuery(ask, 120_000);
  const live = useMarketData(useMemo(() => [topic("bars", "1d", instrument)], [instrument]));
  const payload = live.get(topic("bars", "1d", instrument))?.event?.payload;
  const batch = payload?.case === "bars" ? payload.value : undefined;
  const closed = useClosedBars(instrument, batch);
  const data = useMemo(
    () => listed.data && mergedBars(listed.data, closed),
    [listed.data, closed],
  );
  return { ...listed, data };
}

/** Live bars since the instrument was chosen; the stream shows only the newest batch. */
function useClosedBars(instrument: string, batch: BarBatch | undefined): readonly DayBar[] {
  const [seen, setSeen] = useState<{ instrument: string; bars: readonly DayBar[] }>();
  useEffect(() => {
    if (!batch) return;
    setSeen((before) => {
      const bars = before?.instrument === instrument ? before.bars : [];
      return { instrument, bars: mergedBars(bars, dayBars(batch)) };
    });
  }, [instrument, batch]);
  return seen?.instrument === instrument ? seen.bars : [];
}

/** The rows of a batch. */
export function dayBars(batch: BarBatch | undefined): DayBar[] {
  if (!batch) return [];
  return batch.closeTimeNs.map((ns, i) => ({
    day: marketDay(msOfNs(ns)),
    open: batch.open[i] ?? 0,
    high: batch.high[i] ?? 0,
    low: batch.low[i] ?? 0,
    close: batch.close[i] ?? 0,
    volume: batch.volume[i] ?? 0,
  }));
}

/** One bar a day, the later list wins, in order of days. */
export function mergedBars(older: readonly DayBar[], newer: readonly DayBar[]): DayBar[] {
  const byDay = new Map([...older, ...newer].map((bar) => [bar.day, bar]));
  return [...byDay.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** The day that is not closed yet, from the middles of its quotes. */
export function useFormingBar(instrument: string, quote: Quote | undefined): DayBar | undefined {
  const { history } = useQuarterdeck();
  const day = quote && marketDay(quote.eventTimeMs);
  const ask = useCallback(
    async (signal: AbortSignal) => {
      if (!day) return undefined;
      const startTime = timestampFromMs(Date.parse(`${day}T00:00:00Z`));
      const request = { instrument, startTime, pageSize: QUOTES_OF_A_DAY };
      return formed(day, undefined, (await history.listQuotes(request, { signal })).quotes);
    },
    [history, instrument, day],
  );
  const begun = useQuery(ask).data;
  const payload = quote?.view.event?.payload;
  const batch = payload?.case === "quotes" ? payload.value : undefined;
  const [seen, setSeen] = useState<{ instrument: string; bar: DayBar | undefined }>();
  useEffect(() => {
    if (!day || !batch) return;
    setSeen((before) => {
      const bar = before?.instrument === instrument && before.bar?.day === day ? before.bar : undefined;
      return { instrument, bar: formed(day, bar, batch) };
    });
  }, [instrument, day, batch]);
  const live = seen?.instrument === instrument && seen.bar?.day === day ? seen.bar : undefined;
  return begun?.day === day ? joined(begun, live) : live;
}

/** A bar after the quotes of a batch that are of its day. */
export function formed(day: string, bar: DayBar | undefined, batch: QuoteBatch | undefined): DayBar | undefined {
  let now = bar;
  batch?.eventTimeNs.forEach((ns, i) => {
    if (marketDay(msOfNs(ns)) !== day) return;
    const units = ((batch.bidPrice[i] ?? 0n) + (batch.askPrice[i] ?? 0n)) * 5n;
    const mid = toNumber(scaled(units, batch.pricePrecision + 1));
    now = joined(now, { day, open: mid, high: mid, low: mid, close: mid, volume: 0 });
  });
  return now;
}

function joined(first: DayBar | undefined, then: DayBar | undefined): DayBar | undefined {
  if (!first || !then) return first ?? then;
  const [high, low] = [Math.max(first.high, then.high), Math.min(first.low, then.low)];
  return { ...first, high, low, close: then.close };
}
