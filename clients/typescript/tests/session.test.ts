import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { createClient, type QuarterdeckClient } from "../src/client.js";
import { NotAuthenticated, RateLimited, Unavailable } from "../src/errors.js";
import { PortfolioService } from "../src/gen/quarterdeck/api/trading/v1/portfolio_service_pb.js";
import { MemoryTokenStore } from "../src/token-store.js";
import { edgeTransport, typedClient } from "../src/transport.js";
import { Deck, failure, issuing, until, type Script } from "./deck.js";

const decks: Deck[] = [];
const clients: QuarterdeckClient[] = [];

async function deck(script: Script, store = new MemoryTokenStore()): Promise<QuarterdeckClient> {
  const running = await Deck.start(script);
  const client = createClient({ baseUrl: running.baseUrl, tokenStore: store, timeoutMs: 5_000 });
  decks.push(running);
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) await client.session.signOut().catch(() => undefined);
  for (const running of decks.splice(0)) await running.stop();
});

test("calls carry the access token", async () => {
  const seen = vi.fn();
  const client = await deck({
    tokens: { ...issuing(), getCaller: (_r, c) => (seen(c.requestHeader.get("authorization")), {}) },
  });
  await client.session.signIn("ada", "secret");
  await client.tokens.getCaller({});
  expect(seen).toHaveBeenCalledWith("Bearer access-1");
});

test("a wrong password is told as such and nobody is signed in", async () => {
  const refuse = () => {
    throw failure(Code.Unauthenticated, "CREDENTIALS_INVALID");
  };
  const client = await deck({ tokens: { issueToken: refuse } });
  const attempt = client.session.signIn("ada", "wrong");
  await expect(attempt).rejects.toMatchObject({ name: "NotAuthenticated", reason: "CREDENTIALS_INVALID" });
  expect(client.session.view.state).toBe("signed_out");
});

test("a call that meets an expired token is made again with a new one", async () => {
  const client = await deck({
    tokens: {
      ...issuing(),
      getCaller: (_r, { requestHeader }) => {
        if (requestHeader.get("authorization") === "Bearer access-2") return {};
        throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
      },
    },
  });
  await client.session.signIn("ada", "secret");
  await expect(client.tokens.getCaller({})).resolves.toBeDefined();
});

test("tokens are renewed before they expire, once for all who wait", async () => {
  const tokens = issuing(1_000);
  const refreshToken = vi.fn(tokens.refreshToken!);
  const client = await deck({ tokens: { ...tokens, refreshToken, getCaller: () => ({}) } });
  await client.session.signIn("ada", "secret");
  await Promise.all([client.tokens.getCaller({}), client.tokens.getCaller({})]);
  expect(refreshToken).toHaveBeenCalledTimes(1);
  expect(await client.session.accessToken()).not.toBe("access-1");
});

test("the timer renews a token that nobody uses", async () => {
  const client = await deck({ tokens: issuing(1_000) });
  await client.session.signIn("ada", "secret");
  const renewed = vi.fn();
  client.session.onRenewed(renewed);
  await until(() => renewed.mock.calls.length > 0);
});

test("a reload goes on with the stored refresh token", async () => {
  const store = new MemoryTokenStore();
  store.save("refresh-0");
  const client = await deck({}, store);
  expect(await client.session.restore()).toBe(true);
  expect([client.session.view.state, store.load()]).toEqual(["signed_in", "refresh-1"]);
});

test("a refused refresh ends the session and says why", async () => {
  const store = new MemoryTokenStore();
  store.save("refresh-0");
  const refuse = () => {
    throw failure(Code.Unauthenticated, "TOKEN_REVOKED");
  };
  const client = await deck({ tokens: { refreshToken: refuse } }, store);
  expect(await client.session.restore()).toBe(false);
  expect(client.session.view.ended).toBeInstanceOf(NotAuthenticated);
  expect(store.load()).toBeUndefined();
});

test("a deck that is away keeps the stored token for the next try", async () => {
  const store = new MemoryTokenStore();
  store.save("refresh-0");
  const away = () => {
    throw new ConnectError("restarting", Code.Unavailable);
  };
  const client = await deck({ tokens: { refreshToken: away } }, store);
  expect(await client.session.restore()).toBe(false);
  expect(client.session.view.ended).toBeInstanceOf(Unavailable);
  expect(store.load()).toBe("refresh-0");
});

test("signing out revokes the session at the deck and forgets the tokens", async () => {
  const revokeToken = vi.fn((_r, c) => (revoked(c.requestHeader.get("authorization")), {}));
  const revoked = vi.fn();
  const store = new MemoryTokenStore();
  const client = await deck({ tokens: { ...issuing(), revokeToken } }, store);
  await client.session.signIn("ada", "secret");
  await client.session.signOut();
  expect(revoked).toHaveBeenCalledWith("Bearer access-1");
  expect(store.load()).toBeUndefined();
  await expect(client.tokens.getCaller({})).rejects.toMatchObject({ reason: "TOKEN_MISSING" });
});

test("the edge's own refusal is typed although it carries no details", async () => {
  const client = await deck({
    edge: (_request, response) => {
      response.writeHead(429, { "content-type": "application/json", "retry-after": "2" });
      response.end(JSON.stringify({ code: 429, message: "slow down", request_id: "r-7" }));
      return true;
    },
  });
  const error = await client.session.signIn("ada", "secret").catch((e: unknown) => e);
  expect(error).toBeInstanceOf(RateLimited);
  expect(error).toMatchObject({ message: "slow down", retryAfterMs: 2_000, requestId: "r-7" });
});

test.each([
  ["an exhausted bucket", 429, { "retry-after": "1", "x-ratelimit-remaining": "0" }, RateLimited],
  ["a process that is away", 503, { "x-ratelimit-remaining": "199" }, Unavailable],
])("behind gRPC-Web the edge says 14 for %s, and its headers tell which", async (_name, status, headers, kind) => {
  const client = await deck({
    edge: (_request, response) => {
      const type = "application/grpc-web+proto";
      response.writeHead(status, { "content-type": type, "grpc-status": "14", "x-ratelimit-limit": "200", ...headers });
      response.end();
      return true;
    },
  });
  await expect(client.session.signIn("ada", "secret")).rejects.toBeInstanceOf(kind);
});

test("a deck that cannot be reached is unavailable", async () => {
  const client = createClient({ baseUrl: "http://127.0.0.1:9", timeoutMs: 2_000 });
  await expect(client.session.signIn("a", "b")).rejects.toBeInstanceOf(Unavailable);
});

test("a call has a deadline and a stream has none", async () => {
  const late = () => new Promise((resolve) => setTimeout(resolve, 200));
  const running = await Deck.start({
    portfolio: {
      getPortfolio: async () => (await late(), {}),
      async *watchPortfolio() {
        yield {};
        await late();
        yield {};
      },
    },
  });
  decks.push(running);
  const portfolio = typedClient(
    PortfolioService,
    edgeTransport({ baseUrl: running.baseUrl, timeoutMs: 50 }),
  );
  await expect(portfolio.getPortfolio({})).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  let seen = 0;
  for await (const _ of portfolio.watchPortfolio({})) seen += 1;
  expect(seen).toBe(2);
});
