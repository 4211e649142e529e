/** One instrument: its price, its bars, what was traded. */
import { msOf, toNumber } from "@quarterdeck/client";
import type { Instrument } from "@quarterdeck/client/api/marketdata/v1/instrument";
import type { InstrumentStatus } from "@quarterdeck/client/api/marketdata/v1/status";
import type { Fill } from "@quarterdeck/client/api/trading/v1/fill";
import { OrderSide } from "@quarterdeck/client/api/trading/v1/order";
import { useTradeUpdates } from "@quarterdeck/client/react";
import { useMemo, type ReactElement } from "react";
import { PriceChart, type DayFill } from "../../charts/price-chart";
import type { Quote } from "../../data/quotes";
import { useDayBars, useFormingBar } from "../../data/use-bars";
import { useNow } from "../../data/use-now";
import { exact, grouped, NOTHING, quantity } from "../../format/number";
import { duration, marketDay, marketTime } from "../../format/time";
import { Change } from "../../ui/amount";
import { Badge } from "../../ui/badge";
import { Flash } from "../../ui/flash";
import { Panel } from "../../ui/panel";
import { Empty, Failure, Loading } from "../../ui/states";
import { PhaseBadge } from "./phase-badge";
import { TopicBadges } from "./topic-badges";
import { changeOf } from "./watch-list";

interface Props {
  readonly instrument: Instrument;
  readonly quote: Quote | undefined;
  readonly close: number | undefined;
  readonly status: InstrumentStatus | undefined;
}

/** The instrument in detail. */
export function InstrumentPanel(props: Props): ReactElement {
  const { instrument, quote } = props;
  const name = instrument.instrument;
  const bars = useDayBars(name);
  const forming = useFormingBar(name, quote);
  const { fills } = useTradeUpdates();
  const marks = useMemo(() => dayFills(fills.filter((f) => f.instrument === name)), [fills, name]);
  const now = useNow(500);
  const derived = instrument.syntheticMicrostructure && (
    <Badge tone="accent" title={instrument.provenance}>
      Derived quotes
    </Badge>
  );
  return (
    <Panel
      title={instrument.displayName || name}
      badges={
        <>
          <span className="count">{name}</span>
          {derived}
          <PhaseBadge status={props.status} />
          <TopicBadges view={quote?.view} now={now} />
        </>
      }
      aside={`daily bars, ${instrument.currency}`}
      foot={<Provenance instrument={instrument} />}
    >
      <QuoteHead {...props} now={now} />
      {bars.error && !bars.data && <Failure error={bars.error} retry={bars.refresh} />}
      {!bars.data && !bars.error && <Loading lines={8} />}
      {bars.data && bars.data.length === 0 && !forming && (
        <Empty title="No bars yet">The first appears when a day of the market closes.</Empty>
      )}
      {bars.data && (bars.data.length > 0 || forming) && (
        <PriceChart
          instrument={name}
          bars={bars.data}
          forming={forming}
          fills={marks}
          precision={instrument.pricePrecision}
        />
      )}
    </Panel>
  );
}

function QuoteHead(props: Props & { readonly now: number }): ReactElement {
  const { quote, close, now, instrument } = props;
  const received = quote?.view.receivedAt;
  const digits = instrument.pricePrecision;
  return (
    <div className="quote-head">
      <div>
        <div className="price">
          {quote ? <Flash value={toNumber(quote.mid)}>{grouped(quote.mid, digits)}</Flash> : NOTHING}
        </div>
        <Change fraction={changeOf(quote, close)} /> <span className="muted">middle, since the last close</span>
      </div>
      <dl>
        <Fact name="Bid">{quote && `${grouped(quote.bid, digits)} × ${quantity(quote.bidSize)}`}</Fact>
        <Fact name="Ask">{quote && `${grouped(quote.ask, digits)} × ${quantity(quote.askSize)}`}</Fact>
        <Fact name="Last close">{close?.toFixed(digits)}</Fact>
        <Fact name="Market time (UTC)">{quote && marketTime(quote.eventTimeMs)}</Fact>
        <Fact name="Received">{received !== undefined && `${duration(now - received)} ago`}</Fact>
      </dl>
    </div>
  );
}

function Fact(props: { readonly name: string; readonly children: string | false | undefined }): ReactElement {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children || NOTHING}</dd>
    </div>
  );
}

function Provenance(props: { readonly instrument: Instrument }): ReactElement {
  const { provenance, syntheticMicrostructure } = props.instrument;
  return (
    <>
      {provenance || "No provenance is given."}
      {syntheticMicrostructure && " Prices between the bars are derived from them, not observed."} The bar of
      the open day is drawn from the middles of its quotes.
    </>
  );
}

/** One mark for what was bought and one for what was sold on a day. */
export function dayFills(fills: readonly Fill[]): DayFill[] {
  const sums = new Map<string, { day: string; bought: boolean; sum: number }>();
  for (const fill of fills) {
    const day = marketDay(msOf(fill.eventTime) ?? 0);
    const bought = fill.side === OrderSide.BUY;
    const size = exact(fill.quantity);
    const known = sums.get(`${day}${bought}`);
    const sum = (known?.sum ?? 0) + (size ? toNumber(size) : 0);
    sums.set(`${day}${bought}`, { day, bought, sum });
  }
  return [...sums.values()]
    .sort((a, b) => (a.day < b.day ? -1 : 1))
    .map(({ day, bought, sum }) => ({ day, bought, text: `${bought ? "B" : "S"} ${sum.toLocaleString("en-US")}` }));
}
