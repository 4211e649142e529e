/** What an account, a strategy or an instrument earned, as the deck computes it. */
import { useQuarterdeck } from "@quarterdeck/client/react";
import type { ComputePerformanceResponse } from "@quarterdeck/client/api/analytics/v1/performance_service";
import { RollingMetric, type RollingColumns } from "@quarterdeck/client/api/analytics/v1/performance";
import { useCallback } from "react";
import { useQuery, type Query } from "./use-query";

const EVERY_MS = 30_000;
const DAY_MS = 86_400_000;

interface Calendar {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** An account, or a strategy in it. */
export interface Portfolio {
  readonly account: string;
  readonly strategy: string;
}

const of = (value: Portfolio) => ({ subject: { case: "portfolio" as const, value } });
const market = (value: string) => ({ subject: { case: "instrument" as const, value } });

/** All metrics with the series behind them, against an instrument if one is named. */
export function usePerformanceReport(
  { account, strategy }: Portfolio,
  benchmark: string,
): Query<ComputePerformanceResponse | undefined> {
  const { performance } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => {
      if (!account) return undefined;
      const request = {
        subject: of({ account, strategy }),
        ...(benchmark ? { benchmark: market(benchmark) } : {}),
        withColumns: true,
      };
      return performance.computePerformance(request, { signal });
    },
    [performance, account, strategy, benchmark],
  );
  return useQuery(ask, EVERY_MS);
}

/** The metrics of the benchmark itself, on the days of a report. */
export function useBenchmark(
  benchmark: string,
  report: ComputePerformanceResponse | undefined,
): Query<ComputePerformanceResponse | undefined> {
  const { performance } = useQuarterdeck();
  const [start, end] = [report?.columns?.days.at(0), report?.columns?.days.at(-1)];
  const ask = useCallback(
    async (signal: AbortSignal) => {
      if (!benchmark || start === undefined || end === undefined) return undefined;
      const [startDate, endDate] = [dateOf(start), dateOf(end)];
      const request = { subject: market(benchmark), startDate, endDate, withColumns: true };
      return performance.computePerformance(request, { signal });
    },
    [performance, benchmark, start, end],
  );
  return useQuery(ask);
}

/** The Sharpe ratio of every window of so many days. */
export function useRollingSharpe(
  { account, strategy }: Portfolio,
  window: number,
): Query<RollingColumns | undefined> {
  const { performance } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => {
      if (!account) return undefined;
      const metrics = [RollingMetric.SHARPE_RATIO];
      const subject = of({ account, strategy });
      return (await performance.computeRolling({ subject, metrics, window }, { signal })).columns[0];
    },
    [performance, account, strategy, window],
  );
  return useQuery(ask, EVERY_MS);
}

/** Growth and drawdown by day, from the day on which the first return began: one unit, at its peak. */
export interface Curve {
  readonly days: readonly number[];
  readonly growth: readonly number[];
  readonly drawdown: readonly number[];
}

/** The curve of a report; absent without days. */
export function curveOf(report: ComputePerformanceResponse | undefined): Curve | undefined {
  const columns = report?.columns;
  const start = report?.performance?.startDate;
  if (!columns?.days.length || !start) return undefined;
  return {
    days: [daysOf(start), ...columns.days],
    growth: [1, ...columns.growth],
    drawdown: [0, ...columns.drawdown],
  };
}

/** Days since 1970-01-01 of a day of the calendar. */
function daysOf(date: Calendar): number {
  return Date.UTC(date.year, date.month - 1, date.day) / DAY_MS;
}

/** A day of the calendar from days since 1970-01-01. */
export function dateOf(days: number): Calendar {
  const date = new Date(days * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
