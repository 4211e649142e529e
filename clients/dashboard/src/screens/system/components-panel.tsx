/** The parts of the deck: processes, databases, the edge. */
import { msOf } from "@quarterdeck/client";
import { ComponentState, type Component } from "@quarterdeck/client/api/system/v1/component";
import { useQuarterdeck } from "@quarterdeck/client/react";
import { useCallback, type ReactElement } from "react";
import { useNow } from "../../data/use-now";
import { useQuery } from "../../data/use-query";
import { lastPart, words } from "../../format/label";
import { bytes, count, milliseconds, NOTHING } from "../../format/number";
import { duration, wallTime } from "../../format/time";
import { Answer, Outdated } from "../../ui/answer";
import { Badge, type Tone } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Table, type Column } from "../../ui/table";

const TONES: Record<number, Tone> = {
  [ComponentState.STARTING]: "accent",
  [ComponentState.HEALTHY]: "good",
  [ComponentState.UNHEALTHY]: "bad",
  [ComponentState.BACKOFF]: "bad",
};

/** The components, asked every two seconds: a stream would take one of the browser's six connections. */
export function ComponentsPanel(): ReactElement {
  const { health } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => (await health.listComponents({}, { signal })).components,
    [health],
  );
  const query = useQuery(ask, 2_000);
  const now = useNow(1_000);
  const total = query.data?.reduce((sum, c) => sum + Number(c.memoryBytes ?? 0n), 0);
  return (
    <Panel
      title="Components"
      count={query.data?.length}
      badges={<Outdated query={query} />}
      aside={total ? `memory ${bytes(total)} together` : undefined}
    >
      <Answer query={query} empty="No component is known">
        {(rows) => (
          <Table caption="Components" columns={columns(now)} rows={rows} rowKey={(component) => component.name} />
        )}
      </Answer>
    </Panel>
  );
}

function columns(now: number): readonly Column<Component>[] {
  return [
    { head: "Component", cell: (c) => <b>{lastPart(c.name)}</b> },
    {
      head: "State",
      cell: (c) => (
        <Badge tone={TONES[c.state] ?? "plain"} title={c.failure}>
          {words(ComponentState[c.state])}
        </Badge>
      ),
    },
    { head: "Since", cell: (c) => <Since component={c} now={now} /> },
    { head: "Restarts", cell: (c) => <span className={c.restarts > 0 ? "down" : ""}>{c.restarts}</span>, number: true },
    { head: "Memory", cell: (c) => bytes(c.memoryBytes), number: true },
    { head: "Check", cell: (c) => milliseconds(c.checkMs), number: true, wide: true },
    { head: "Process", cell: (c) => <span className="mono muted">{c.pid ?? NOTHING}</span>, number: true, wide: true },
    { head: "Failure", cell: (c) => <span className="muted">{c.failure}</span>, wide: true },
  ];
}

function Since(props: { readonly component: Component; readonly now: number }): ReactElement {
  const since = msOf(props.component.since);
  return <span title={wallTime(since)}>{since === undefined ? count(undefined) : duration(props.now - since)}</span>;
}
