import { NodeMode, NodeState, type Node } from "@quarterdeck/client/api/trading/v1/node";
import type { ReactElement } from "react";
import { useNodes } from "../data/use-nodes";

const TITLES = {
  LIVE: "At least one node trades with real money",
  PAPER: "Every node trades with simulated execution",
  "NO NODE": "No node is running",
};

/** Whether real money is at stake: live as soon as one running node is. */
export function ModeBadge(): ReactElement {
  const { data } = useNodes();
  const mode = modeOf(data ?? []);
  const tone = { LIVE: "live", PAPER: "accent", "NO NODE": "plain" }[mode];
  return (
    <span className={`badge loud ${tone}`} title={TITLES[mode]}>
      {mode}
    </span>
  );
}

/** The mode of the whole deck. */
export function modeOf(nodes: readonly Pick<Node, "mode" | "state">[]): keyof typeof TITLES {
  const running = nodes.filter(({ state }) => state !== NodeState.STOPPED);
  if (running.some(({ mode }) => mode === NodeMode.LIVE)) return "LIVE";
  return running.length > 0 ? "PAPER" : "NO NODE";
}
