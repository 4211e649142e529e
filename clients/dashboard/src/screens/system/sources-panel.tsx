/** Where market data come from. */
import { msOf, toQuarterdeckError, type QuarterdeckError } from "@quarterdeck/client";
import { SourceState, type Source } from "@quarterdeck/client/api/marketdata/v1/source";
import { useQuarterdeck } from "@quarterdeck/client/react";
import { useCallback, useState, type ReactElement } from "react";
import { useNow } from "../../data/use-now";
import { useQuery } from "../../data/use-query";
import { lastPart, words } from "../../format/label";
import { count } from "../../format/number";
import { duration, marketTime } from "../../format/time";
import { Answer, Outdated } from "../../ui/answer";
import { Badge, type Tone } from "../../ui/badge";
import { Facts, type Fact } from "../../ui/facts";
import { Panel } from "../../ui/panel";

const TONES: Record<number, Tone> = {
  [SourceState.RUNNING]: "good",
  [SourceState.ENDED]: "accent",
  [SourceState.FAILED]: "bad",
};

/** A card for each source. */
export function SourcesPanel(): ReactElement {
  const { sources } = useQuarterdeck();
  const ask = useCallback(
    async (signal: AbortSignal) => (await sources.listSources({}, { signal })).sources,
    [sources],
  );
  const query = useQuery(ask, 2_000);
  return (
    <Panel title="Sources" count={query.data?.length} badges={<Outdated query={query} />}>
      <Answer query={query} empty="No source is installed">
        {(rows) => (
          <div className="cards">
            {rows.map((source) => (
              <SourceCard key={source.name} source={source} changed={query.refresh} />
            ))}
          </div>
        )}
      </Answer>
    </Panel>
  );
}

function SourceCard(props: { readonly source: Source; readonly changed: () => void }): ReactElement {
  const { source, changed } = props;
  const now = useNow(1_000);
  const progress = source.replay?.progress;
  return (
    <article className="card">
      <div className="row">
        <b>{source.displayName || lastPart(source.name)}</b>
        <Badge tone={TONES[source.state] ?? "plain"}>{words(SourceState[source.state])}</Badge>
        <span className="end">
          <Switch source={source} changed={changed} />
        </span>
      </div>
      {progress !== undefined && (
        <div className="meter" role="meter" aria-label="Played" aria-valuenow={Math.round(progress * 100)} aria-valuemin={0} aria-valuemax={100}>
          <i style={{ width: `${progress * 100}%` }} />
        </div>
      )}
      <Facts facts={factsOf(source, now)} />
      {source.failure && <p className="down">{source.failure}</p>}
      {source.provenance && <p className="muted">{source.provenance}</p>}
    </article>
  );
}

function factsOf(source: Source, now: number): readonly Fact[] {
  const published = msOf(source.lastPublishTime);
  const { replay } = source;
  const played: readonly Fact[] = replay
    ? [
        ["Market time (UTC)", marketTime(msOf(replay.eventTime))],
        ["Ends at (UTC)", marketTime(msOf(replay.endTime))],
        ["A trading day takes", `${replay.options?.secondsPerDay || 10} s`],
      ]
    : [];
  return [
    ...played,
    ["Instruments", count(source.instruments.length)],
    ["Rows published", count(source.publishedRows)],
    ["Last published", published === undefined ? undefined : `${duration(now - published)} ago`],
  ];
}

function Switch(props: { readonly source: Source; readonly changed: () => void }): ReactElement {
  const { source, changed } = props;
  const { sources } = useQuarterdeck();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<QuarterdeckError>();
  const running = source.state === SourceState.RUNNING;

  const act = async (): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await (running ? sources.stopSource({ name: source.name }) : sources.startSource({ name: source.name }));
      changed();
    } catch (thrown) {
      setFailure(toQuarterdeckError(thrown));
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      {failure && (
        <span className="down" role="alert">
          {failure.message}{" "}
        </span>
      )}
      <button type="button" className="button" disabled={busy} onClick={() => void act()}>
        {running ? "Stop" : "Start"}
      </button>
    </>
  );
}
