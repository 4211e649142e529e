/** One number that matters. */
import type { ReactElement, ReactNode } from "react";

/** A label, a value and a hint; inside a `Tiles`. */
export function Tile(props: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly main?: boolean;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className={props.main ? "tile main" : "tile"}>
      <dt>{props.label}</dt>
      <dd>{props.children}</dd>
      {props.hint !== undefined && <small>{props.hint}</small>}
    </div>
  );
}

/** Numbers that belong together. */
export function Tiles(props: { readonly children: ReactNode; readonly label: string }): ReactElement {
  return (
    <dl className="tiles" aria-label={props.label}>
      {props.children}
    </dl>
  );
}
