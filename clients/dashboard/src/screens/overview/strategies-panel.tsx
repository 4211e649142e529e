/** What each strategy earned. */
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";
import type { ReactElement } from "react";
import { exact, grouped } from "../../format/number";
import { Profit } from "../../ui/amount";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";

/** The strategies of an account. */
export function StrategiesPanel(props: {
  readonly rows: readonly ProfitAndLoss[];
  readonly account: string;
}): ReactElement {
  const rows = props.rows.filter((row) => row.strategy && row.account === props.account);
  return (
    <Panel title="Strategies" count={rows.length}>
      {rows.length === 0 && <Empty title="No strategy has traded yet" />}
      <ul className="strategies">
        {rows.map((row) => (
          <li key={row.strategy}>
            <span className="row">
              <b>{row.strategy}</b>
              <Profit value={exact(row.totalProfit)} />
            </span>
            <span className="row muted">
              <span>
                {row.openPositions} open · gross {grouped(exact(row.grossExposure), 0)}
              </span>
              <span>{row.currency}</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
