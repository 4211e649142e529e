/** Names with values. */
import type { ReactElement } from "react";
import { NOTHING } from "../format/number";

/** A name and its value; without a value a dash is shown. */
export type Fact = readonly [string, string | undefined];

/** A list of facts in columns. */
export function Facts(props: { readonly facts: readonly Fact[] }): ReactElement {
  return (
    <dl className="facts">
      {props.facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={value}>{value || NOTHING}</dd>
        </div>
      ))}
    </dl>
  );
}
