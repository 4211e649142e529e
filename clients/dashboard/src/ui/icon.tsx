/** The few pictures there are, drawn with the colour of the text. */
import type { ReactElement } from "react";

const PATHS = {
  overview: "M3 17l5-6 4 3 6-8M3 21h18M15 6h3v3",
  market: "M7 4v3m0 9v4M4.5 7h5v9h-5zM17 3v4m0 8v5m-2.5-13h5v8h-5z",
  analytics: "M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6",
  system: "M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5h.01M7.5 16.5h.01",
  out: "M15 4h4a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-4M10 8l-4 4 4 4M6 12h9",
  empty: "M4 13l2.5-8h11L20 13v6H4zM4 13h5l1 2.5h4l1-2.5h5",
  alert: "M12 4l9 16H3zM12 10v4M12 17h.01",
} as const;

/** A picture that says nothing the text beside it does not say. */
export function Icon(props: { readonly name: keyof typeof PATHS }): ReactElement {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor">
      <path d={PATHS[props.name]} strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
