/** A small deck over real HTTP and gRPC-Web, scripted by each test. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import { TokenPairSchema, TokenService } from "../src/gen/quarterdeck/api/auth/v1/token_service_pb.js";
import { StreamService } from "../src/gen/quarterdeck/api/stream/v1/stream_service_pb.js";
import { PortfolioService } from "../src/gen/quarterdeck/api/trading/v1/portfolio_service_pb.js";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What a test makes of the services. */
export interface Script {
  readonly tokens?: Partial<ServiceImpl<typeof TokenService>>;
  readonly streams?: Partial<ServiceImpl<typeof StreamService>>;
  readonly portfolio?: Partial<ServiceImpl<typeof PortfolioService>>;
  /** Answers before the services do, as the edge may. */
  readonly edge?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A running deck. */
export class Deck {
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Start on a free port. */
  static async start(script: Script): Promise<Deck> {
    const services = connectNodeAdapter({
      routes: (router) => {
        router.service(TokenService, { ...issuing(), ...script.tokens });
        router.service(StreamService, script.streams ?? {});
        router.service(PortfolioService, script.portfolio ?? {});
      },
    });
    const handler: Handler = (request, response) => {
      if (!script.edge?.(request, response)) services(request, response);
    };
    const server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Deck(server);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Tear every connection down, as when a process is killed. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Tokens named by a counter: "access-1", "refresh-1", … */
export function issuing(lifetimeMs = 900_000): Partial<ServiceImpl<typeof TokenService>> {
  let count = 0;
  const pair = () => {
    count += 1;
    return create(TokenPairSchema, {
      accessToken: `access-${count}`,
      refreshToken: `refresh-${count}`,
      accessExpireTime: timestampFromMs(Date.now() + lifetimeMs),
    });
  };
  return {
    issueToken: () => ({ tokens: pair() }),
    refreshToken: () => ({ tokens: pair() }),
    revokeToken: () => ({}),
  };
}

/** The error a service answers with. */
export function failure(code: Code, reason: string, metadata: Record<string, string> = {}): ConnectError {
  const value = create(ErrorInfoSchema, { reason, domain: "quarterdeck", metadata });
  return new ConnectError("refused", code, undefined, [{ desc: ErrorInfoSchema, value }]);
}

/** Stay open until the reader leaves. */
export function untilLeft(context: HandlerContext): Promise<void> {
  return new Promise((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Wait until it is true; fails after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not become true in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
