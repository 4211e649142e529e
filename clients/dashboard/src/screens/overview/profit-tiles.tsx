/** Profit and exposure in numbers. */
import type { ProfitAndLoss } from "@quarterdeck/client/api/trading/v1/portfolio";
import type { ReactElement } from "react";
import { exact, grouped } from "../../format/number";
import { Profit } from "../../ui/amount";
import { Badge } from "../../ui/badge";
import { Tile, Tiles } from "../../ui/tile";

/** The numbers of an account or of a strategy. */
export function ProfitTiles(props: { readonly row: ProfitAndLoss }): ReactElement {
  const { row } = props;
  return (
    <Tiles label="Profit and exposure">
      {row.equity && (
        <Tile label="Equity" hint={row.currency} main>
          {grouped(exact(row.equity), 2)}
        </Tile>
      )}
      <Tile label="Total profit" hint="after fees" main={!row.equity}>
        <Profit value={exact(row.totalProfit)} />
      </Tile>
      <Tile label="Unrealised" hint="open, at the present marks">
        <Profit value={exact(row.unrealisedProfit)} />
      </Tile>
      <Tile label="Realised" hint="closed, before fees">
        <Profit value={exact(row.realisedProfit)} />
      </Tile>
      <Tile label="Fees" hint="since the first fill">
        {grouped(exact(row.fees), 2)}
      </Tile>
      <Tile label="Gross exposure" hint={<Caveats row={row} />}>
        {grouped(exact(row.grossExposure), 0)}
      </Tile>
      <Tile label="Net exposure" hint={netHint(row)}>
        {grouped(exact(row.netExposure), 0)}
      </Tile>
    </Tiles>
  );
}

function netHint({ openPositions }: ProfitAndLoss): string {
  return openPositions === 1 ? "1 open position" : `${openPositions} open positions`;
}

/** Numbers that leave something out say so. */
function Caveats(props: { readonly row: ProfitAndLoss }): ReactElement {
  const { unpricedInstruments: unpriced, missingRates: rates } = props.row;
  return (
    <>
      {unpriced.length + rates.length === 0 && "sum of absolute values"}
      {unpriced.length > 0 && (
        <Badge tone="warn" title={`Valued at the average price: ${unpriced.join(", ")}`}>
          {unpriced.length} without a price
        </Badge>
      )}
      {rates.length > 0 && (
        <Badge tone="bad" title={`Left out: ${rates.join(", ")}`}>
          {rates.length} without a rate
        </Badge>
      )}
    </>
  );
}
