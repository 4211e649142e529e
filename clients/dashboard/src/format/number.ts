/** Numbers as people read them: exact digits, grouped, with a sign where it matters. */
import { fixedOf, round, sign, toText, type Fixed } from "@quarterdeck/client";
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";

type Decimal = ProfitAndLoss["fees"];

/** What stands where there is no value. */
export const NOTHING = "–";
const MINUS = "\u2212";

/** Read a decimal of the wire; absent and empty ones are undefined. */
export function exact(decimal: Decimal | undefined): Fixed | undefined {
  return decimal?.value ? fixedOf(decimal) : undefined;
}

/** Group an exact number with so many digits after the point. */
export function grouped(value: Fixed | undefined, digits: number): string {
  if (!value) return NOTHING;
  const [whole = "", fraction] = toText(round(value, digits)).replace("-", "").split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
  return sign(round(value, digits)) < 0 ? MINUS + text : text;
}

/** As `grouped`, with a plus above zero. */
export function signed(value: Fixed | undefined, digits: number): string {
  if (!value) return NOTHING;
  return (sign(round(value, digits)) > 0 ? "+" : "") + grouped(value, digits);
}

/** A quantity with no more digits than it has. */
export function quantity(value: Fixed | undefined): string {
  if (!value) return NOTHING;
  const fraction = /\.(\d*?)0*$/.exec(toText(value))?.[1] ?? "";
  return grouped(value, fraction.length);
}

/** A fraction in percent, with a sign: 0.0123 → "+1.23 %". */
export function percent(fraction: number | undefined, digits = 2): string {
  if (fraction === undefined || !Number.isFinite(fraction)) return NOTHING;
  const text = Math.abs(fraction * 100).toFixed(digits);
  const zero = Number(text) === 0;
  if (zero) return `${text} %`;
  return `${fraction < 0 ? MINUS : "+"}${text} %`;
}

/** A whole number, grouped. */
export function count(value: number | bigint | undefined): string {
  return value === undefined ? NOTHING : value.toLocaleString("en-US");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes with a fitting unit. */
export function bytes(value: number | bigint | undefined): string {
  if (value === undefined) return NOTHING;
  let size = Number(value);
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? size.toFixed(0) : size.toFixed(1)} ${UNITS[unit]}`;
}

/** Milliseconds, with as many digits as say something. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return NOTHING;
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString("en-US")} ms`;
}
