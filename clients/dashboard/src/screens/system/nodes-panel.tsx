/** The nodes that trade. */
import { msOf } from "@quarterdeck/client";
import { NodeMode, NodeState, type Node } from "@quarterdeck/client/api/trading/v1/node";
import type { ReactElement } from "react";
import { useNodes } from "../../data/use-nodes";
import { useNow } from "../../data/use-now";
import { lastPart, words } from "../../format/label";
import { bytes, count, milliseconds, NOTHING } from "../../format/number";
import { duration } from "../../format/time";
import { Answer, Outdated } from "../../ui/answer";
import { Badge, type Tone } from "../../ui/badge";
import { Facts, type Fact } from "../../ui/facts";
import { Panel } from "../../ui/panel";

const TONES: Record<number, Tone> = {
  [NodeState.STARTING]: "accent",
  [NodeState.RUNNING]: "good",
  [NodeState.DEGRADED]: "warn",
  [NodeState.LOST]: "bad",
};

/** A card for each node. */
export function NodesPanel(): ReactElement {
  const query = useNodes();
  return (
    <Panel title="Nodes" count={query.data?.length} badges={<Outdated query={query} />}>
      <Answer query={query} empty="No node has registered">
        {(nodes) => (
          <div className="cards">
            {nodes.map((node) => (
              <NodeCard key={node.name} node={node} />
            ))}
          </div>
        )}
      </Answer>
    </Panel>
  );
}

function NodeCard(props: { readonly node: Node }): ReactElement {
  const { node } = props;
  const now = useNow(1_000);
  const reported = msOf(node.reportTime);
  return (
    <article className="card">
      <div className="row">
        <b>{node.displayName || lastPart(node.name)}</b>
        <Badge tone={TONES[node.state] ?? "plain"}>{words(NodeState[node.state])}</Badge>
        <Badge tone={node.mode === NodeMode.LIVE ? "bad" : "accent"}>{NodeMode[node.mode]}</Badge>
        <span className="end muted">
          {reported === undefined ? "never reported" : `reported ${duration(now - reported)} ago`}
        </span>
      </div>
      <Facts facts={factsOf(node)} />
      {node.differences.length > 0 && <Differences node={node} />}
    </article>
  );
}

function factsOf(node: Node): readonly Fact[] {
  const { health } = node;
  const up = (connected: boolean | undefined): string => (connected ? "connected" : "down");
  return [
    ["Strategies", strategiesOf(node)],
    ["Accounts", node.accounts.join(", ")],
    ["Market data", health && up(health.dataConnected)],
    ["Execution", health && up(health.executionConnected)],
    ["Open positions", count(health?.openPositions)],
    ["Open orders", count(health?.openOrders)],
    ["Loop lag", milliseconds(health?.loopLagMs)],
    ["Rows received", count(health?.receivedRows)],
    ["Rows lost", count(health?.lostRows)],
    ["Waiting to be recorded", count(health?.spooledEvents)],
    ["Refused events", count(health?.deadLetters)],
    ["Memory", bytes(health?.residentBytes)],
    ["Engine", node.engineVersion],
    ["Code", node.codeHash.slice(0, 12) || NOTHING],
  ];
}

/** How many run, and by name those that do not. */
function strategiesOf({ health, strategies }: Node): string {
  const states = Object.entries(health?.strategyStates ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (states.length === 0) return strategies.join(", ");
  const others = states.filter(([, state]) => state !== "RUNNING");
  const running = `${states.length - others.length} of ${states.length} running`;
  return [running, ...others.map(([name, state]) => `${name} ${words(state)}`)].join(", ");
}

function Differences(props: { readonly node: Node }): ReactElement {
  return (
    <ul>
      {props.node.differences.map(({ subject, nodeValue, logValue }) => (
        <li key={subject}>
          <Badge tone="warn">differs</Badge> {subject}: node {nodeValue}, log {logValue}
        </li>
      ))}
    </ul>
  );
}
