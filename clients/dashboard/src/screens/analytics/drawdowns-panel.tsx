/** The deepest times under water. */
import type { Drawdown } from "@quarterdeck/client/api/analytics/v1/performance";
import type { ReactElement } from "react";
import { count, percent } from "../../format/number";
import { Badge } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Table, type Column } from "../../ui/table";

type Day = Drawdown["peakDate"];

/** Drawdowns, deepest first. */
export function DrawdownsPanel(props: { readonly drawdowns: readonly Drawdown[] }): ReactElement {
  const { drawdowns } = props;
  return (
    <Panel title="Deepest drawdowns" count={drawdowns.length}>
      {drawdowns.length === 0 ? (
        <Empty title="Never below its peak" />
      ) : (
        <Table caption="Deepest drawdowns, deepest first" columns={COLUMNS} rows={drawdowns} rowKey={keyOf} />
      )}
    </Panel>
  );
}

const COLUMNS: readonly Column<Drawdown>[] = [
  { head: "Depth", cell: (one) => <span className="down">{percent(one.depth)}</span> },
  { head: "Peak", cell: (one) => <small>{dayOf(one.peakDate)}</small> },
  {
    head: "Recovered",
    cell: (one) =>
      one.recoveryDate ? <small>{dayOf(one.recoveryDate)}</small> : <Badge tone="warn">not yet</Badge>,
  },
  { head: "Days", cell: (one) => count(one.days), number: true },
];

function keyOf(one: Drawdown): string {
  return `${dayOf(one.peakDate)}/${dayOf(one.troughDate)}`;
}

function dayOf(day: Day): string {
  if (!day) return "";
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${day.year}-${two(day.month)}-${two(day.day)}`;
}
