import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { createClient, type QuarterdeckClient } from "../src/client.js";
import {
  WatchResponseSchema,
  type WatchRequest,
} from "../src/gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import { PortfolioSchema } from "../src/gen/quarterdeck/api/trading/v1/portfolio_pb.js";
import { MemoryTokenStore } from "../src/token-store.js";
import { Deck, until, untilLeft, type Script } from "./deck.js";
import { control, event, opened } from "./messages.js";

const Q = "quotes/AAPL.XNAS";
let deck: Deck;
let client: QuarterdeckClient;

async function signIn(script: Script): Promise<void> {
  deck = await Deck.start(script);
  client = createClient({ baseUrl: deck.baseUrl, tokenStore: new MemoryTokenStore() });
  await client.session.signIn("ada", "secret");
}

afterEach(async () => {
  await client.session.signOut();
  await deck.stop();
});

test("everyone who shows live data shares one stream", async () => {
  let opens = 0;
  const updates: string[][] = [];
  await signIn({
    streams: {
      async *watch(request: WatchRequest, context: HandlerContext) {
        opens += 1;
        const events = request.subscriptions.map(({ topic }) => event(topic, 1));
        yield create(WatchResponseSchema, { controls: [opened()], events });
        await untilLeft(context);
      },
      updateSubscription: ({ add }) => (updates.push(add.map((s) => s.topic)), {}),
    },
  });
  const [a, b] = [client.market([{ topic: Q }]), client.market([{ topic: "bars/1d/IBM.XNYS" }])];
  a.subscribe(() => undefined);
  await until(() => a.get().size === 1);
  b.subscribe(() => undefined);
  await until(() => updates.length === 1);
  expect([opens, updates]).toEqual([1, [["bars/1d/IBM.XNYS"]]]);
});

test("what one listener excludes another may want", async () => {
  const asked: string[][] = [];
  await signIn({
    streams: {
      async *watch(request: WatchRequest, context: HandlerContext) {
        asked.push(request.subscriptions[0]?.exclude ?? []);
        yield create(WatchResponseSchema, { controls: [opened()] });
        await untilLeft(context);
      },
    },
  });
  const listener = { onEvent: () => undefined };
  client.hub.listen({ topic: "quotes/*", exclude: ["quotes/A*", "quotes/B*"] }, listener);
  client.hub.listen({ topic: "quotes/*", exclude: ["quotes/B*", "quotes/C*"] }, listener);
  await until(() => asked.length === 1);
  expect(asked).toEqual([["quotes/B*"]]);
});

test("a late listener gets the newest event at once", async () => {
  await signIn({
    streams: {
      async *watch(_request: WatchRequest, context: HandlerContext) {
        yield create(WatchResponseSchema, { controls: [opened()], events: [event(Q, 7)] });
        await untilLeft(context);
      },
    },
  });
  const early = vi.fn();
  client.hub.listen({ topic: Q }, { onEvent: early });
  await until(() => early.mock.calls.length === 1);
  const late = vi.fn();
  client.hub.listen({ topic: Q }, { onEvent: late });
  expect(late.mock.calls[0]?.[0]).toMatchObject({ sequence: 7n });
});

test("staleness, gaps and skips are part of what a topic shows", async () => {
  await signIn({
    streams: {
      async *watch(_request: WatchRequest, context: HandlerContext) {
        const stale = control({ case: "stale", value: { topic: Q, note: "the source is silent" } });
        yield create(WatchResponseSchema, { controls: [opened()], events: [event(Q, 1)] });
        yield create(WatchResponseSchema, { events: [event(Q, 5)] });
        yield create(WatchResponseSchema, { controls: [stale] });
        await untilLeft(context);
      },
    },
  });
  const feed = client.market([{ topic: Q }]);
  feed.subscribe(() => undefined);
  await until(() => feed.get().get(Q)?.stale !== undefined);
  expect(feed.get().get(Q)).toMatchObject({
    gaps: 1,
    lastGap: { lost: 3n },
    stale: { note: "the source is silent" },
  });
});

test("signing out ends the stream and forgets what was seen", async () => {
  const left = vi.fn();
  await signIn({
    streams: {
      async *watch(_request: WatchRequest, context: HandlerContext) {
        yield create(WatchResponseSchema, { controls: [opened()], events: [event(Q, 1)] });
        await untilLeft(context);
        left();
      },
    },
  });
  const feed = client.market([{ topic: Q }]);
  feed.subscribe(() => undefined);
  await until(() => feed.get().size === 1);
  await client.session.signOut();
  await until(() => left.mock.calls.length === 1);
  expect(client.market([{ topic: Q }]).get().size).toBe(0);
  expect(client.hub.get().state).toBe("idle");
});

test("a hole in the portfolio's answers is healed by a new snapshot", async () => {
  let opens = 0;
  await signIn({
    portfolio: {
      async *watchPortfolio(_request, context) {
        opens += 1;
        const profitAndLoss = [{ account: "SIM-001", openPositions: opens }];
        yield { snapshot: true, sequence: 1n, portfolio: create(PortfolioSchema, { profitAndLoss }) };
        if (opens === 1) yield { snapshot: false, sequence: 3n };
        await untilLeft(context);
      },
    },
  });
  const feed = client.portfolioFeed();
  feed.subscribe(() => undefined);
  await until(() => feed.get().profit[0]?.openPositions === 2);
  expect(opens).toBe(2);
});

test("the portfolio's stream is replaced when the token is renewed, without a pause", async () => {
  const tokens: (string | null)[] = [];
  await signIn({
    portfolio: {
      async *watchPortfolio(_request, context) {
        tokens.push(context.requestHeader.get("authorization"));
        yield { snapshot: true, sequence: 1n };
        await untilLeft(context);
      },
    },
  });
  const feed = client.portfolioFeed();
  const states = new Set<string>();
  feed.subscribe(() => states.add(feed.get().link.state));
  await until(() => feed.get().loaded);
  await client.session.refresh();
  await until(() => tokens.length === 2);
  expect(tokens).toEqual(["Bearer access-1", "Bearer access-2"]);
  expect(states).not.toContain("waiting");
});
