import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { toText } from "../src/decimal.js";
import { PortfolioSchema, type Portfolio } from "../src/gen/quarterdeck/api/trading/v1/portfolio_pb.js";
import { PortfolioRows } from "../src/portfolio.js";

function holding(instrument: string, quantity: bigint, mark?: bigint): MessageInitShape<typeof PortfolioSchema> {
  const one = { account: ["SIM-001"], strategy: ["EmaCross-001"], currency: ["USD"] };
  const scales = { quantityScale: 0, priceScale: 2, moneyScale: 2 };
  const marks = { markPrice: [mark ?? 0n], hasMark: [mark !== undefined] };
  return { positions: { ...one, ...scales, ...marks, instrument: [instrument], quantity: [quantity] } };
}

function portfolio(init: MessageInitShape<typeof PortfolioSchema>): Portfolio {
  return create(PortfolioSchema, init);
}

test("a change replaces the rows it names and leaves the others", () => {
  const rows = new PortfolioRows();
  rows.take(portfolio(holding("AAPL.XNAS", 100n, 18_925n)), true);
  rows.take(portfolio(holding("IBM.XNYS", -50n, 9_000n)), false);
  rows.take(portfolio(holding("AAPL.XNAS", 200n, 19_001n)), false);
  const held = rows.view.positions.map((p) => [p.instrument, p.quantity.units]);
  expect(held).toEqual([["AAPL.XNAS", 200n], ["IBM.XNYS", -50n]]);
});

test("a snapshot replaces everything", () => {
  const rows = new PortfolioRows();
  rows.take(portfolio(holding("AAPL.XNAS", 100n)), true);
  rows.take(portfolio(holding("IBM.XNYS", 1n)), true);
  expect(rows.view.positions.map((p) => p.instrument)).toEqual(["IBM.XNYS"]);
});

test("an instrument without a price has no mark rather than a zero", () => {
  const rows = new PortfolioRows();
  rows.take(portfolio(holding("AAPL.XNAS", 100n)), true);
  expect(rows.view.positions[0]?.markPrice).toBeUndefined();
});

test("prices carry the scale of their columns", () => {
  const rows = new PortfolioRows();
  rows.take(portfolio(holding("AAPL.XNAS", 100n, 18_920n)), true);
  expect(toText(rows.view.positions[0]!.markPrice!)).toBe("189.20");
});

test("profit of an account and of a strategy in it are two rows", () => {
  const rows = new PortfolioRows();
  const of = (strategy: string) => ({ account: "SIM-001", strategy, currency: "USD" });
  rows.take(portfolio({ profitAndLoss: [of(""), of("EmaCross-001")] }), true);
  rows.take(portfolio({ profitAndLoss: [{ ...of(""), openPositions: 3 }] }), false);
  expect(rows.view.profit.map((p) => [p.strategy, p.openPositions])).toEqual([
    ["", 3],
    ["EmaCross-001", 0],
  ]);
});

test("the firm is apart from the accounts, and gone with a snapshot without it", () => {
  const rows = new PortfolioRows();
  const of = (account: string) => ({ account, strategy: "", currency: "USD" });
  rows.take(portfolio({ profitAndLoss: [of(""), of("SIM-001")] }), true);
  expect([rows.view.firm?.currency, rows.view.profit.length]).toEqual(["USD", 1]);
  rows.take(portfolio({ profitAndLoss: [of("SIM-001")] }), true);
  expect(rows.view.firm).toBeUndefined();
});

test("a heartbeat changes nothing", () => {
  const rows = new PortfolioRows();
  rows.take(portfolio(holding("AAPL.XNAS", 100n)), true);
  rows.take(undefined, false);
  expect(rows.view.positions).toHaveLength(1);
});
