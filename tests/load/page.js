// The tab that is measured: reads every quote with the client, and touches the price of each.
import { createClient, Delivery } from "../../clients/typescript/dist/index.js";

const seen = { events: 0, frames: 0, gaps: 0, heartbeats: 0, longestPauseMs: 0, breaks: 0, lagMs: [] };
let beatAt = 0;
let total = 0n;

function take(frame) {
  seen.frames += 1;
  for (const { message } of frame.controls) {
    seen.gaps += message.case === "gap" || message.case === "skipped";
    if (message.case === "heartbeat") beat(frame.receivedAt);
  }
  for (const { payload } of frame.events) total += payload.value.bidPrice[0];
  seen.events += frame.events.length;
  const oldest = frame.events[0];
  if (oldest) seen.lagMs.push(frame.receivedAt - Number(oldest.publishTimeNs / 1_000n) / 1_000);
}

function beat(now) {
  if (beatAt) seen.longestPauseMs = Math.max(seen.longestPauseMs, now - beatAt);
  beatAt = now;
  seen.heartbeats += 1;
}

globalThis.read = async (password, heartbeatMs) => {
  const client = createClient({ baseUrl: location.origin });
  await client.session.signIn("admin", password);
  const onLink = ({ state }) => (seen.breaks += state === "waiting" || state === "failed");
  const topics = [{ topic: "quotes/*", delivery: Delivery.ALL }];
  for await (const frame of client.watch(topics, { heartbeatMs, onLink })) take(frame);
};

globalThis.report = () => {
  const report = { ...seen, checked: total > 0n };
  Object.assign(seen, { events: 0, frames: 0, gaps: 0, heartbeats: 0, longestPauseMs: 0, breaks: 0, lagMs: [] });
  return report;
};
