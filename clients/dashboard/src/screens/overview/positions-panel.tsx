/** What is held. */
import { sign, type PositionRow } from "@quarterdeck/client";
import { useMarketData } from "@quarterdeck/client/react";
import { useState, type ReactElement } from "react";
import { quoteOf, QUOTES } from "../../data/quotes";
import { usePricePrecision } from "../../data/use-instruments";
import { grouped, quantity } from "../../format/number";
import { hrefOf } from "../../route";
import { Profit } from "../../ui/amount";
import { Badge } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Segments } from "../../ui/segments";
import { Empty } from "../../ui/states";
import { Table, type Column } from "../../ui/table";

const SHOWN = { open: "Open", all: "All" } as const;

/** The positions, live. */
export function PositionsPanel(props: {
  readonly positions: readonly PositionRow[];
  readonly receivedAt: number | undefined;
}): ReactElement {
  const [shown, setShown] = useState<keyof typeof SHOWN>("open");
  const rows = props.positions.filter((p) => shown === "all" || sign(p.quantity) !== 0);
  const columns = useColumns();
  return (
    <Panel
      title="Positions"
      count={rows.length}
      aside={<Segments label="Positions shown" options={SHOWN} value={shown} choose={setShown} />}
    >
      {rows.length === 0 ? (
        <Empty title={shown === "open" ? "No open position" : "No position yet"}>
          A position appears with the first fill of a strategy.
        </Empty>
      ) : (
        <Table caption="Positions" columns={columns} rows={rows} rowKey={keyOf} maxHeight="420px" />
      )}
    </Panel>
  );
}

function useColumns(): readonly Column<PositionRow>[] {
  const digits = usePricePrecision();
  const stale = useStale();
  return [
    {
      head: "Instrument",
      cell: (p) => (
        <a href={hrefOf("market", p.instrument)}>
          <b>{p.instrument}</b>
        </a>
      ),
    },
    { head: "Strategy", cell: (p) => p.strategy, wide: true },
    { head: "Side", cell: (p) => <Side position={p} />, wide: true },
    { head: "Quantity", cell: (p) => quantity(p.quantity), number: true },
    { head: "Average", cell: (p) => grouped(p.averagePrice, digits(p.instrument)), number: true, wide: true },
    { head: "Mark", cell: (p) => <Mark position={p} digits={digits(p.instrument)} stale={stale} />, number: true },
    { head: "Value", cell: (p) => grouped(p.marketValue, 2), number: true, wide: true },
    { head: "Unrealised", cell: (p) => <Profit value={p.unrealisedProfit} />, number: true },
    { head: "Realised", cell: (p) => <Profit value={p.realisedProfit} />, number: true, wide: true },
    { head: "Fees", cell: (p) => grouped(p.fees, 2), number: true, wide: true },
    { head: "Currency", cell: (p) => <span className="muted">{p.currency}</span>, wide: true },
  ];
}

function useStale(): (instrument: string) => boolean {
  const views = [...useMarketData(QUOTES).values()].filter(({ stale }) => stale !== undefined);
  const names = new Set(views.map((view) => quoteOf(view)?.instrument));
  return (instrument) => names.has(instrument);
}

function Mark(props: {
  readonly position: PositionRow;
  readonly digits: number;
  readonly stale: (instrument: string) => boolean;
}): ReactElement {
  const { instrument, markPrice } = props.position;
  if (!markPrice) return <Badge tone="warn">no price</Badge>;
  return (
    <>
      {props.stale(instrument) && <Badge tone="warn">STALE</Badge>} {grouped(markPrice, props.digits)}
    </>
  );
}

function Side(props: { readonly position: PositionRow }): ReactElement {
  const direction = sign(props.position.quantity);
  if (direction === 0) return <Badge>Flat</Badge>;
  return direction > 0 ? <Badge tone="good">Long</Badge> : <Badge tone="bad">Short</Badge>;
}

function keyOf({ account, strategy, instrument }: PositionRow): string {
  return `${account}/${strategy}/${instrument}`;
}
