/** One of a few. */
import type { ReactElement } from "react";

/** Buttons of which one is pressed. */
export function Segments<K extends string>(props: {
  readonly label: string;
  readonly options: Readonly<Record<K, string>>;
  readonly value: K;
  readonly choose: (value: K) => void;
}): ReactElement {
  return (
    <div className="segments" role="group" aria-label={props.label}>
      {(Object.entries(props.options) as [K, string][]).map(([key, name]) => (
        <button key={key} type="button" aria-pressed={key === props.value} onClick={() => props.choose(key)}>
          {name}
        </button>
      ))}
    </div>
  );
}
