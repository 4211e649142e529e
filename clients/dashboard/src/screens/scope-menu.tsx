/** Which account or strategy is looked at. */
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";
import type { ReactElement } from "react";

/** The key of an account or strategy. */
export function keyOf({ account, strategy }: ProfitAndLoss): string {
  return `${account}/${strategy}`;
}

/** A menu of accounts and strategies; nothing without any. */
export function ScopeMenu(props: {
  readonly rows: readonly ProfitAndLoss[];
  readonly value: string | undefined;
  readonly choose: (key: string) => void;
}): ReactElement | null {
  if (props.rows.length === 0) return null;
  return (
    <select
      className="select"
      aria-label="Account and strategy"
      value={props.value}
      onChange={(change) => props.choose(change.target.value)}
    >
      {props.rows.map((row) => (
        <option key={keyOf(row)} value={keyOf(row)}>
          {row.strategy ? `${row.account} · ${row.strategy}` : `${row.account} · whole account`}
        </option>
      ))}
    </select>
  );
}
