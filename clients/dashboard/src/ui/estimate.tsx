/** A statistic, or in words why there is none. */
import type { Estimate } from "@quarterdeck/client/api/analytics/v1/estimate";
import type { ReactElement } from "react";
import { absence } from "../format/estimate";

/** A value as `format` writes it; without one the reason. */
export function EstimateText(props: {
  readonly estimate: Estimate | undefined;
  readonly format: (value: number) => string;
}): ReactElement {
  const { estimate, format } = props;
  if (estimate?.value !== undefined) return <>{format(estimate.value)}</>;
  return <span className="absence">{absence(estimate)}</span>;
}
