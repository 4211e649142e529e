/** Long work. */
import { msOf, toQuarterdeckError, type QuarterdeckError } from "@quarterdeck/client";
import { JobState, type Job } from "@quarterdeck/client/api/system/v1/job";
import { useQuarterdeck } from "@quarterdeck/client/react";
import { useCallback, useState, type ReactElement } from "react";
import { useQuery } from "../../data/use-query";
import { lastPart, words } from "../../format/label";
import { wallTime } from "../../format/time";
import { Answer, Outdated } from "../../ui/answer";
import { Badge, type Tone } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Table, type Column } from "../../ui/table";

const TONES: Record<number, Tone> = {
  [JobState.RUNNING]: "accent",
  [JobState.SUCCEEDED]: "good",
  [JobState.FAILED]: "bad",
  [JobState.CANCELED]: "warn",
};

/** The newest jobs. */
export function JobsPanel(): ReactElement {
  const { jobs } = useQuarterdeck();
  const [failure, setFailure] = useState<QuarterdeckError>();
  const ask = useCallback(
    async (signal: AbortSignal) => (await jobs.listJobs({ pageSize: 50 }, { signal })).jobs,
    [jobs],
  );
  const query = useQuery(ask, 3_000);
  const cancel = async (job: Job): Promise<void> => {
    setFailure(undefined);
    await jobs.cancelJob({ name: job.name }).then(query.refresh, (thrown: unknown) => {
      setFailure(toQuarterdeckError(thrown));
    });
  };
  const failed = failure && (
    <span className="down" role="alert">
      {failure.message}
    </span>
  );
  return (
    <Panel title="Jobs" count={query.data?.length} badges={<Outdated query={query} />} aside={failed}>
      <Answer query={query} empty="No job has run">
        {(rows) => (
          <Table caption="Jobs, newest first" columns={columns(cancel)} rows={rows} rowKey={(job) => job.name} maxHeight="360px" />
        )}
      </Answer>
    </Panel>
  );
}

function columns(cancel: (job: Job) => Promise<void>): readonly Column<Job>[] {
  return [
    { head: "Job", cell: (job) => <b>{words(job.kind)}</b> },
    { head: "Subject", cell: (job) => lastPart(job.subject), wide: true },
    { head: "State", cell: (job) => <Badge tone={TONES[job.state] ?? "plain"}>{words(JobState[job.state])}</Badge> },
    { head: "Progress", cell: (job) => <Progress job={job} /> },
    { head: "Note", cell: (job) => <span className="muted">{job.failure || job.note}</span>, wide: true },
    { head: "Owner", cell: (job) => lastPart(job.owner), wide: true },
    { head: "Created", cell: (job) => wallTime(msOf(job.createTime)), wide: true },
    { head: "", cell: (job) => <Cancel job={job} cancel={cancel} />, number: true },
  ];
}

function Progress(props: { readonly job: Job }): ReactElement {
  const percent = Math.round(props.job.progress * 100);
  return (
    <span className="progress">
      <span className="meter">
        <i style={{ width: `${percent}%` }} />
      </span>
      {percent} %
    </span>
  );
}

function Cancel(props: { readonly job: Job; readonly cancel: (job: Job) => Promise<void> }): ReactElement | null {
  const { job, cancel } = props;
  if (job.state !== JobState.RUNNING && job.state !== JobState.PENDING) return null;
  return (
    <button type="button" className="button" onClick={() => void cancel(job)}>
      Cancel
    </button>
  );
}
