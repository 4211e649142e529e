/** What people should know. */
import { NoticeSeverity } from "@quarterdeck/client/api/stream/v1/notice";
import { useMarketData } from "@quarterdeck/client/react";
import { msOfNs } from "@quarterdeck/client";
import type { ReactElement } from "react";
import { useNow } from "../../data/use-now";
import { words } from "../../format/label";
import { duration, wallTime } from "../../format/time";
import { Badge, type Tone } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";

const TOPICS = ["notices/*"];

const TONES: Record<number, Tone> = {
  [NoticeSeverity.INFO]: "accent",
  [NoticeSeverity.WARNING]: "warn",
  [NoticeSeverity.CRITICAL]: "bad",
};

/** The newest notice about each subject, newest first. */
export function NoticesPanel(): ReactElement {
  const now = useNow(10_000);
  const notices = [...useMarketData(TOPICS).values()]
    .flatMap(({ event }) =>
      event?.payload.case === "notices"
        ? [{ ...event.payload.value, topic: event.topic, at: msOfNs(event.publishTimeNs) }]
        : [],
    )
    .sort((a, b) => b.at - a.at);
  return (
    <Panel title="Notices" count={notices.length}>
      {notices.length === 0 && <Empty title="Nothing to report" />}
      <ul className="notices">
        {notices.map((notice) => (
          <li key={notice.topic}>
            <span className="row">
              <Badge tone={TONES[notice.severity] ?? "plain"}>{words(NoticeSeverity[notice.severity])}</Badge>
              <time className="muted" title={wallTime(notice.at)}>
                {duration(now - notice.at)} ago
              </time>
            </span>
            <span>{notice.text}</span>
            <span className="muted">{notice.subject}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
