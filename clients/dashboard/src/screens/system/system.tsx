/** How the deck itself is. */
import type { ReactElement } from "react";
import { ComponentsPanel } from "./components-panel";
import { JobsPanel } from "./jobs-panel";
import { NodesPanel } from "./nodes-panel";
import { SourcesPanel } from "./sources-panel";
import { StreamsPanel } from "./streams-panel";

/** The system. */
export default function System(): ReactElement {
  return (
    <>
      <div className="page-head">
        <h1>System</h1>
        <span className="muted">times on this screen are wall time of this place, unless said otherwise</span>
      </div>
      <ComponentsPanel />
      <div className="halves">
        <NodesPanel />
        <SourcesPanel />
      </div>
      <StreamsPanel />
      <JobsPanel />
    </>
  );
}
