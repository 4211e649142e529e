/** What one unit of capital became, and how far it was below its peak. */
import type { ComputePerformanceResponse } from "@quarterdeck/client/api/analytics/v1/performance_service";
import { useMemo, type ReactElement } from "react";
import { DaysChart, type Line } from "../../charts/days-chart";
import { curveOf } from "../../data/use-performance";
import type { Query } from "../../data/use-query";
import { percent } from "../../format/number";
import { Outdated } from "../../ui/answer";
import { Badge } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";

type Report = Query<ComputePerformanceResponse | undefined>;

/** Growth, beside the benchmark's, above drawdowns. */
export function GrowthPanel(props: {
  readonly report: Report;
  readonly benchmark: string;
  readonly other: Report;
}): ReactElement {
  const { report, benchmark, other } = props;
  const own = useMemo(() => curveOf(report.data), [report.data]);
  const theirs = useMemo(() => (benchmark ? curveOf(other.data) : undefined), [benchmark, other.data]);
  const growth = useMemo<Line[]>(() => {
    const first = own ? [{ name: "growth", days: own.days, values: own.growth }] : [];
    return theirs ? [...first, { name: benchmark, days: theirs.days, values: theirs.growth }] : first;
  }, [own, theirs, benchmark]);
  const drawdown = useMemo<Line[]>(
    () => (own ? [{ name: "drawdown", days: own.days, values: own.drawdown }] : []),
    [own],
  );
  const amount = useMemo(() => growthFormat(growth), [growth]);
  const depth = useMemo(() => depthFormat(own?.drawdown ?? []), [own]);
  const beside = theirs ? ` (dashed: ${benchmark})` : "";
  return (
    <Panel
      title="Growth and drawdown"
      badges={
        <>
          <Outdated query={report} />
          {other.error && <Badge tone="warn" title={other.error.message}>no benchmark</Badge>}
        </>
      }
      foot={`One unit of capital${beside}, and below it the distance from the peak`}
    >
      {!own ? (
        <Empty title="Nothing to draw yet">A curve begins with the first finished day.</Empty>
      ) : (
        <div className="charts">
          <DaysChart label={`Growth of one unit over days${beside}`} lines={growth} format={amount} />
          <DaysChart label="Drawdown over days" lines={drawdown} format={depth} below low />
        </div>
      )}
    </Panel>
  );
}

/** Labels of an axis that spans little would be equal with few digits. */
function depthFormat(drawdowns: readonly number[]): (value: number) => string {
  const deepest = Math.min(0, ...drawdowns);
  const digits = deepest > -0.005 ? 2 : deepest > -0.05 ? 1 : 0;
  return (value) => percent(value, digits);
}

function growthFormat(lines: readonly Line[]): (value: number) => string {
  const values = lines.flatMap((line) => line.values);
  const span = Math.max(...values) - Math.min(...values);
  const digits = span < 0.01 ? 4 : span < 0.1 ? 3 : 2;
  return (value) => value.toFixed(digits);
}
