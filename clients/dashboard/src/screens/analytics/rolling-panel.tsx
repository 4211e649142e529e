/** How the Sharpe ratio went: that of every window of days. */
import { useMemo, useState, type ReactElement } from "react";
import { DaysChart, type Line } from "../../charts/days-chart";
import { useRollingSharpe, type Portfolio } from "../../data/use-performance";
import { ratio } from "../../format/estimate";
import { Outdated } from "../../ui/answer";
import { Panel } from "../../ui/panel";
import { Segments } from "../../ui/segments";
import { Empty, Failure, Loading } from "../../ui/states";

const WINDOWS = { "21": "1 month", "63": "3 months", "126": "6 months" } as const;

type Window = keyof typeof WINDOWS;

/** The rolling Sharpe ratio of an account or strategy. */
export function RollingPanel(props: { readonly portfolio: Portfolio }): ReactElement {
  const [window, setWindow] = useState<Window>("21");
  const query = useRollingSharpe(props.portfolio, Number(window));
  const { data, error, refresh } = query;
  const lines = useMemo<Line[]>(
    () => (data ? [{ name: "Sharpe ratio", days: data.days, values: data.values }] : []),
    [data],
  );
  return (
    <Panel
      title="Rolling Sharpe ratio"
      badges={<Outdated query={query} />}
      aside={<Segments label="Window" options={WINDOWS} value={window} choose={setWindow} />}
      foot={`Of ${window} days up to each day`}
    >
      {error && !data && <Failure error={error} retry={refresh} />}
      {!error && !data && <Loading lines={5} />}
      {data && data.days.length === 0 && (
        <Empty title="No window yet">
          {data.windows > 0n ? "Nothing varies in any window." : `A window needs ${window} days.`}
        </Empty>
      )}
      {data && data.days.length > 0 && (
        <DaysChart label={`Sharpe ratio of windows of ${window} days`} lines={lines} format={ratio} low />
      )}
    </Panel>
  );
}
