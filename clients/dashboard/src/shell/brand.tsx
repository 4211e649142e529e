import type { ReactElement } from "react";
import { hrefOf } from "../route";

/** The name and its sign. */
export function Brand(props: { readonly linked?: boolean }): ReactElement {
  const content = (
    <>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="var(--accent-soft)" />
        <path d="M7 25V7a18 18 0 0 1 18 18z" fill="var(--accent)" />
        <path d="M7 19.5h17.2M7 14h14" stroke="var(--surface)" strokeWidth="2" />
      </svg>
      <span>Quarterdeck</span>
    </>
  );
  if (!props.linked) return <div className="brand">{content}</div>;
  return (
    <a className="brand" href={hrefOf("overview")} aria-label="Quarterdeck, overview">
      {content}
    </a>
  );
}
