import { create } from "@bufbuild/protobuf";
import { QuoteBatchSchema } from "@quarterdeck/client/api/marketdata/v1/quote";
import { InstrumentStatusSchema, TradingPhase } from "@quarterdeck/client/api/marketdata/v1/status";
import { BarBatchSchema } from "@quarterdeck/client/api/marketdata/v1/bar";
import { EventSchema } from "@quarterdeck/client/api/stream/v1/event";
import { FillSchema } from "@quarterdeck/client/api/trading/v1/fill";
import { NodeMode, NodeState } from "@quarterdeck/client/api/trading/v1/node";
import { ComputePerformanceResponseSchema } from "@quarterdeck/client/api/analytics/v1/performance_service";
import { GetEquityCurveResponseSchema } from "@quarterdeck/client/api/trading/v1/portfolio_service";
import { timestampFromMs, toText } from "@quarterdeck/client";
import { expect, test } from "vitest";
import { phasesOf, rests } from "../src/data/phases";
import { quoteOf } from "../src/data/quotes";
import { dayBars, formed, mergedBars } from "../src/data/use-bars";
import { continued, pointsOf } from "../src/data/use-equity";
import { curveOf } from "../src/data/use-performance";
import { dayFills } from "../src/screens/market/instrument-panel";
import { modeOf } from "../src/shell/mode-badge";

const MONDAY = BigInt(Date.UTC(2004, 2, 1, 15)) * 1_000_000n;
const HOUR = 3_600_000_000_000n;

const quotes = create(QuoteBatchSchema, {
  instrument: "AAPL.XNAS",
  pricePrecision: 2,
  eventTimeNs: [MONDAY, MONDAY + HOUR, MONDAY + 24n * HOUR],
  bidPrice: [2_395n, 2_401n, 2_300n],
  askPrice: [2_396n, 2_402n, 2_301n],
  bidSize: [100n, 200n, 300n],
  askSize: [100n, 200n, 300n],
});

test("an instrument rests while it is closed or halted", () => {
  const view = (phase: TradingPhase) => {
    const value = create(InstrumentStatusSchema, { instrument: TradingPhase[phase], phase });
    const event = create(EventSchema, { payload: { case: "statuses", value } });
    return [String(phase), { topic: String(phase), event, gaps: 0, skipped: 0n }] as const;
  };
  const phases = phasesOf(new Map([TradingPhase.OPEN, TradingPhase.CLOSED, TradingPhase.HALTED].map(view)));
  expect([...phases].filter(([, status]) => rests(status)).map(([name]) => name)).toEqual(["CLOSED", "HALTED"]);
  expect(rests(undefined)).toBe(false);
});

test("the newest row of a batch is the quote", () => {
  const event = create(EventSchema, { topic: "quotes/AAPL.XNAS", payload: { case: "quotes", value: quotes } });
  const quote = quoteOf({ topic: event.topic, event, gaps: 0, skipped: 0n });
  expect([toText(quote!.bid), toText(quote!.mid), toText(quote!.askSize)]).toEqual(["23.00", "23.005", "300"]);
});

test("a topic without an event has no quote", () => {
  expect(quoteOf({ topic: "quotes/AAPL.XNAS", gaps: 0, skipped: 0n })).toBeUndefined();
});

test("the forming bar takes only the quotes of its day", () => {
  const bar = formed("2004-03-01", undefined, quotes);
  expect(bar).toEqual({ day: "2004-03-01", open: 23.955, high: 24.015, low: 23.955, close: 24.015, volume: 0 });
});

test("a bar that closes replaces the one of its day", () => {
  const of = (close: number) =>
    dayBars(
      create(BarBatchSchema, {
        closeTimeNs: [MONDAY],
        ...{ open: [1], high: [9], low: [1], close: [close], volume: [5] },
      }),
    );
  const bars = mergedBars(of(3), of(4));
  expect(bars.map((bar) => [bar.day, bar.close])).toEqual([["2004-03-01", 4]]);
});

test("profit is realised and unrealised less fees and with income", () => {
  const curve = create(GetEquityCurveResponseSchema, {
    ...{ eventTimeNs: [MONDAY], equity: [1_000_007], realisedProfit: [10] },
    ...{ unrealisedProfit: [-2], fees: [1], income: [0.5] },
  });
  expect([pointsOf(curve, "equity")[0]?.[1], pointsOf(curve, "profit")[0]?.[1]]).toEqual([1_000_007, 7.5]);
});

test("a curve goes on only with later points", () => {
  expect(continued([[1, 10], [2, 11]], [[2, 99], [3, 12]])).toEqual([[1, 10], [2, 11], [3, 12]]);
});

test("the fills of a day are one mark for each side", () => {
  const fill = (side: number, value: string) =>
    create(FillSchema, { side, quantity: { value }, eventTime: timestampFromMs(Number(MONDAY / 1_000_000n)) });
  const marks = dayFills([fill(1, "100"), fill(1, "50"), fill(2, "150")]);
  expect(marks.map((mark) => mark.text)).toEqual(["B 150", "S 150"]);
});

test("one running node with real money makes the deck live, a stopped one does not", () => {
  const paper = { mode: NodeMode.PAPER, state: NodeState.RUNNING };
  expect(modeOf([paper, { mode: NodeMode.LIVE, state: NodeState.LOST }])).toBe("LIVE");
  expect(modeOf([paper, { mode: NodeMode.LIVE, state: NodeState.STOPPED }])).toBe("PAPER");
  expect(modeOf([])).toBe("NO NODE");
});

test("a curve begins with one unit, before the first return", () => {
  const report = create(ComputePerformanceResponseSchema, {
    performance: { startDate: { year: 2004, month: 1, day: 7 } },
    columns: { days: [12_425, 12_428], returns: [-0.1, 0.2], growth: [0.9, 1.08], drawdown: [-0.1, 0] },
  });
  expect(curveOf(report)).toEqual({
    days: [12_424, 12_425, 12_428],
    growth: [1, 0.9, 1.08],
    drawdown: [0, -0.1, 0],
  });
  expect(curveOf(create(ComputePerformanceResponseSchema, { columns: {} }))).toBeUndefined();
});
