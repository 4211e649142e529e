/** Quarterdeck in TypeScript: typed calls, streams that resume, exact numbers. */
export { createClient, type ClientOptions, type QuarterdeckClient } from "./client.js";
export { Backoff } from "./backoff.js";
export { OrderBook, type Level } from "./book.js";
export { Cursors, type Accepted } from "./cursors.js";
export * from "./decimal.js";
export { EdgeRefusal } from "./edge.js";
export * from "./errors.js";
export { Feed } from "./feed.js";
export { Hub, type ConnectionView, type TopicListener } from "./hub.js";
export { MarketFeed, type GapView, type TopicView, type TopicViews } from "./market.js";
export {
  PortfolioFeed,
  PortfolioRows,
  positionRows,
  type CashRow,
  type PortfolioScope,
  type PortfolioView,
  type PositionRow,
} from "./portfolio.js";
export type { Link, LinkState } from "./reconnecting.js";
export type { ReplayWindow } from "./replay.js";
export { Session, type SessionState, type SessionView } from "./session.js";
export { msOf, msOfDuration, msOfNs } from "./time.js";
export { MemoryTokenStore, TabTokenStore, type TokenStore } from "./token-store.js";
export { covers, everyTopic, splitTopic, topic } from "./topics.js";
export { TradeFeed, type TradeScope, type TradeUpdates } from "./trades.js";
export { Watch, type Frame, type TopicRequest, type WatchOptions } from "./watch.js";
export { Delivery } from "./gen/quarterdeck/api/stream/v1/subscription_pb.js";
export { GapCause, type Control } from "./gen/quarterdeck/api/stream/v1/control_pb.js";
export type { Event } from "./gen/quarterdeck/api/stream/v1/event_pb.js";
export { timestampFromMs } from "@bufbuild/protobuf/wkt";
