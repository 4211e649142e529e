import { create } from "@bufbuild/protobuf";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { createClient, type QuarterdeckClient } from "../src/client.js";
import type { Event } from "../src/gen/quarterdeck/api/stream/v1/event_pb.js";
import {
  ReplayResponseSchema,
  WatchResponseSchema,
  type WatchRequest,
  type WatchResponse,
} from "../src/gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import { ErrorReason } from "../src/gen/quarterdeck/api/type/v1/error_reason_pb.js";
import type { Link } from "../src/reconnecting.js";
import { MemoryTokenStore } from "../src/token-store.js";
import type { Frame, Watch } from "../src/watch.js";
import { Deck, failure, until, untilLeft, type Script } from "./deck.js";
import { control, event, opened } from "./messages.js";

const Q = "quotes/AAPL.XNAS";
let deck: Deck;
const watches: Watch[] = [];

async function signedIn(script: Script): Promise<QuarterdeckClient> {
  deck = await Deck.start(script);
  const client = createClient({ baseUrl: deck.baseUrl, tokenStore: new MemoryTokenStore() });
  await client.session.signIn("ada", "secret");
  return client;
}

function collect(watch: Watch): { frames: Frame[]; events: Event[]; ended: Promise<unknown> } {
  watches.push(watch);
  const seen = { frames: [] as Frame[], events: [] as Event[] };
  const ended = (async () => {
    for await (const taken of watch) {
      seen.frames.push(taken);
      seen.events.push(...taken.events);
    }
  })().catch((error: unknown) => error);
  return { ...seen, ended };
}

function frame(controls: WatchResponse["controls"], events: Event[] = []): WatchResponse {
  return create(WatchResponseSchema, { controls, events });
}

afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close();
  await deck.stop();
});

test("a cut connection resumes after the last event, without loss or duplicate", async () => {
  const requests: WatchRequest[] = [];
  async function* watch(request: WatchRequest, context: HandlerContext) {
    requests.push(request);
    const from = Number(request.subscriptions[0]?.cursors[0]?.sequence ?? 0n);
    yield frame([opened()], [event(Q, from + 1), event(Q, from + 2)]);
    await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  const { events } = collect(client.watch([Q]));
  await until(() => events.length === 2);
  deck.cut();
  await until(() => events.length === 4);
  expect(events.map((e) => e.sequence)).toEqual([1n, 2n, 3n, 4n]);
  expect(requests[1]?.subscriptions[0]?.cursors[0]).toMatchObject({ topic: Q, sequence: 2n });
});

test("a stream that ends without a word is opened again", async () => {
  const watch = vi.fn(async function* () {
    yield frame([opened()]);
  });
  const client = await signedIn({ streams: { watch } });
  collect(client.watch([Q]));
  await until(() => watch.mock.calls.length >= 3);
});

test("silence for two heartbeats counts as death", async () => {
  let opens = 0;
  async function* watch(_request: WatchRequest, context: HandlerContext) {
    opens += 1;
    yield frame([opened("s-1", 100)]);
    await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  collect(client.watch([Q]));
  await until(() => opens >= 2);
});

test("a heartbeat that is overdue is told before the stream is opened again", async () => {
  const states: string[] = [];
  async function* watch(_request: WatchRequest, context: HandlerContext) {
    yield frame([opened("s-1", 100)]);
    await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  const onLink = (link: Link) => states.push(link.state === "silent" ? `silent ${link.silentForMs}` : link.state);
  collect(client.watch([Q], { onLink }));
  await until(() => states.includes("waiting"));
  expect(states.slice(0, 4)).toEqual(["connecting", "live", "silent 150", "waiting"]);
});

test("what a pattern is not to name is said to the deck, again after a reconnection", async () => {
  const requests: WatchRequest[] = [];
  async function* watch(request: WatchRequest, context: HandlerContext) {
    requests.push(request);
    yield frame([opened()], [event(Q, 1)]);
    await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  const { events } = collect(client.watch([{ topic: "quotes/*", exclude: ["quotes/T*"] }]));
  await until(() => events.length === 1);
  deck.cut();
  await until(() => requests.length === 2);
  expect(requests.map((r) => r.subscriptions[0]?.exclude)).toEqual([["quotes/T*"], ["quotes/T*"]]);
});

test("a replay plays and ends", async () => {
  const client = await signedIn({
    streams: {
      async *replay(request) {
        yield create(ReplayResponseSchema, { events: request.topics.map((topic) => event(topic, 1)) });
      },
    },
  });
  const frames: Frame[] = [];
  for await (const played of client.replay([Q], { start: new Date(0), speed: 2 })) frames.push(played);
  expect(frames.map(({ events }) => events[0]?.topic)).toEqual([Q]);
});

test("a replay that goes silent throws", async () => {
  const client = await signedIn({
    streams: {
      async *replay(_request, context) {
        yield create(ReplayResponseSchema, { controls: [opened("", 50)] });
        await untilLeft(context);
      },
    },
  });
  const play = async () => {
    for await (const _ of client.replay([Q], { start: new Date(0) }));
  };
  await expect(play()).rejects.toMatchObject({ name: "Unavailable" });
});

test("the reason in the stream is the reason of the error", async () => {
  async function* watch() {
    const message = "refused";
    const reason = ErrorReason.PERMISSION_MISSING;
    const value = { code: Code.PermissionDenied, reason, message, resumable: false };
    yield frame([control({ case: "error", value })]);
  }
  const client = await signedIn({ streams: { watch } });
  const { ended } = collect(client.watch([Q]));
  expect(await ended).toMatchObject({ name: "NotAllowed", reason: "PERMISSION_MISSING" });
});

test("an expired token is renewed and the stream resumes", async () => {
  async function* watch(_request: WatchRequest, context: HandlerContext) {
    if (context.requestHeader.get("authorization") === "Bearer access-1") {
      throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
    }
    yield frame([opened()], [event(Q, 1)]);
    await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  const { events } = collect(client.watch([Q]));
  await until(() => events.length === 1);
});

test("a revoked token ends the stream and the session", async () => {
  async function* watch() {
    yield frame([opened()]);
    throw failure(Code.Unauthenticated, "TOKEN_REVOKED");
  }
  const client = await signedIn({ streams: { watch } });
  const { ended } = collect(client.watch([Q]));
  expect(await ended).toMatchObject({ reason: "TOKEN_REVOKED" });
  expect(client.session.view.state).toBe("signed_out");
});

test("a renewed token reaches the live stream in place", async () => {
  const updates: (string | null)[] = [];
  async function* watch(_request: WatchRequest, context: HandlerContext) {
    yield frame([opened("s-9")]);
    await untilLeft(context);
  }
  const client = await signedIn({
    streams: {
      watch,
      updateSubscription: ({ sessionId }, { requestHeader }) => {
        updates.push(`${sessionId} ${requestHeader.get("authorization")}`);
        return {};
      },
    },
  });
  const { frames } = collect(client.watch([Q]));
  await until(() => frames.length === 1);
  await client.session.refresh();
  await until(() => updates.length === 1);
  expect(updates).toEqual(["s-9 Bearer access-2"]);
});

test("topics come and go on the live stream", async () => {
  const changes: { add: string[]; remove: string[] }[] = [];
  async function* watch(_request: WatchRequest, context: HandlerContext) {
    yield frame([opened()]);
    await untilLeft(context);
  }
  const client = await signedIn({
    streams: {
      watch,
      updateSubscription: ({ add, remove }) => {
        changes.push({ add: add.map((s) => s.topic), remove });
        return {};
      },
    },
  });
  const live = client.watch([Q]);
  const { frames } = collect(live);
  await until(() => frames.length === 1);
  live.replace([{ topic: "quotes/IBM.XNYS" }]);
  await until(() => changes.length === 1);
  expect(changes).toEqual([{ add: ["quotes/IBM.XNYS"], remove: [Q] }]);
});

test("a refused topic is left out and told, the others go on", async () => {
  async function* watch(request: WatchRequest, context: HandlerContext) {
    const bad = request.subscriptions.findIndex((s) => s.topic.startsWith("qotes/"));
    if (bad >= 0) {
      const field = `subscriptions[${bad}].topic`;
      throw failure(Code.InvalidArgument, "TOPIC_INVALID", { field });
    }
    yield frame([opened()], [event(Q, 1)]);
    await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  const onRefused = vi.fn();
  const { events } = collect(client.watch([Q, "qotes/AAPL.XNAS"], { onRefused }));
  await until(() => events.length === 1);
  expect(onRefused.mock.calls[0]?.[0]).toBe("qotes/AAPL.XNAS");
});

test("a cursor the deck cannot resume from is given up, with a gap", async () => {
  let opens = 0;
  async function* watch(request: WatchRequest, context: HandlerContext) {
    opens += 1;
    if ((request.subscriptions[0]?.cursors.length ?? 0) > 0) {
      throw failure(Code.InvalidArgument, "CURSOR_INVALID", { field: "subscriptions[0].cursors[0]" });
    }
    yield frame([opened()], [event(Q, opens === 1 ? 9 : 1)]);
    if (opens > 1) await untilLeft(context);
  }
  const client = await signedIn({ streams: { watch } });
  const { frames, events } = collect(client.watch([Q]));
  await until(() => events.length === 2);
  expect(frames.at(-1)?.controls.map((c) => c.message.case)).toContain("gap");
});
