/** What was earned, at which risk, and how well orders were executed. */
import { usePerformance, usePortfolio } from "@quarterdeck/client/react";
import { useEffect, useState, type ReactElement } from "react";
import { useInstruments } from "../../data/use-instruments";
import { useBenchmark, usePerformanceReport } from "../../data/use-performance";
import { Failure, Empty, Loading } from "../../ui/states";
import { keyOf, ScopeMenu } from "../scope-menu";
import { DrawdownsPanel } from "./drawdowns-panel";
import { ExecutionPanel } from "./execution-panel";
import { GrowthPanel } from "./growth-panel";
import { MetricsPanel } from "./metrics-panel";
import { PerformanceTiles } from "./performance-tiles";
import { RollingPanel } from "./rolling-panel";

/** The analytics of an account or strategy. */
export default function Analytics(): ReactElement {
  const portfolio = usePortfolio();
  const [chosen, setChosen] = useState("");
  const [benchmark, setBenchmark] = useState("");
  const rows = portfolio.profit;
  const row = rows.find((one) => keyOf(one) === chosen) ?? rows.find((one) => !one.strategy);
  const scope = { account: row?.account ?? "", strategy: row?.strategy ?? "" };
  const report = usePerformanceReport(scope, benchmark);
  const other = useBenchmark(benchmark, report.data);
  const live = usePerformance(scope.account, scope.strategy);
  const { data, refresh } = report;
  const isEmpty = data !== undefined && !data.columns?.days.length;
  // The first days show as soon as there are any.
  useEffect(() => {
    if (isEmpty && live?.count) refresh();
  }, [isEmpty, live?.count, refresh]);

  if (portfolio.link.state === "failed" && portfolio.link.error) return <Failure error={portfolio.link.error} />;
  if (!portfolio.loaded) return <Loading lines={8} />;
  return (
    <>
      <div className="page-head">
        <h1>Analytics</h1>
        <div className="controls">
          <BenchmarkMenu value={benchmark} choose={setBenchmark} />
          <ScopeMenu rows={rows} value={row && keyOf(row)} choose={setChosen} />
        </div>
      </div>
      {!row && <Empty title="No account yet">An account appears with the first node that registers.</Empty>}
      {row && report.error && !report.data && <Failure error={report.error} retry={report.refresh} />}
      {row && !report.error && !report.data && <Loading lines={8} />}
      {report.data && (
        <>
          <PerformanceTiles report={report.data} live={live} />
          <div className="overview-top">
            <GrowthPanel report={report} benchmark={benchmark} other={other} />
            <DrawdownsPanel drawdowns={report.data.drawdowns} />
          </div>
          <div className="halves">
            <MetricsPanel report={report.data} live={benchmark ? undefined : live} />
            <div className="stack">
              <RollingPanel portfolio={scope} />
              <ExecutionPanel portfolio={scope} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

function BenchmarkMenu(props: {
  readonly value: string;
  readonly choose: (instrument: string) => void;
}): ReactElement {
  const { data } = useInstruments();
  return (
    <select
      className="select"
      aria-label="Benchmark"
      value={props.value}
      onChange={(change) => props.choose(change.target.value)}
    >
      <option value="">No benchmark</option>
      {[...(data?.keys() ?? [])].sort().map((instrument) => (
        <option key={instrument} value={instrument}>
          against {instrument}
        </option>
      ))}
    </select>
  );
}
