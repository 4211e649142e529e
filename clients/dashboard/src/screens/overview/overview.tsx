/** What was earned, what is held, what happens. */
import { usePortfolio, useTradeUpdates } from "@quarterdeck/client/react";
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";
import { useState, type ReactElement } from "react";
import { usePricePrecision } from "../../data/use-instruments";
import { useNow } from "../../data/use-now";
import { duration, marketTime } from "../../format/time";
import { msOf } from "@quarterdeck/client";
import { Badge } from "../../ui/badge";
import { Empty, Failure, Loading } from "../../ui/states";
import { EquityPanel } from "./equity-panel";
import { NoticesPanel } from "./notices-panel";
import { PositionsPanel } from "./positions-panel";
import { ProfitTiles } from "./profit-tiles";
import { StrategiesPanel } from "./strategies-panel";
import { keyOf, ScopeMenu } from "../scope-menu";
import { FillsPanel, OrdersPanel } from "../trades-panels";

/** The overview. */
export default function Overview(): ReactElement {
  const portfolio = usePortfolio();
  const [chosen, setChosen] = useState("");
  const row = portfolio.profit.find((p) => keyOf(p) === chosen) ?? portfolio.profit.find((p) => !p.strategy);
  const scope = { account: row?.account ?? "", strategy: row?.strategy ?? "" };

  if (portfolio.link.state === "failed" && portfolio.link.error) return <Failure error={portfolio.link.error} />;
  if (!portfolio.loaded) return <Loading lines={8} />;
  return (
    <>
      <div className="page-head">
        <h1>Overview</h1>
        <div className="controls">
          <Freshness receivedAt={portfolio.receivedAt} live={portfolio.link.state === "live"} row={row} />
          <ScopeMenu rows={portfolio.profit} value={row && keyOf(row)} choose={setChosen} />
        </div>
      </div>
      {row ? (
        <ProfitTiles row={row} />
      ) : (
        <section className="panel">
          <Empty title="No account yet">An account appears with the first node that registers.</Empty>
        </section>
      )}
      <div className="overview-top">
        <EquityPanel row={row} />
        <div className="side">
          <StrategiesPanel rows={portfolio.profit} account={scope.account} />
          <NoticesPanel />
        </div>
      </div>
      <PositionsPanel
        positions={portfolio.positions.filter((p) => inScope(p, scope))}
        receivedAt={portfolio.receivedAt}
      />
      <Trades scope={scope} />
    </>
  );
}

interface Scope {
  readonly account: string;
  readonly strategy: string;
}

function inScope(row: Scope, scope: Scope): boolean {
  const account = !scope.account || row.account === scope.account;
  return account && (!scope.strategy || row.strategy === scope.strategy);
}

function Trades(props: { readonly scope: Scope }): ReactElement {
  const updates = useTradeUpdates();
  const precision = usePricePrecision();
  const mine = <T extends Scope>(rows: readonly T[]): T[] => rows.filter((r) => inScope(r, props.scope));
  const view = { ...updates, orders: mine(updates.orders), fills: mine(updates.fills) };
  return (
    <div className="halves">
      <OrdersPanel updates={view} precision={precision} />
      <FillsPanel updates={view} precision={precision} />
    </div>
  );
}

/** How old what is shown is, in both kinds of time. */
function Freshness(props: {
  readonly receivedAt: number | undefined;
  readonly live: boolean;
  readonly row: ProfitAndLoss | undefined;
}): ReactElement {
  const now = useNow(500);
  const { receivedAt, live, row } = props;
  return (
    <span className="muted">
      {!live && <Badge tone="bad">NOT LIVE</Badge>} valued at market time{" "}
      <b>{marketTime(msOf(row?.eventTime))} UTC</b>
      {receivedAt !== undefined && ` · heard ${duration(now - receivedAt)} ago`}
    </span>
  );
}
