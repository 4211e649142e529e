/** Prices: all instruments, and one of them in detail. */
import type { Instrument } from "@quarterdeck/client/api/marketdata/v1/instrument";
import { useMarketData, useTradeUpdates } from "@quarterdeck/client/react";
import { useMemo, type ReactElement } from "react";
import { quoteOf, QUOTES, type Quote } from "../../data/quotes";
import { usePhases } from "../../data/phases";
import { useCloses } from "../../data/use-closes";
import { useInstruments } from "../../data/use-instruments";
import { Empty, Failure, Loading } from "../../ui/states";
import { FillsPanel } from "../trades-panels";
import { InstrumentPanel } from "./instrument-panel";
import { WatchList } from "./watch-list";

/** The market; `instrument` is what the address asks for. */
export default function Market(props: { readonly instrument: string }): ReactElement {
  const instruments = useInstruments();
  const views = useMarketData(QUOTES);
  const names = useMemo(() => [...(instruments.data?.keys() ?? [])].sort(), [instruments.data]);
  const closes = useCloses(names);
  const phases = usePhases();
  const quotes = useMemo(() => {
    const all = [...views.values()].map(quoteOf).filter((quote): quote is Quote => quote !== undefined);
    return new Map(all.map((quote) => [quote.instrument, quote]));
  }, [views]);

  if (instruments.error && !instruments.data) {
    return <Failure error={instruments.error} retry={instruments.refresh} />;
  }
  if (!instruments.data) return <Loading lines={8} />;
  const selected = instruments.data.get(props.instrument) ?? instruments.data.get(names[0] ?? "");
  if (!selected) {
    return <Empty title="No instrument yet">Instruments appear when a source of market data starts.</Empty>;
  }
  const name = selected.instrument;
  return (
    <>
      <div className="page-head">
        <h1>Market</h1>
      </div>
      <div className="market">
        <div className="stack">
          <WatchList instruments={instruments.data} quotes={quotes} closes={closes} phases={phases} selected={name} />
          <InstrumentFills instrument={selected} />
        </div>
        <InstrumentPanel
          key={name}
          instrument={selected}
          quote={quotes.get(name)}
          close={closes.get(name)}
          status={phases.get(name)}
        />
      </div>
    </>
  );
}

function InstrumentFills(props: { readonly instrument: Instrument }): ReactElement {
  const { instrument, pricePrecision } = props.instrument;
  const updates = useTradeUpdates();
  return <FillsPanel instrument={instrument} updates={updates} precision={() => pricePrecision} />;
}
