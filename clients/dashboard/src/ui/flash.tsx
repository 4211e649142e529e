/** A number that lights up when it changes. */
import { useEffect, useRef, useState, type ReactElement, type ReactNode } from "react";

/** Lights up in the colour of the direction of the change. */
export function Flash(props: { readonly value: number; readonly children: ReactNode }): ReactElement {
  const { value } = props;
  const last = useRef(value);
  const [change, setChange] = useState({ count: 0, name: "" });
  useEffect(() => {
    if (value === last.current) return;
    const name = value > last.current ? "flash-up" : "flash-down";
    last.current = value;
    setChange(({ count }) => ({ count: count + 1, name }));
  }, [value]);
  // A new key starts the animation anew.
  return (
    <span key={change.count} className={`flash ${change.name}`}>
      {props.children}
    </span>
  );
}
