/** The best bid and offer of an instrument as numbers. */
import { scaled, type Fixed, type TopicView } from "@quarterdeck/client";
import { msOfNs, splitTopic } from "@quarterdeck/client";

/** Every quote there is; the same request everywhere, so that all share one subscription. */
export const QUOTES = ["quotes/*"];

/** The newest quote of an instrument, with what the stream said about it. */
export interface Quote {
  readonly instrument: string;
  readonly bid: Fixed;
  readonly ask: Fixed;
  readonly bidSize: Fixed;
  readonly askSize: Fixed;
  /** The middle, with one digit more than the prices. */
  readonly mid: Fixed;
  /** The market's time, in milliseconds since the Unix epoch. */
  readonly eventTimeMs: number;
  readonly view: TopicView;
}

/** Read the newest row of a topic of quotes. */
export function quoteOf(view: TopicView | undefined): Quote | undefined {
  const payload = view?.event?.payload;
  if (!view || payload?.case !== "quotes") return undefined;
  const { value: batch } = payload;
  const last = batch.eventTimeNs.length - 1;
  if (last < 0) return undefined;
  const at = (column: readonly bigint[], scale: number): Fixed => scaled(column[last] ?? 0n, scale);
  const bid = at(batch.bidPrice, batch.pricePrecision);
  const ask = at(batch.askPrice, batch.pricePrecision);
  return {
    instrument: batch.instrument || (splitTopic(view.topic)[1] ?? ""),
    bid,
    ask,
    bidSize: at(batch.bidSize, batch.sizePrecision),
    askSize: at(batch.askSize, batch.sizePrecision),
    mid: { units: (bid.units + ask.units) * 5n, scale: batch.pricePrecision + 1 },
    eventTimeMs: msOfNs(batch.eventTimeNs[last] ?? 0n),
    view,
  };
}
