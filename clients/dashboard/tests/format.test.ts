import { create } from "@bufbuild/protobuf";
import { fixedOf } from "@quarterdeck/client";
import { EstimateSchema, EstimateState, MetricUnit } from "@quarterdeck/client/api/analytics/v1/estimate";
import { describe, expect, test } from "vitest";
import { dateOf } from "../src/data/use-performance";
import { absence, inUnit } from "../src/format/estimate";
import { bytes, grouped, percent, quantity, signed } from "../src/format/number";
import { duration, marketDay, marketTime } from "../src/format/time";
import { words } from "../src/format/label";
import { hrefOf, routeOf } from "../src/route";

describe("numbers", () => {
  test.each([
    ["1234567.891", 2, "1,234,567.89"],
    ["-1234.5", 2, "−1,234.50"],
    ["-0.001", 2, "0.00"],
    ["999999999999999999999.99", 2, "999,999,999,999,999,999,999.99"],
    ["5", 0, "5"],
  ])("%s with %i digits reads %s", (text, digits, expected) => {
    expect(grouped(fixedOf(text), digits)).toBe(expected);
  });

  test("profit has a sign, nothing has none", () => {
    expect([signed(fixedOf("12.3"), 2), signed(fixedOf("-12.3"), 2), signed(fixedOf("0.001"), 2)]).toEqual([
      "+12.30",
      "−12.30",
      "0.00",
    ]);
  });

  test.each([
    ["100.000", "100"],
    ["0.2500", "0.25"],
    ["-3000", "−3,000"],
  ])("a quantity of %s reads %s", (text, expected) => {
    expect(quantity(fixedOf(text))).toBe(expected);
  });

  test("an absent value is a dash, never a zero", () => {
    expect([grouped(undefined, 2), signed(undefined, 2), percent(undefined), bytes(undefined)]).toEqual(
      Array(4).fill("–"),
    );
  });

  test("percent and bytes choose readable digits", () => {
    expect([percent(0.0123), percent(-0.5, 0), percent(-0.000001)]).toEqual(["+1.23 %", "−50 %", "0.00 %"]);
    expect([bytes(512), bytes(1_536), bytes(300 * 2 ** 20)]).toEqual(["512 B", "1.5 KiB", "300 MiB"]);
  });
});

describe("times", () => {
  test("the market's time is UTC", () => {
    const ms = Date.UTC(2004, 2, 1, 15, 32);
    expect([marketTime(ms), marketDay(ms)]).toEqual(["2004-03-01 15:32", "2004-03-01"]);
  });

  test.each([
    [380, "0.4 s"],
    [12_000, "12 s"],
    [300_000, "5 min"],
    [10_800_000, "3 h"],
    [172_800_000, "2 d"],
  ])("%i ms reads %s", (ms, expected) => {
    expect(duration(ms)).toBe(expected);
  });
});

test("names of the contract become words", () => {
  expect(words("PARTIALLY_FILLED")).toBe("Partially filled");
});

test("an address keeps an instrument with a slash in it", () => {
  expect(routeOf(hrefOf("market", "EUR/USD.IDEALPRO"))).toEqual({ screen: "market", rest: "EUR/USD.IDEALPRO" });
  expect(routeOf("#/nowhere")).toEqual({ screen: "overview", rest: "" });
});

describe("statistics", () => {
  test("one without a value says why in words", () => {
    const { INSUFFICIENT, CONSTANT, MEASURED } = EstimateState;
    const few = create(EstimateSchema, { state: INSUFFICIENT, count: 17n, needed: 252n });
    expect(absence(few)).toBe("too few: 17 of 252");
    expect(absence({ ...few, count: 0n, needed: 1n })).toBe("no data");
    expect(absence(create(EstimateSchema, { state: CONSTANT }))).toBe("nothing varies");
    expect(absence(create(EstimateSchema, { state: MEASURED, value: 0 }))).toBe("");
    expect(absence(undefined)).toBe("not told");
  });

  test.each([
    [0.1234, MetricUnit.FRACTION, "12.34 %"],
    [-0.5, MetricUnit.FRACTION_A_YEAR, "−50.00 %"],
    [0.953, MetricUnit.PROBABILITY, "95.3 %"],
    [-1.234, MetricUnit.RATIO, "−1.23"],
    [0.00123, MetricUnit.RATIO, "0.00123"],
    [1234, MetricUnit.DAYS, "1,234"],
  ])("%f in unit %i reads %s", (value, unit, expected) => {
    expect(inUnit(value, unit)).toBe(expected);
  });

  test("days since 1970 are days of the calendar", () => {
    expect(dateOf(12_478)).toEqual({ year: 2004, month: 3, day: 1 });
  });
});
