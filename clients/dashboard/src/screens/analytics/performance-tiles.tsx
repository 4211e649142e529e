/** The few numbers of a performance that are looked at first. */
import type { Metric } from "@quarterdeck/client/api/analytics/v1/estimate";
import type { Performance } from "@quarterdeck/client/api/analytics/v1/performance";
import type { ComputePerformanceResponse } from "@quarterdeck/client/api/analytics/v1/performance_service";
import type { ReactElement } from "react";
import { inUnit } from "../../format/estimate";
import { count } from "../../format/number";
import { Change } from "../../ui/amount";
import { EstimateText } from "../../ui/estimate";
import { Tile, Tiles } from "../../ui/tile";

const FIRST = ["total_return", "annual_return", "annual_volatility", "sharpe_ratio", "max_drawdown"];

/** The first metrics, and the day that is not over. */
export function PerformanceTiles(props: {
  readonly report: ComputePerformanceResponse;
  readonly live: Performance | undefined;
}): ReactElement {
  const { report, live } = props;
  const metrics = new Map(report.performance?.metrics.map((metric) => [metric.name, metric]));
  const found = FIRST.map((name) => metrics.get(name)).filter((one): one is Metric => one !== undefined);
  const now = new Map(live?.metrics.map((metric) => [metric.name, metric.estimate]));
  const today = live?.provisionalDay;
  return (
    <Tiles label="Performance">
      {found.map((metric) => (
        <Tile key={metric.name} label={metric.title} main={metric.name === "total_return"}>
          <EstimateText
            estimate={now.get(metric.name) ?? metric.estimate}
            format={(value) => inUnit(value, metric.unit)}
          />
        </Tile>
      ))}
      <Tile label="Today so far" hint={today ? "not over, and counted so far" : "no live profit yet"}>
        <Change fraction={today?.returnSoFar} />
      </Tile>
      <Tile label="Days" hint={period(live ?? report.performance)}>
        {count(live?.count ?? report.performance?.count)}
      </Tile>
    </Tiles>
  );
}

function period(performance: Performance | undefined): string {
  if (!performance?.startDate || !performance.endDate) return "no day yet";
  const [start, end] = [performance.startDate, performance.endDate].map(
    ({ year, month, day }) => `${year}-${two(month)}-${two(day)}`,
  );
  return `${start} to ${end}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
