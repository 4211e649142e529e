/** Every instrument with its best bid and offer. */
import { toNumber } from "@quarterdeck/client";
import type { Instrument } from "@quarterdeck/client/api/marketdata/v1/instrument";
import type { ReactElement } from "react";
import type { InstrumentStatus } from "@quarterdeck/client/api/marketdata/v1/status";
import type { Phases } from "../../data/phases";
import type { Quote } from "../../data/quotes";
import { useNow } from "../../data/use-now";
import { grouped, NOTHING } from "../../format/number";
import { hrefOf } from "../../route";
import { Change } from "../../ui/amount";
import { Flash } from "../../ui/flash";
import { Panel } from "../../ui/panel";
import { Table, type Column } from "../../ui/table";
import { PhaseBadge } from "./phase-badge";
import { TopicBadges } from "./topic-badges";

interface Row {
  readonly instrument: Instrument;
  readonly quote: Quote | undefined;
  readonly close: number | undefined;
  readonly status: InstrumentStatus | undefined;
}

/** The watch list. */
export function WatchList(props: {
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly quotes: ReadonlyMap<string, Quote>;
  readonly closes: ReadonlyMap<string, number>;
  readonly phases: Phases;
  readonly selected: string;
}): ReactElement {
  const rows = [...props.instruments.values()].map((instrument) => ({
    instrument,
    quote: props.quotes.get(instrument.instrument),
    close: props.closes.get(instrument.instrument),
    status: props.phases.get(instrument.instrument),
  }));
  const now = useNow(1_000);
  return (
    <Panel title="Watch list" count={rows.length} aside="change since the last close">
      <Table
        caption="Watch list"
        columns={columns(now)}
        rows={rows}
        rowKey={(row) => row.instrument.instrument}
        selected={props.selected}
      />
    </Panel>
  );
}

/** How far the middle is from the last close. */
export function changeOf(quote: Quote | undefined, close: number | undefined): number | undefined {
  return quote && close ? toNumber(quote.mid) / close - 1 : undefined;
}

function columns(now: number): readonly Column<Row>[] {
  return [
    { head: "Instrument", cell: (row) => <Name row={row} now={now} /> },
    { head: "Bid", cell: ({ quote }) => <Price quote={quote} side="bid" />, number: true },
    { head: "Ask", cell: ({ quote }) => <Price quote={quote} side="ask" />, number: true },
    {
      head: "Last close",
      cell: ({ close, instrument }) => close?.toFixed(instrument.pricePrecision) ?? NOTHING,
      number: true,
      wide: true,
    },
    { head: "Change", cell: ({ quote, close }) => <Change fraction={changeOf(quote, close)} />, number: true },
  ];
}

function Name(props: { readonly row: Row; readonly now: number }): ReactElement {
  const { instrument, quote, status } = props.row;
  return (
    <a className="instrument-link" href={hrefOf("market", instrument.instrument)}>
      <span>
        <b>{instrument.instrument}</b> <PhaseBadge status={status} /> <TopicBadges view={quote?.view} now={props.now} />
      </span>
      <small>{instrument.displayName}</small>
    </a>
  );
}

function Price(props: { readonly quote: Quote | undefined; readonly side: "bid" | "ask" }): ReactElement {
  const price = props.quote?.[props.side];
  if (!price) return <span className="muted">{NOTHING}</span>;
  return <Flash value={toNumber(price)}>{grouped(price, price.scale)}</Flash>;
}
