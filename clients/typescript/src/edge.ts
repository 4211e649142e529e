/** The edge's own refusals: one JSON shape, no gRPC status, no details of the services. */
import { Code } from "@connectrpc/connect";

/** A refusal that the edge made itself. */
export class EdgeRefusal extends Error {
  override readonly name = "EdgeRefusal";

  constructor(
    message: string,
    /** The gRPC status code that fits the HTTP status. */
    readonly code: Code,
    /** How long to wait, if it said so. */
    readonly retryAfterMs: number | undefined,
    /** What to quote when asking for help. */
    readonly requestId: string | undefined,
  ) {
    super(message);
  }
}

const CODES = new Map<number, Code>([
  [400, Code.InvalidArgument],
  [401, Code.Unauthenticated],
  [403, Code.PermissionDenied],
  [404, Code.Unimplemented],
  [413, Code.ResourceExhausted],
  [429, Code.ResourceExhausted],
]);

/** Wrap fetch so that a refusal in the edge's JSON shape throws an EdgeRefusal. */
export function readingRefusals(fetcher: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetcher(input, init);
    if (response.ok || !isJson(response)) return response;
    throw refusalOf(response, await response.json().catch(() => ({})));
  };
}

function isJson(response: Response): boolean {
  return (response.headers.get("content-type") ?? "").startsWith("application/json");
}

function refusalOf(response: Response, body: Record<string, unknown>): EdgeRefusal {
  const code = CODES.get(response.status) ?? Code.Unavailable;
  const message = typeof body["message"] === "string" ? body["message"] : response.statusText;
  const requestId = typeof body["request_id"] === "string" ? body["request_id"] : undefined;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return new EdgeRefusal(message || `the edge answered ${response.status}`, code, retryAfterMs, requestId);
}
