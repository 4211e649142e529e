/** What is shown while there is nothing to show. */
import type { QuarterdeckError } from "@quarterdeck/client";
import type { ReactElement, ReactNode } from "react";
import { Icon } from "./icon";

/** Something is on its way. */
export function Loading(props: { readonly lines?: number }): ReactElement {
  const widths = Array.from({ length: props.lines ?? 4 }, (_, line) => `${92 - ((line * 17) % 40)}%`);
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {widths.map((width, line) => (
        // The lines never change places.
        // oxlint-disable-next-line react/no-array-index-key
        <i key={line} style={{ width }} />
      ))}
    </div>
  );
}

/** There is nothing, and why. */
export function Empty(props: { readonly title: string; readonly children?: ReactNode }): ReactElement {
  return (
    <div className="blank">
      <Icon name="empty" />
      <strong>{props.title}</strong>
      {props.children && <p>{props.children}</p>}
    </div>
  );
}

/** It failed, why, and how to try again. */
export function Failure(props: {
  readonly error: QuarterdeckError;
  readonly retry?: () => void;
}): ReactElement {
  const { error, retry } = props;
  return (
    <div className="blank" role="alert">
      <Icon name="alert" />
      <strong>{titleOf(error)}</strong>
      <p>{error.message}</p>
      {error.requestId && <p className="mono">{error.requestId}</p>}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

const TITLES: Record<string, string> = {
  NotAllowed: "You may not see this",
  NotFound: "It does not exist",
  Unavailable: "The deck cannot be reached",
  RateLimited: "Too much at once",
  NotAuthenticated: "You are no longer signed in",
};

/** What kind of failure it is, in a few words. */
export function titleOf(error: QuarterdeckError): string {
  return TITLES[error.name] ?? "This did not work";
}
