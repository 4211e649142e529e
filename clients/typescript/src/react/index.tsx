/** Live data in React: every hook shares the one stream of the client above it. */
import {
  createContext,
  useContext,
  useMemo,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from "react";
import type { QuarterdeckClient } from "../client.js";
import type { Performance } from "../gen/quarterdeck/api/analytics/v1/performance_pb.js";
import type { ConnectionView } from "../hub.js";
import type { TopicViews } from "../market.js";
import type { PortfolioScope, PortfolioView } from "../portfolio.js";
import type { SessionView } from "../session.js";
import { topic } from "../topics.js";
import type { TradeScope, TradeUpdates } from "../trades.js";
import type { TopicRequest } from "../watch.js";

const ClientContext = createContext<QuarterdeckClient | undefined>(undefined);

/** Give a client to everything below. */
export function QuarterdeckProvider(props: {
  readonly client: QuarterdeckClient;
  readonly children: ReactNode;
}): ReactElement {
  return <ClientContext value={props.client}>{props.children}</ClientContext>;
}

/** The client of the provider above. */
export function useQuarterdeck(): QuarterdeckClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useQuarterdeck needs a QuarterdeckProvider above it");
  return client;
}

/** Whether somebody is signed in. */
export function useSession(): SessionView {
  const { session } = useQuarterdeck();
  const subscribe = useMemo(() => session.subscribe.bind(session), [session]);
  return useSyncExternalStore(subscribe, () => session.view);
}

/** Where the live stream stands and how late its events are. */
export function useConnection(): ConnectionView {
  const { hub } = useQuarterdeck();
  return useSyncExternalStore(hub.subscribe, hub.get);
}

/** Topics, or prefixes that end in "*", as they are now. */
export function useMarketData(topics: readonly (string | TopicRequest)[]): TopicViews {
  const client = useQuarterdeck();
  const key = JSON.stringify(topics);
  const feed = useMemo(() => {
    const asked = JSON.parse(key) as (string | TopicRequest)[];
    return client.market(asked.map((t) => (typeof t === "string" ? { topic: t } : t)));
  }, [client, key]);
  return useSyncExternalStore(feed.subscribe, feed.get);
}

/** Orders and fills, newest first, as they happen. */
export function useTradeUpdates(scope: TradeScope = {}): TradeUpdates {
  const feed = useQuarterdeck().trades(scope);
  return useSyncExternalStore(feed.subscribe, feed.get);
}

/** The portfolio as it changes. */
export function usePortfolio(scope: PortfolioScope = {}): PortfolioView {
  const feed = useQuarterdeck().portfolioFeed(scope);
  return useSyncExternalStore(feed.subscribe, feed.get);
}

/** The metrics of an account, or of a strategy in it, as of now; absent before the first. */
export function usePerformance(account: string, strategy = ""): Performance | undefined {
  const name = topic("performance", account, ...(strategy ? [strategy] : []));
  const payload = useMarketData(account ? [name] : []).get(name)?.event?.payload;
  return payload?.case === "performance" ? payload.value : undefined;
}
