/** Who reads what, and how far behind. */
import { msOf } from "@quarterdeck/client";
import type { Connection } from "@quarterdeck/client/api/stream/v1/connection";
import type { GetConnectionStatsResponse } from "@quarterdeck/client/api/stream/v1/connection_service";
import { useConnection, useQuarterdeck } from "@quarterdeck/client/react";
import { useCallback, type ReactElement } from "react";
import { useNow } from "../../data/use-now";
import { useQuery } from "../../data/use-query";
import { lastPart } from "../../format/label";
import { bytes, count, milliseconds } from "../../format/number";
import { duration, wallTime } from "../../format/time";
import { Answer, Outdated } from "../../ui/answer";
import { Badge } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Table, type Column } from "../../ui/table";
import { Tile, Tiles } from "../../ui/tile";

/** The streams, with totals. */
export function StreamsPanel(): ReactElement {
  const { connections } = useQuarterdeck();
  const list = useCallback(
    async (signal: AbortSignal) => (await connections.listConnections({}, { signal })).connections,
    [connections],
  );
  const total = useCallback(
    (signal: AbortSignal) => connections.getConnectionStats({}, { signal }),
    [connections],
  );
  const query = useQuery(list, 2_000);
  const stats = useQuery(total, 2_000);
  const mine = useConnection().sessionId;
  const now = useNow(1_000);
  return (
    <Panel title="Streams" count={query.data?.length} badges={<Outdated query={query} />}>
      {stats.data && <Totals stats={stats.data} />}
      <Answer query={query} empty="Nobody reads a stream">
        {(rows) => (
          <Table caption="Streams" columns={columns(now, mine)} rows={rows} rowKey={(row) => row.name} />
        )}
      </Answer>
    </Panel>
  );
}

function Totals(props: { readonly stats: GetConnectionStatsResponse }): ReactElement {
  const { stats } = props;
  return (
    <div className="inset-tiles">
      <Tiles label="Totals over all streams">
        <Tile label="Topics">{count(stats.topics)}</Tile>
        <Tile label="Published events">{count(stats.publishedEvents)}</Tile>
        <Tile label="Sent events">{count(stats.sentEvents)}</Tile>
        <Tile label="Sent">{bytes(stats.sentBytes)}</Tile>
        <Tile label="Cut readers">
          <span className={stats.cutReaders > 0n ? "down" : ""}>{count(stats.cutReaders)}</span>
        </Tile>
        <Tile label="Lost events">
          <span className={stats.lostEvents > 0n ? "down" : ""}>{count(stats.lostEvents)}</span>
        </Tile>
      </Tiles>
    </div>
  );
}

function columns(now: number, mine: string | undefined): readonly Column<Connection>[] {
  return [
    {
      head: "Reader",
      cell: (c) => (
        <>
          <b>{lastPart(c.principal)}</b> {lastPart(c.name) === mine && <Badge tone="accent">this page</Badge>}
        </>
      ),
    },
    { head: "Client", cell: (c) => <span title={c.userAgent}>{clientOf(c.userAgent)}</span>, wide: true },
    { head: "From", cell: (c) => <span className="mono muted">{c.peer}</span>, wide: true },
    {
      head: "Topics",
      cell: (c) => <span title={c.topics.join("\n")}>{c.subscriptionCount}</span>,
      number: true,
    },
    { head: "Open for", cell: (c) => <OpenFor connection={c} now={now} />, number: true, wide: true },
    { head: "Events", cell: (c) => count(c.sentEvents), number: true },
    { head: "Sent", cell: (c) => bytes(c.sentBytes), number: true, wide: true },
    { head: "Behind", cell: (c) => milliseconds(c.behindMs), number: true },
    { head: "Skipped", cell: (c) => count(c.skippedEvents), number: true, wide: true },
    {
      head: "Lost",
      cell: (c) => <span className={c.lostEvents > 0n ? "down" : ""}>{count(c.lostEvents)}</span>,
      number: true,
    },
  ];
}

function OpenFor(props: { readonly connection: Connection; readonly now: number }): ReactElement {
  const opened = msOf(props.connection.openTime);
  return <span title={wallTime(opened)}>{opened !== undefined && duration(props.now - opened)}</span>;
}

/** What a user agent is, in a word. */
function clientOf(userAgent: string): string {
  if (/connect-es|Mozilla/.test(userAgent)) return "Browser";
  const name = /^[\w.-]+(?:\/[\w.]+)?/.exec(userAgent)?.[0];
  return name ?? "Unknown";
}
