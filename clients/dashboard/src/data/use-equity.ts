/** The equity curve: as sampled by the deck, continued by what the portfolio says now. */
import { msOf, msOfNs, toNumber } from "@quarterdeck/client";
import { useQuarterdeck } from "@quarterdeck/client/react";
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";
import type { GetEquityCurveResponse } from "@quarterdeck/client/api/trading/v1/portfolio_service";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Point } from "../charts/equity-chart";
import { exact } from "../format/number";
import { useQuery, type Query } from "./use-query";

/** What the curve shows. */
export type Measure = "equity" | "profit";

const POINTS = 1_000;
const TAIL = 2_000;

/** The curve of an account, or of a strategy in it. */
export function useEquity(row: ProfitAndLoss | undefined, measure: Measure): Query<readonly Point[]> {
  const { portfolio } = useQuarterdeck();
  const [account, strategy] = [row?.account ?? "", row?.strategy ?? ""];
  const ask = useCallback(
    async (signal: AbortSignal) => {
      if (!account) return undefined;
      return portfolio.getEquityCurve({ account, strategy, maxPoints: POINTS }, { signal });
    },
    [portfolio, account, strategy],
  );
  const curve = useQuery(ask, 60_000);
  const tail = useTail(row, measure);
  const data = useMemo(
    () => curve.data && continued(pointsOf(curve.data, measure), tail),
    [curve.data, measure, tail],
  );
  return { ...curve, data };
}

/** The points of the wire's columns. */
export function pointsOf(curve: GetEquityCurveResponse, measure: Measure): Point[] {
  const { equity, realisedProfit, unrealisedProfit, fees, income } = curve;
  const profit = (i: number): number =>
    (realisedProfit[i] ?? 0) + (unrealisedProfit[i] ?? 0) - (fees[i] ?? 0) + (income[i] ?? 0);
  const value = measure === "equity" && equity.length > 0 ? (i: number) => equity[i] ?? 0 : profit;
  return curve.eventTimeNs.map((ns, i) => [msOfNs(ns), value(i)] as const);
}

/** A curve goes on with the points that are later than its last. */
export function continued(points: readonly Point[], tail: readonly Point[]): Point[] {
  const last = points.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
  return [...points, ...tail.filter(([time]) => time > last)];
}

function useTail(row: ProfitAndLoss | undefined, measure: Measure): readonly Point[] {
  const key = `${row?.account}/${row?.strategy}/${measure}`;
  const [tail, setTail] = useState<{ key: string; points: readonly Point[] }>({ key, points: [] });
  const time = msOf(row?.eventTime);
  const value = exact(measure === "equity" && row?.equity ? row.equity : row?.totalProfit);
  const amount = value && toNumber(value);

  useEffect(() => {
    if (time === undefined || amount === undefined) return;
    setTail((before) => {
      const points = before.key === key ? before.points : [];
      const kept = points.filter(([at]) => at < time).slice(-TAIL);
      return { key, points: [...kept, [time, amount]] };
    });
  }, [key, time, amount]);

  return tail.key === key ? tail.points : [];
}
