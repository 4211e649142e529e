/** The way to the deck: gRPC-Web over fetch, with the session's token and typed errors. */
import {
  createClient,
  type Client,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { DescService } from "@bufbuild/protobuf";
import { readingRefusals } from "./edge.js";
import { NotAuthenticated, toQuarterdeckError } from "./errors.js";
import type { Session } from "./session.js";

/** How to reach the deck. */
export interface TransportOptions {
  readonly baseUrl: string;
  readonly interceptors?: Interceptor[];
  /** How long a call may take that is no stream. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** Speak gRPC-Web to the edge. */
export function edgeTransport(options: TransportOptions): Transport {
  const { baseUrl, interceptors = [], timeoutMs } = options;
  const fetcher = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const way = { baseUrl, interceptors, fetch: readingRefusals(fetcher) };
  const patient = createGrpcWebTransport(way);
  if (timeoutMs === undefined) return patient;
  const timed = createGrpcWebTransport({ ...way, defaultTimeoutMs: timeoutMs });
  // A stream lasts for as long as its reader wants.
  return {
    unary: (...call) => timed.unary(...call),
    stream: (...call) => patient.stream(...call),
  };
}

/** Send the session's token; a call that meets an expired one is made again with a new one. */
export function bearer(session: Session): Interceptor {
  return (next) => async (request) => {
    const token = await session.accessToken();
    request.header.set("authorization", `Bearer ${token}`);
    try {
      return await next(request);
    } catch (thrown) {
      const error = toQuarterdeckError(thrown);
      // The request of a stream can be sent only once; its reader opens it again.
      if (request.stream || !(error instanceof NotAuthenticated)) throw thrown;
      await renewOrEnd(session, token, error);
      request.header.set("authorization", `Bearer ${await session.accessToken()}`);
      return await next(request);
    }
  };
}

/** Renew a token that was refused, or end a session that was revoked. */
export async function renewOrEnd(
  session: Session,
  token: string | undefined,
  error: NotAuthenticated,
): Promise<void> {
  if (error.reason !== "TOKEN_REVOKED") return session.refresh(token);
  session.end(error);
  throw error;
}

type Call = (...parameters: unknown[]) => unknown;

/** A client whose calls throw QuarterdeckErrors. */
export function typedClient<S extends DescService>(service: S, transport: Transport): Client<S> {
  const client = createClient(service, transport) as Record<string, Call>;
  const typed: Record<string, Call> = {};
  for (const method of service.methods) {
    const call = client[method.localName] as Call;
    typed[method.localName] =
      method.methodKind === "unary" ? unaryCall(call) : streamCall(call);
  }
  return typed as Client<S>;
}

function unaryCall(call: Call): Call {
  return async (...parameters) => {
    try {
      return await call(...parameters);
    } catch (thrown) {
      throw toQuarterdeckError(thrown);
    }
  };
}

function streamCall(call: Call): Call {
  return async function* (...parameters) {
    try {
      yield* call(...parameters) as AsyncIterable<unknown>;
    } catch (thrown) {
      throw toQuarterdeckError(thrown);
    }
  };
}
