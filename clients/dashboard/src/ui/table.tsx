/** Rows and columns. */
import type { CSSProperties, ReactElement, ReactNode } from "react";

/** A column: its head, its cell, and whether it holds numbers or gives way on a phone. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  readonly number?: boolean;
  /** Left out where there is little room. */
  readonly wide?: boolean;
}

/** A table that scrolls by itself when it is too high or too wide. */
export function Table<T>(props: {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly selected?: string | undefined;
  readonly maxHeight?: string;
}): ReactElement {
  const { columns, rowKey, selected, maxHeight } = props;
  const style = maxHeight ? ({ "--table-height": maxHeight } as CSSProperties) : undefined;
  return (
    // A scrolling region must be reachable with the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table-scroll" style={style} tabIndex={0} role="region" aria-label={props.caption}>
      <table>
        <caption className="visually-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" className={classOf(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={rowKey(row)} aria-selected={selected === undefined ? undefined : selected === rowKey(row)}>
              {columns.map((column) => (
                <td key={column.head} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<T>({ number, wide }: Column<T>): string | undefined {
  return [number && "number", wide && "wide"].filter(Boolean).join(" ") || undefined;
}
