import { describe, expect, test } from "vitest";
import { add, fixedOf, round, scaled, sign, subtract, toNumber, toText } from "../src/decimal.js";
import { Backoff } from "../src/backoff.js";
import { LagMeter } from "../src/lag.js";
import { covers, everyTopic, splitTopic, topic } from "../src/topics.js";

describe("decimals", () => {
  test.each([
    ["1234.5600", "1234.5600"],
    ["-0.05", "-0.05"],
    ["+7", "7"],
    [".5", "0.5"],
    ["1.2e3", "1200"],
    ["5e-3", "0.005"],
    ["-123456789012345678901234567890.123456789", "-123456789012345678901234567890.123456789"],
  ])("%s is read without losing a digit", (text, plain) => {
    expect(toText(fixedOf(text))).toBe(plain);
  });

  test.each(["", ".", "NaN", "1,000", "--1", "Infinity"])("%j is refused", (text) => {
    expect(() => fixedOf(text)).toThrow(RangeError);
  });

  test("sums are exact where doubles are not", () => {
    expect(toText(add(fixedOf("0.1"), fixedOf("0.2")))).toBe("0.3");
    expect(toText(subtract(fixedOf("100"), fixedOf("0.001")))).toBe("99.999");
  });

  test.each([
    ["2.345", 2, "2.35"],
    ["-2.345", 2, "-2.35"],
    ["2.344", 2, "2.34"],
    ["2.5", 4, "2.5000"],
  ])("%s rounds half away from zero to %i digits", (text, digits, expected) => {
    expect(toText(round(fixedOf(text), digits))).toBe(expected);
  });

  test("a scaled column value is its number", () => {
    expect(toNumber(scaled(-18_925n, 2))).toBe(-189.25);
    expect(sign(scaled(-1n, 9))).toBe(-1);
    expect(toText(scaled(5n, 3))).toBe("0.005");
  });
});

describe("topics", () => {
  test("parts with slashes, stars and percent signs survive", () => {
    const text = topic("quotes", "EUR/USD.IDEALPRO*%");
    expect(text).toBe("quotes/EUR%2FUSD.IDEALPRO%2A%25");
    expect(splitTopic(text)).toEqual(["quotes", "EUR/USD.IDEALPRO*%"]);
  });

  test("a prefix covers what begins with it, a topic only itself", () => {
    expect(covers(everyTopic("fills", "SIM-001"), "fills/SIM-001/EmaCross-001")).toBe(true);
    expect(covers(everyTopic("fills", "SIM-001"), "fills/SIM-002/EmaCross-001")).toBe(false);
    expect(covers("quotes/A.X", "quotes/A.XNAS")).toBe(false);
  });
});

describe("waiting", () => {
  test("waits double up to the longest, between half and all of it", () => {
    const shortest = new Backoff(100, 1_000, () => 0);
    expect(Array.from({ length: 5 }, () => shortest.next())).toEqual([50, 100, 200, 400, 500]);
    const longest = new Backoff(100, 1_000, () => 1);
    expect(Array.from({ length: 5 }, () => longest.next())).toEqual([100, 200, 400, 800, 1_000]);
  });

  test("a success begins anew", () => {
    const backoff = new Backoff(100, 1_000, () => 1);
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });
});

describe("lag", () => {
  const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

  test("clocks that differ do not count as lag", () => {
    const meter = new LagMeter();
    meter.beat(ns(50_000), 1_000);
    meter.event(ns(50_100), 1_130);
    expect(meter.value).toBe(30);
  });

  test("events from before the connection say nothing", () => {
    const meter = new LagMeter();
    meter.reset(10_000);
    meter.beat(ns(10_000), 10_000);
    meter.event(ns(4_000), 10_001);
    expect(meter.value).toBeUndefined();
  });
});
