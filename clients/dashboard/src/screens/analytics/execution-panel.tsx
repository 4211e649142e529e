/** How well orders were executed, by instrument. */
import { ExecutionKey, type ExecutionQuality } from "@quarterdeck/client/api/analytics/v1/execution";
import { useQuarterdeck } from "@quarterdeck/client/react";
import { useCallback, type ReactElement } from "react";
import type { Portfolio } from "../../data/use-performance";
import { useQuery } from "../../data/use-query";
import { ratio } from "../../format/estimate";
import { count } from "../../format/number";
import { Answer, Outdated } from "../../ui/answer";
import { EstimateText } from "../../ui/estimate";
import { Panel } from "../../ui/panel";
import { Table, type Column } from "../../ui/table";

/** Execution quality, a cost above zero. */
export function ExecutionPanel(props: { readonly portfolio: Portfolio }): ReactElement {
  const { account, strategy } = props.portfolio;
  const { execution } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const request = { scope: { account, strategy }, groupBy: ExecutionKey.INSTRUMENT };
      return (await execution.computeQuality(request, { signal })).qualities;
    },
    [execution, account, strategy],
  );
  const query = useQuery(ask, 30_000);
  return (
    <Panel
      title="Execution"
      count={query.data?.length}
      badges={<Outdated query={query} />}
      foot="Costs in basis points of the value traded; below zero was better than the market"
    >
      <Answer query={query} empty="No order yet">
        {(rows) => (
          <Table
            caption="Execution quality by instrument"
            columns={COLUMNS}
            rows={rows}
            rowKey={(one) => `${one.group}/${one.currency}`}
          />
        )}
      </Answer>
    </Panel>
  );
}

function bps(read: (one: ExecutionQuality) => ExecutionQuality["arrivalSlippageBps"]) {
  return (one: ExecutionQuality): ReactElement => <EstimateText estimate={read(one)} format={ratio} />;
}

const SHARE = (value: number): string => `${(value * 100).toFixed(0)} %`;

const COLUMNS: readonly Column<ExecutionQuality>[] = [
  { head: "Instrument", cell: (one) => <b>{one.group}</b> },
  { head: "Orders", cell: (one) => count(one.orders), number: true },
  { head: "Shortfall", cell: bps((one) => one.shortfall?.totalBps), number: true },
  { head: "Arrival", cell: bps((one) => one.arrivalSlippageBps), number: true },
  { head: "VWAP", cell: bps((one) => one.vwapSlippageBps), number: true, wide: true },
  {
    head: "Filled",
    cell: (one) => <EstimateText estimate={one.fillRatio} format={SHARE} />,
    number: true,
    wide: true,
  },
];
