/** Profit and loss: a sign, a colour, and never the colour alone. */
import { round, sign, type Fixed } from "@quarterdeck/client";
import type { ReactElement } from "react";
import { percent, signed } from "../format/number";

/** The class for a value above or below zero. */
function toneOf(direction: number): string {
  if (direction === 0) return "";
  return direction > 0 ? "up" : "down";
}

/** An amount with its sign and colour. */
export function Profit(props: { readonly value: Fixed | undefined; readonly digits?: number }): ReactElement {
  const { value, digits = 2 } = props;
  const direction = value ? sign(round(value, digits)) : 0;
  return <span className={toneOf(direction)}>{signed(value, digits)}</span>;
}

/** A change in percent with its sign and colour. */
export function Change(props: { readonly fraction: number | undefined }): ReactElement {
  const { fraction } = props;
  return <span className={toneOf(Math.sign(fraction ?? 0))}>{percent(fraction)}</span>;
}
