/** A part of a screen with a title. */
import type { ReactElement, ReactNode } from "react";

/** A titled box; `aside` stands at the end of its head. */
export function Panel(props: {
  readonly title: string;
  readonly count?: number | undefined;
  readonly badges?: ReactNode;
  readonly aside?: ReactNode;
  readonly padded?: boolean;
  readonly foot?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <section className="panel" aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.count !== undefined && <span className="count">{props.count}</span>}
        {props.badges}
        {props.aside && <div className="aside">{props.aside}</div>}
      </header>
      <div className={props.padded ? "panel-body padded" : "panel-body"}>{props.children}</div>
      {props.foot && <div className="chart-note">{props.foot}</div>}
    </section>
  );
}
