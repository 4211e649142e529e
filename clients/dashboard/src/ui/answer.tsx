/** What a call answered, or why there is nothing to show. */
import type { ReactElement, ReactNode } from "react";
import type { Query } from "../data/use-query";
import { Badge } from "./badge";
import { Empty, Failure, Loading } from "./states";

/** Shows rows once they are there; before that what is awaited or what failed. */
export function Answer<T>(props: {
  readonly query: Query<readonly T[]>;
  readonly empty: string;
  readonly children: (rows: readonly T[]) => ReactNode;
}): ReactElement {
  const { data, error, refresh } = props.query;
  if (!data) return error ? <Failure error={error} retry={refresh} /> : <Loading />;
  return data.length === 0 ? <Empty title={props.empty} /> : <>{props.children(data)}</>;
}

/** Says that what is shown is old, since the last call failed. */
export function Outdated<T>(props: { readonly query: Query<T> }): ReactElement | null {
  const { data, error } = props.query;
  if (!data || !error) return null;
  return (
    <Badge tone="warn" title={error.message}>
      not updated
    </Badge>
  );
}
