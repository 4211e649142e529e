/** What the stream said about a topic: silence and holes are never hidden. */
import { GapCause, type TopicView } from "@quarterdeck/client";
import type { ReactElement } from "react";
import { words } from "../../format/label";
import { duration } from "../../format/time";
import { Badge } from "../../ui/badge";

const GAP_SHOWN_MS = 60_000;

/** STALE while it is silent, GAP for a minute after a hole, how many were skipped. */
export function TopicBadges(props: { readonly view: TopicView | undefined; readonly now: number }): ReactElement | null {
  const { view, now } = props;
  if (!view) return null;
  const { stale, lastGap, gaps, skipped, receivedAt } = view;
  const silence = receivedAt === undefined ? (stale?.silentForMs ?? 0) : now - receivedAt;
  return (
    <>
      {stale && (
        <Badge tone="warn" title={stale.note || "The source went silent"}>
          STALE {duration(silence)}
        </Badge>
      )}
      {lastGap && now - lastGap.at < GAP_SHOWN_MS && (
        <Badge tone="bad" title={`${words(GapCause[lastGap.cause])}; ${gaps} gaps since this page was opened`}>
          GAP {lastGap.lost === undefined ? "" : `${lastGap.lost} lost`}
        </Badge>
      )}
      {skipped > 0n && (
        <Badge title="Left out since this page was slow; the newest is always shown">{String(skipped)} skipped</Badge>
      )}
    </>
  );
}
