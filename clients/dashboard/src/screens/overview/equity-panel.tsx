/** The equity curve. */
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";
import { useState, type ReactElement } from "react";
import { EquityChart } from "../../charts/equity-chart";
import { useEquity, type Measure } from "../../data/use-equity";
import { Panel } from "../../ui/panel";
import { Segments } from "../../ui/segments";
import { Empty, Failure, Loading } from "../../ui/states";

const MEASURES = { equity: "Equity", profit: "Profit" } as const;

/** Equity of the account, or profit of the account or strategy. */
export function EquityPanel(props: { readonly row: ProfitAndLoss | undefined }): ReactElement {
  const { row } = props;
  const [asked, setMeasure] = useState<Measure>("equity");
  const measure: Measure = row && !row.equity ? "profit" : asked;
  const curve = useEquity(row, measure);
  const points = curve.data ?? [];
  return (
    <Panel
      title={MEASURES[measure]}
      aside={row?.equity && <Segments label="Curve" options={MEASURES} value={asked} choose={setMeasure} />}
      foot={`${row?.currency ?? ""} over market time (UTC), sampled by the deck and continued live`}
    >
      {curve.error && !curve.data && <Failure error={curve.error} retry={curve.refresh} />}
      {!curve.error && !curve.data && row && <Loading lines={7} />}
      {(curve.data ?? !row) && points.length < 2 && (
        <Empty title="Nothing to draw yet">The curve begins with the first valuation of the account.</Empty>
      )}
      {points.length >= 2 && (
        <EquityChart points={points} name={row?.currency ?? ""} label={`${MEASURES[measure]} over market time`} />
      )}
    </Panel>
  );
}
