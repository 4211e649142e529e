/**
 * What can go wrong, as types.
 *
 * QuarterdeckError
 * ├── InvalidRequest     a field cannot be accepted; `fields` names each
 * ├── NotAuthenticated   no token, or one that no longer holds
 * ├── NotAllowed         the permission or the scope is missing
 * ├── NotFound
 * ├── AlreadyExists
 * ├── NotPossibleNow     the state of the system forbids it
 * ├── Conflict           read again and decide anew
 * ├── RateLimited        a limit is used up; `retryAfterMs` says until when
 * ├── Unavailable        not reachable now
 * ├── Canceled           the caller gave up
 * └── ServerError        everything else
 */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";
import type { ErrorReason } from "./gen/quarterdeck/api/type/v1/error_reason_pb.js";
import { EdgeRefusal } from "./edge.js";

/** Why a call failed: a value of the contract's ErrorReason without its prefix. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** A field of the request that cannot be accepted. */
export interface FieldViolation {
  /** The path of the field, for example "subscriptions[0].topic". */
  readonly field: string;
  /** What is wrong with it. */
  readonly description: string;
}

interface Details {
  readonly reason?: Reason | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fields?: readonly FieldViolation[];
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
}

/** The root of every failure of a call. */
export class QuarterdeckError extends Error {
  // Written out in each class: a minifier changes the names of classes.
  override readonly name: string = "QuarterdeckError";
  /** The gRPC status code. */
  readonly code: Code;
  /** Why, if the services said so; the edge's own refusals carry none. */
  readonly reason: Reason | undefined;
  /** What the reason is about. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields at fault. */
  readonly fields: readonly FieldViolation[];
  /** How long to wait before trying again, if the server said so. */
  readonly retryAfterMs: number | undefined;
  /** What to quote when asking for help. */
  readonly requestId: string | undefined;

  constructor(code: Code, message: string, details: Details = {}, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.reason = details.reason;
    this.metadata = details.metadata ?? {};
    this.fields = details.fields ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
  }
}

/** A field cannot be accepted. */
export class InvalidRequest extends QuarterdeckError {
  override readonly name: string = "InvalidRequest";
}
/** No token, or one that no longer holds. */
export class NotAuthenticated extends QuarterdeckError {
  override readonly name: string = "NotAuthenticated";
}
/** The permission or the scope is missing. */
export class NotAllowed extends QuarterdeckError {
  override readonly name: string = "NotAllowed";
}
/** The named resource does not exist. */
export class NotFound extends QuarterdeckError {
  override readonly name: string = "NotFound";
}
/** A resource with this name exists already. */
export class AlreadyExists extends QuarterdeckError {
  override readonly name: string = "AlreadyExists";
}
/** The state of the system forbids it. */
export class NotPossibleNow extends QuarterdeckError {
  override readonly name: string = "NotPossibleNow";
}
/** The resource changed, or an identifier was used for other content. */
export class Conflict extends QuarterdeckError {
  override readonly name: string = "Conflict";
}
/** A limit is used up. */
export class RateLimited extends QuarterdeckError {
  override readonly name: string = "RateLimited";
}
/** The deck, or something it needs, is not reachable now. */
export class Unavailable extends QuarterdeckError {
  override readonly name: string = "Unavailable";
}
/** The caller gave up. */
export class Canceled extends QuarterdeckError {
  override readonly name: string = "Canceled";
}
/** The server failed. */
export class ServerError extends QuarterdeckError {
  override readonly name: string = "ServerError";
}

const CLASSES = new Map<Code, typeof QuarterdeckError>([
  [Code.InvalidArgument, InvalidRequest],
  [Code.OutOfRange, InvalidRequest],
  [Code.Unauthenticated, NotAuthenticated],
  [Code.PermissionDenied, NotAllowed],
  [Code.NotFound, NotFound],
  [Code.AlreadyExists, AlreadyExists],
  [Code.FailedPrecondition, NotPossibleNow],
  [Code.Aborted, Conflict],
  [Code.ResourceExhausted, RateLimited],
  [Code.Unavailable, Unavailable],
  [Code.DeadlineExceeded, Unavailable],
  [Code.Canceled, Canceled],
]);

/** Make the fitting class of error. */
export function errorOf(
  code: Code,
  message: string,
  details: Details = {},
  cause?: unknown,
): QuarterdeckError {
  return new (CLASSES.get(code) ?? ServerError)(code, message, details, cause);
}

/** Turn whatever a call threw into a QuarterdeckError. */
export function toQuarterdeckError(thrown: unknown): QuarterdeckError {
  if (thrown instanceof QuarterdeckError) return thrown;
  if (thrown instanceof EdgeRefusal) return fromEdge(thrown, thrown);
  const error = ConnectError.from(thrown);
  if (error.cause instanceof QuarterdeckError) return error.cause;
  if (error.cause instanceof EdgeRefusal) return fromEdge(error.cause, error);
  const retryAfterMs = retryInfo(error) ?? retryAfterHeader(error.metadata);
  const limited = error.code === Code.Unavailable && isRateLimit(error.metadata);
  const code = limited ? Code.ResourceExhausted : networkCode(error);
  return errorOf(code, error.rawMessage, { ...detailsOf(error), retryAfterMs }, error);
}

/** Behind gRPC-Web the edge's 429 arrives as UNAVAILABLE; its headers tell what it is. */
function isRateLimit(headers: Headers): boolean {
  return headers.has("retry-after") && headers.get("x-ratelimit-remaining") === "0";
}

function fromEdge(refusal: EdgeRefusal, cause: unknown): QuarterdeckError {
  const { retryAfterMs, requestId } = refusal;
  return errorOf(refusal.code, refusal.message, { retryAfterMs, requestId }, cause);
}

/** A browser tells a lost connection as a TypeError; callers want to know it as unavailability. */
function networkCode(error: ConnectError): Code {
  const lost = error.code === Code.Unknown || error.code === Code.Internal;
  return lost && error.cause instanceof TypeError ? Code.Unavailable : error.code;
}

function detailsOf(error: ConnectError): Details {
  const info = error.findDetails(ErrorInfoSchema)[0];
  const violations = error.findDetails(BadRequestSchema).flatMap((d) => d.fieldViolations);
  return {
    reason: info?.reason as Reason | undefined,
    metadata: info?.metadata ?? {},
    fields: violations.map(({ field, description }) => ({ field, description })),
    requestId:
      error.findDetails(RequestInfoSchema)[0]?.requestId ??
      error.metadata.get("x-request-id") ??
      undefined,
  };
}

function retryInfo(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
}

function retryAfterHeader(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
