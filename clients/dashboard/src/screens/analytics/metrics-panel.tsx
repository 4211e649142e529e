/** All metrics with what they mean. */
import type { Estimate, Metric } from "@quarterdeck/client/api/analytics/v1/estimate";
import { MetricUnit } from "@quarterdeck/client/api/analytics/v1/estimate";
import type { Performance } from "@quarterdeck/client/api/analytics/v1/performance";
import type { ComputePerformanceResponse } from "@quarterdeck/client/api/analytics/v1/performance_service";
import type { ReactElement } from "react";
import { inUnit } from "../../format/estimate";
import { count } from "../../format/number";
import { Badge } from "../../ui/badge";
import { EstimateText } from "../../ui/estimate";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Table, type Column } from "../../ui/table";

/** The metrics of a report, the newest that the stream brought where there are any. */
export function MetricsPanel(props: {
  readonly report: ComputePerformanceResponse;
  readonly live: Performance | undefined;
}): ReactElement {
  const { report, live } = props;
  const metrics = withReturn(report.performance);
  const now = new Map(live?.metrics.map((metric) => [metric.name, metric.estimate]));
  const { riskFree, periodsPerYear } = report.performance?.conventions ?? {};
  const unmatched = report.performance?.unmatchedDays ?? 0n;
  const rate = riskFree?.case === "riskFreeRate" ? `${(riskFree.value * 100).toFixed(2)} %` : riskFree?.value;
  return (
    <Panel
      title="Metrics"
      count={metrics.length}
      badges={live ? <Badge tone="good">live</Badge> : undefined}
      foot={
        `${periodsPerYear ?? 252} periods a year, risk-free ${rate ?? "0 %"}, returns without deposits` +
        (unmatched > 0n ? `; ${count(unmatched)} ${unmatched === 1n ? "day" : "days"} left out that one side lacks` : "")
      }
    >
      {metrics.length === 0 ? (
        <Empty title="No metric yet" />
      ) : (
        <Table
          caption="Metrics of performance"
          columns={columns(now)}
          rows={metrics}
          rowKey={(metric) => metric.name}
          maxHeight="760px"
        />
      )}
    </Panel>
  );
}

function columns(now: ReadonlyMap<string, Estimate | undefined>): readonly Column<Metric>[] {
  const estimate = (metric: Metric): Estimate | undefined => now.get(metric.name) ?? metric.estimate;
  return [
    { head: "Metric", cell: (metric) => <b>{metric.title}</b> },
    {
      head: "Value",
      cell: (metric) => (
        <EstimateText estimate={estimate(metric)} format={(value) => inUnit(value, metric.unit)} />
      ),
      number: true,
    },
    { head: "Of", cell: (metric) => count(estimate(metric)?.count), number: true, wide: true },
    {
      head: "Definition",
      cell: (metric) => (
        <span className="definition" title={metric.source}>
          {metric.formula}
        </span>
      ),
      wide: true,
    },
  ];
}

/** The money-weighted return stands apart in the answer, and beside the others for who reads it. */
function withReturn(performance: Performance | undefined): Metric[] {
  const metrics = [...(performance?.metrics ?? [])];
  const estimate = performance?.moneyWeightedReturn;
  const first = metrics[0];
  if (!estimate || !first) return metrics;
  const own: Metric = {
    ...first,
    name: "money_weighted_return",
    title: "Money-weighted return",
    unit: MetricUnit.FRACTION_A_YEAR,
    formula: "XIRR, Act/365",
    source: "GIPS",
    estimate,
  };
  return [first, own, ...metrics.slice(1)];
}
