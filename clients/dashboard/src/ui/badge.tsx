/** A word on a coloured ground. */
import type { ReactElement, ReactNode } from "react";

/** What a badge means. */
export type Tone = "plain" | "good" | "warn" | "bad" | "accent";

/** A word that stands out. */
export function Badge(props: {
  readonly tone?: Tone;
  readonly title?: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <span className={`badge ${props.tone ?? "plain"}`} title={props.title}>
      {props.children}
    </span>
  );
}
