/** Exact numbers: `google.type.Decimal`, and the scaled integers of columns. */
import type { Decimal } from "./gen/google/type/decimal_pb.js";

/** An exact number: `units` × 10^−`scale`. */
export interface Fixed {
  readonly units: bigint;
  readonly scale: number;
}

const PLAIN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Read a decimal; throws a RangeError for text that is not a number. */
export function fixedOf(decimal: Decimal | string | undefined): Fixed {
  const text = typeof decimal === "string" ? decimal : (decimal?.value ?? "");
  const match = PLAIN.exec(text);
  const [whole, fraction] = [match?.[2] ?? "", match?.[3] ?? ""];
  if (!match || whole + fraction === "") throw new RangeError(`not a decimal: "${text}"`);
  const units = BigInt(whole + fraction) * (match[1] === "-" ? -1n : 1n);
  return withExponent(units, fraction.length - Number(match[4] ?? 0));
}

/** Make an exact number of a scaled integer of a column. */
export function scaled(units: bigint, scale: number): Fixed {
  return { units, scale };
}

/** The nearest double, for charts and colours, never for money that is booked. */
export function toNumber(value: Fixed): number {
  return Number(toText(value));
}

/** Plain notation with every digit. */
export function toText({ units, scale }: Fixed): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : digits;
  return units < 0n ? `-${text}` : text;
}

/** Add exactly. */
export function add(a: Fixed, b: Fixed): Fixed {
  const scale = Math.max(a.scale, b.scale);
  return { units: rescale(a, scale) + rescale(b, scale), scale };
}

/** Subtract exactly. */
export function subtract(a: Fixed, b: Fixed): Fixed {
  return add(a, { units: -b.units, scale: b.scale });
}

/** Round half away from zero to so many digits after the point. */
export function round(value: Fixed, digits: number): Fixed {
  if (value.scale <= digits) return { units: rescale(value, digits), scale: digits };
  const divisor = 10n ** BigInt(value.scale - digits);
  const magnitude = value.units < 0n ? -value.units : value.units;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return { units: value.units < 0n ? -rounded : rounded, scale: digits };
}

/** Below zero, zero or above: −1, 0 or 1. */
export function sign({ units }: Fixed): -1 | 0 | 1 {
  if (units === 0n) return 0;
  return units < 0n ? -1 : 1;
}

function rescale(value: Fixed, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}

function withExponent(units: bigint, scale: number): Fixed {
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}
