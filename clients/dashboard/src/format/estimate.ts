/** Statistics as people read them: a number, or in words why there is none. */
import { EstimateState, MetricUnit, type Estimate } from "@quarterdeck/client/api/analytics/v1/estimate";
import { count, percent } from "./number";

const WORDS: Partial<Record<EstimateState, string>> = {
  [EstimateState.CONSTANT]: "nothing varies",
  [EstimateState.NO_LOSS]: "no loss yet",
  [EstimateState.RUINED]: "all capital was lost",
  [EstimateState.COLLINEAR]: "factors repeat each other",
  [EstimateState.AMBIGUOUS]: "several solutions",
  [EstimateState.NO_SOLUTION]: "no solution",
  [EstimateState.OVERFLOW]: "too large",
};

/** Why an estimate has no value; empty if it has one. */
export function absence(estimate: Estimate | undefined): string {
  if (!estimate) return "not told";
  if (estimate.value !== undefined) return "";
  if (estimate.state === EstimateState.INSUFFICIENT) {
    if (estimate.count === 0n && estimate.needed === 1n) return "no data";
    return `too few: ${count(estimate.count)} of ${count(estimate.needed)}`;
  }
  return WORDS[estimate.state] ?? "no value";
}

const RATIO = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SMALL = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** A ratio with two digits, small ones with three that say something. */
export function ratio(value: number): string {
  const text = value !== 0 && Math.abs(value) < 0.095 ? SMALL.format(value) : RATIO.format(value);
  return text.replace("-", "\u2212");
}

/** A value in its unit. */
export function inUnit(value: number, unit: MetricUnit): string {
  switch (unit) {
    case MetricUnit.FRACTION:
    case MetricUnit.FRACTION_A_YEAR:
      return percent(value).replace("+", "");
    case MetricUnit.PROBABILITY:
      return `${(value * 100).toFixed(1)} %`;
    case MetricUnit.PERIODS:
    case MetricUnit.DAYS:
      return count(value);
    default:
      return ratio(value);
  }
}
