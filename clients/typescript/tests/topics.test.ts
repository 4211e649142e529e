import { expect, test } from "vitest";
import { covers, topic } from "../src/topics.js";

test.each([
  ["quotes/*", "quotes/AAPL.XNAS", true],
  ["quotes/*", "trades/AAPL.XNAS", false],
  ["quotes/*.XNAS", "quotes/AAPL.XNAS", true],
  ["quotes/*.XNAS", "quotes/AAPL.XNYS", false],
  ["quotes/A*L.X*S", "quotes/AAPL.XNAS", true],
  ["quotes/AA*AA", "quotes/AAA", false],
  ["orders/*/momentum", "orders/SIM-001/momentum", true],
  ["orders/*/momentum", "orders/SIM-001/momentum/x", false],
  ["orders/*", "orders/SIM-001/momentum", true],
  ["orders/SIM-*/*", "orders/LIVE-1/ema", false],
  ["quotes/EUR*", topic("quotes", "EUR/USD.IDEALPRO"), true],
  ["quotes/*2FUSD.IDEALPRO", topic("quotes", "EUR/USD.IDEALPRO"), false],
])("%s covers %s: %s", (pattern, name, expected) => {
  expect(covers(pattern, name)).toBe(expected);
});

test("what is excluded is not covered", () => {
  expect(covers("quotes/*", "quotes/TSLA.XNAS", ["quotes/T*"])).toBe(false);
  expect(covers("quotes/*", "quotes/AAPL.XNAS", ["quotes/T*"])).toBe(true);
});
