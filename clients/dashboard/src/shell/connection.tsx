/** Where the stream stands, how late it is, and how old the data are. */
import { splitTopic, type ConnectionView } from "@quarterdeck/client";
import { useConnection, useMarketData, useQuarterdeck } from "@quarterdeck/client/react";
import type { ReactElement } from "react";
import { quoteOf, QUOTES, type Quote } from "../data/quotes";
import { useNow } from "../data/use-now";
import { milliseconds, NOTHING } from "../format/number";
import { duration, marketTime } from "../format/time";

const WORDS: Record<ConnectionView["state"], readonly [string, string]> = {
  idle: ["Idle", ""],
  connecting: ["Connecting", "warn"],
  live: ["Live", "good"],
  silent: ["Silent", "warn"],
  waiting: ["Reconnecting", "bad"],
  failed: ["Disconnected", "bad"],
};

/** The state of the live stream, in the bar. */
export function ConnectionStatus(): ReactElement {
  const connection = useConnection();
  const now = useNow(500);
  const views = useMarketData(QUOTES);
  const newest = newestQuote(views.values());
  const gaps = [...views.values()].reduce((sum, view) => sum + view.gaps, 0);
  const [word, tone] = WORDS[connection.state];
  const age = newest?.view.receivedAt === undefined ? undefined : now - newest.view.receivedAt;
  return (
    <div className="status" role="status" aria-label={`Stream: ${word}`}>
      <span title={connection.error?.message}>
        <i className={`dot ${tone}`} />
        <strong>{word}</strong>
      </span>
      <span className="lesser" title="How long an event takes from the deck to this page">
        lag <strong>{milliseconds(connection.lagMs)}</strong>
      </span>
      <span className="wide" title="How long ago the newest price came">
        data <strong>{age === undefined ? NOTHING : `${duration(age)} old`}</strong>
      </span>
      {gaps > 0 && (
        <span className="down" title="How often quotes were lost since this page was opened">
          {gaps === 1 ? "1 gap" : `${gaps} gaps`}
        </span>
      )}
      <span className="lesser" title="The market's time of the newest price (UTC)">
        market time <strong>{marketTime(newest?.eventTimeMs)}</strong>
      </span>
    </div>
  );
}

/** Says loudly what must not be missed: no connection, silent sources. */
export function ConnectionBanner(): ReactElement | null {
  const { state, error, attempt } = useConnection();
  const { hub } = useQuarterdeck();
  const views = [...useMarketData(QUOTES).values()];
  const silent = views.filter(({ stale }) => stale !== undefined);
  if (state === "failed" || (state !== "live" && attempt > 1)) {
    return (
      <div className="banner bad" role="alert">
        <span title={error?.message}>What you see is not live: {reasonOf(error)}</span>
        {state === "failed" ? (
          <button type="button" className="button" onClick={() => hub.retry()}>
            Connect again
          </button>
        ) : (
          <span>· attempt {attempt}</span>
        )}
      </div>
    );
  }
  if (state === "silent") {
    return (
      <div className="banner" role="alert">
        What you see may be late: a heartbeat of the stream is overdue
      </div>
    );
  }
  if (silent.length === 0) return null;
  const names = silent.map(({ topic }) => splitTopic(topic)[1]).join(", ");
  return (
    <div className="banner" role="alert">
      STALE · {silent.length === views.length ? "no quotes come" : `no quotes come for ${names}`}
    </div>
  );
}

/** The edge's own words about a process that is away help nobody here; they stay in the title. */
function reasonOf(error: ConnectionView["error"]): string {
  if (!error) return "the stream is down";
  return error.name === "Unavailable" ? "the deck cannot be reached" : error.message;
}

function newestQuote(views: Iterable<Quote["view"]>): Quote | undefined {
  let newest: Quote | undefined;
  for (const view of views) {
    const quote = quoteOf(view);
    if (quote && (quote.view.receivedAt ?? 0) >= (newest?.view.receivedAt ?? 0)) newest = quote;
  }
  return newest;
}
