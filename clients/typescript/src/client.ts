/** The client: typed calls to every service, a session, and live data shared by all who show it. */
import type { Client } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import { AttributionService } from "./gen/quarterdeck/api/analytics/v1/attribution_service_pb.js";
import { ExecutionService } from "./gen/quarterdeck/api/analytics/v1/execution_service_pb.js";
import { PerformanceService } from "./gen/quarterdeck/api/analytics/v1/performance_service_pb.js";
import { ReportService } from "./gen/quarterdeck/api/analytics/v1/report_service_pb.js";
import { TokenService } from "./gen/quarterdeck/api/auth/v1/token_service_pb.js";
import { FilingService } from "./gen/quarterdeck/api/marketdata/v1/filing_service_pb.js";
import { HistoryService } from "./gen/quarterdeck/api/marketdata/v1/history_service_pb.js";
import { InstrumentService } from "./gen/quarterdeck/api/marketdata/v1/instrument_service_pb.js";
import { ObservationService } from "./gen/quarterdeck/api/marketdata/v1/observation_service_pb.js";
import { SourceService } from "./gen/quarterdeck/api/marketdata/v1/source_service_pb.js";
import { ConnectionService } from "./gen/quarterdeck/api/stream/v1/connection_service_pb.js";
import { StreamService } from "./gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import { HealthService } from "./gen/quarterdeck/api/system/v1/health_service_pb.js";
import { JobService } from "./gen/quarterdeck/api/system/v1/job_service_pb.js";
import { AggregateService } from "./gen/quarterdeck/api/trading/v1/aggregate_service_pb.js";
import { NodeService } from "./gen/quarterdeck/api/trading/v1/node_service_pb.js";
import { OrderLifeService } from "./gen/quarterdeck/api/trading/v1/order_life_service_pb.js";
import { PortfolioService } from "./gen/quarterdeck/api/trading/v1/portfolio_service_pb.js";
import { PositionChangeService } from "./gen/quarterdeck/api/trading/v1/position_change_service_pb.js";
import { ReconciliationService } from "./gen/quarterdeck/api/trading/v1/reconciliation_service_pb.js";
import { TradingEventService } from "./gen/quarterdeck/api/trading/v1/trading_event_service_pb.js";
import type { Feed } from "./feed.js";
import { Hub } from "./hub.js";
import { MarketFeed } from "./market.js";
import { PortfolioFeed, type PortfolioScope } from "./portfolio.js";
import { replayed, type ReplayWindow } from "./replay.js";
import { Session } from "./session.js";
import { MemoryTokenStore, sharingAmongTabs, TabTokenStore, type TokenStore } from "./token-store.js";
import { TradeFeed, type TradeScope } from "./trades.js";
import { bearer, edgeTransport, typedClient } from "./transport.js";
import { Watch, type Frame, type TopicRequest, type WatchOptions } from "./watch.js";

/** How to reach a deck. */
export interface ClientOptions {
  /** The address of the edge, for example "https://deck.example". */
  readonly baseUrl: string;
  /** How long a call may take that is no stream, in milliseconds; the default is 15 s. */
  readonly timeoutMs?: number;
  /** Where the refresh token is kept; the default is the tab, or memory where there is none. */
  readonly tokenStore?: TokenStore;
  readonly fetch?: typeof fetch;
}

/** A deck. */
export interface QuarterdeckClient {
  readonly session: Session;
  readonly tokens: Client<typeof TokenService>;
  readonly streams: Client<typeof StreamService>;
  readonly connections: Client<typeof ConnectionService>;
  readonly instruments: Client<typeof InstrumentService>;
  readonly history: Client<typeof HistoryService>;
  readonly sources: Client<typeof SourceService>;
  readonly observations: Client<typeof ObservationService>;
  readonly filings: Client<typeof FilingService>;
  readonly nodes: Client<typeof NodeService>;
  readonly trading: Client<typeof TradingEventService>;
  readonly orderLives: Client<typeof OrderLifeService>;
  readonly positionChanges: Client<typeof PositionChangeService>;
  readonly portfolio: Client<typeof PortfolioService>;
  readonly aggregates: Client<typeof AggregateService>;
  readonly reconciliation: Client<typeof ReconciliationService>;
  readonly performance: Client<typeof PerformanceService>;
  readonly reports: Client<typeof ReportService>;
  readonly attribution: Client<typeof AttributionService>;
  readonly execution: Client<typeof ExecutionService>;
  readonly health: Client<typeof HealthService>;
  readonly jobs: Client<typeof JobService>;
  /** One live stream for all who show live data. */
  readonly hub: Hub;
  /** A live stream of one's own. */
  watch(topics: readonly (TopicRequest | string)[], options?: WatchOptions): Watch;
  /** Recorded market data as a stream, oldest first, at a chosen speed; ends with the window. */
  replay(topics: readonly string[], window: ReplayWindow): AsyncIterable<Frame>;
  /** A client of any other service, with the session's token. */
  client<S extends DescService>(service: S): Client<S>;
  /** Topics as they are now, shared with all who ask for the same. */
  market(topics: readonly TopicRequest[]): MarketFeed;
  /** Orders and fills, shared with all who ask for the same. */
  trades(scope?: TradeScope): TradeFeed;
  /** The portfolio, shared with all who ask for the same. */
  portfolioFeed(scope?: PortfolioScope): PortfolioFeed;
}

/** Make a client; nothing is sent before the first call. */
export function createClient(options: ClientOptions): QuarterdeckClient {
  const { baseUrl, timeoutMs = 15_000 } = options;
  const way = { baseUrl, ...(options.fetch ? { fetch: options.fetch } : {}) };
  const open = typedClient(TokenService, edgeTransport({ ...way, timeoutMs }));
  const session = new Session(open, options.tokenStore ?? defaultStore(), sharingAmongTabs());
  const interceptors = [bearer(session)];
  const calls = edgeTransport({ ...way, timeoutMs, interceptors });
  const streams = typedClient(StreamService, calls);
  const watch: QuarterdeckClient["watch"] = (topics, watchOptions) =>
    new Watch(streams, session, topics.map(requestOf), watchOptions);
  const hub = new Hub(watch);
  const trading = typedClient(TradingEventService, calls);
  const portfolio = typedClient(PortfolioService, calls);
  const market = new Feeds((topics: readonly TopicRequest[]) => new MarketFeed(hub, topics));
  const trades = new Feeds((scope: TradeScope) => new TradeFeed(trading, hub, scope));
  const portfolios = new Feeds(
    (scope: PortfolioScope) => new PortfolioFeed(portfolio, session, scope),
  );
  session.subscribe(() => {
    // What one principal saw must not be there for the next.
    if (session.view.state === "signed_out") [market, trades, portfolios, hub].forEach((f) => f.clear());
  });

  return {
    session,
    streams,
    hub,
    watch,
    trading,
    portfolio,
    tokens: typedClient(TokenService, calls),
    connections: typedClient(ConnectionService, calls),
    instruments: typedClient(InstrumentService, calls),
    history: typedClient(HistoryService, calls),
    sources: typedClient(SourceService, calls),
    observations: typedClient(ObservationService, calls),
    filings: typedClient(FilingService, calls),
    nodes: typedClient(NodeService, calls),
    orderLives: typedClient(OrderLifeService, calls),
    positionChanges: typedClient(PositionChangeService, calls),
    aggregates: typedClient(AggregateService, calls),
    reconciliation: typedClient(ReconciliationService, calls),
    performance: typedClient(PerformanceService, calls),
    reports: typedClient(ReportService, calls),
    attribution: typedClient(AttributionService, calls),
    execution: typedClient(ExecutionService, calls),
    health: typedClient(HealthService, calls),
    jobs: typedClient(JobService, calls),
    replay: (topics, window) => replayed(streams, topics, window),
    client: (service) => typedClient(service, calls),
    market: market.of,
    trades: (scope = {}) => trades.of(scope),
    portfolioFeed: (scope = {}) => portfolios.of(scope),
  };
}

function requestOf(request: TopicRequest | string): TopicRequest {
  return typeof request === "string" ? { topic: request } : request;
}

function defaultStore(): TokenStore {
  return typeof sessionStorage === "undefined"
    ? new MemoryTokenStore()
    : new TabTokenStore(sessionStorage);
}

/** Makes one feed for each different argument. */
class Feeds<A, F extends Feed<unknown>> {
  readonly #made = new Map<string, F>();

  constructor(private readonly make: (argument: A) => F) {}

  readonly of = (argument: A): F => {
    const key = JSON.stringify(argument);
    const feed = this.#made.get(key) ?? this.make(argument);
    this.#made.set(key, feed);
    return feed;
  };

  clear(): void {
    for (const feed of this.#made.values()) feed.dispose();
    this.#made.clear();
  }
}
