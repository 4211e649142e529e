/** Orders and fills as they happen. */
import { msOf, type TradeUpdates } from "@quarterdeck/client";
import type { Fill } from "@quarterdeck/client/api/trading/v1/fill";
import { OrderSide, OrderStatus, OrderType, type Order } from "@quarterdeck/client/api/trading/v1/order";
import type { ReactElement, ReactNode } from "react";
import { words } from "../format/label";
import { exact, grouped, quantity } from "../format/number";
import { marketTime } from "../format/time";
import { Badge, type Tone } from "../ui/badge";
import { Panel } from "../ui/panel";
import { Empty, Failure, Loading } from "../ui/states";
import { Table, type Column } from "../ui/table";

type Precision = (instrument: string) => number;

interface Props {
  readonly updates: TradeUpdates;
  readonly precision: Precision;
}

interface FillsProps extends Props {
  readonly instrument?: string;
}

const HEIGHT = "380px";

/** The orders, last changed first. */
export function OrdersPanel({ updates, precision }: Props): ReactElement {
  const { orders } = updates;
  return (
    <TradesPanel title="Orders" updates={updates} count={orders.length}>
      <Table
        caption="Orders, last changed first"
        columns={orderColumns(precision)}
        rows={orders}
        rowKey={(order) => `${order.account}/${order.clientOrderId}`}
        maxHeight={HEIGHT}
      />
    </TradesPanel>
  );
}

/** The fills, newest first; those of one instrument need not name it in each row. */
export function FillsPanel({ instrument, updates, precision }: FillsProps): ReactElement {
  const fills = updates.fills.filter((fill) => !instrument || fill.instrument === instrument);
  const columns = fillColumns(precision).filter(({ head }) => !instrument || head !== "Instrument");
  const title = instrument ? `Fills of ${instrument}` : "Fills";
  return (
    <TradesPanel title={title} updates={updates} count={fills.length}>
      <Table
        caption="Fills, newest first"
        columns={columns}
        rows={fills}
        rowKey={(fill) => `${fill.account}/${fill.instrument}/${fill.tradeId}`}
        maxHeight={HEIGHT}
      />
    </TradesPanel>
  );
}

function TradesPanel(props: {
  readonly title: string;
  readonly updates: TradeUpdates;
  readonly count: number;
  readonly children: ReactNode;
}): ReactElement {
  const { title, count, updates } = props;
  const caption = title.charAt(0).toLowerCase() + title.slice(1);
  const { loaded, error, gaps } = updates;
  const repaired = gaps > 0 && (
    <Badge tone="warn" title={`The stream lost events ${gaps} times; the log was read again`}>
      GAP repaired
    </Badge>
  );
  return (
    <Panel title={title} count={count} badges={repaired} aside="market time, UTC">
      {!loaded && error && <Failure error={error} />}
      {!loaded && !error && <Loading lines={6} />}
      {loaded && count === 0 && <Empty title={`No ${caption} yet`}>They appear as nodes trade.</Empty>}
      {count > 0 && props.children}
    </Panel>
  );
}

function orderColumns(precision: Precision): readonly Column<Order>[] {
  return [
    { head: "Time", cell: (o) => marketTime(msOf(o.updateTime)), wide: true },
    { head: "Instrument", cell: (o) => <b>{o.instrument}</b> },
    { head: "Side", cell: (o) => <Side side={o.side} /> },
    { head: "Type", cell: (o) => words(OrderType[o.orderType]), wide: true },
    {
      head: "Filled",
      cell: (o) => `${quantity(exact(o.filledQuantity))} / ${quantity(exact(o.quantity))}`,
      number: true,
    },
    { head: "Price", cell: (o) => grouped(exact(o.averagePrice), precision(o.instrument)), number: true, wide: true },
    { head: "Status", cell: (o) => <Status order={o} /> },
  ];
}

function fillColumns(precision: Precision): readonly Column<Fill>[] {
  return [
    { head: "Time", cell: (f) => marketTime(msOf(f.eventTime)), wide: true },
    { head: "Instrument", cell: (f) => <b>{f.instrument}</b> },
    { head: "Side", cell: (f) => <Side side={f.side} /> },
    { head: "Quantity", cell: (f) => quantity(exact(f.quantity)), number: true },
    { head: "Price", cell: (f) => grouped(exact(f.price), precision(f.instrument)), number: true },
    { head: "Fee", cell: (f) => grouped(exact(f.fee), 2), number: true, wide: true },
    { head: "Strategy", cell: (f) => f.strategy, wide: true },
  ];
}

function Side(props: { readonly side: OrderSide }): ReactElement {
  const buys = props.side === OrderSide.BUY;
  return <span className={buys ? "up" : "down"}>{buys ? "Buy" : "Sell"}</span>;
}

const TONES: Partial<Record<OrderStatus, Tone>> = {
  [OrderStatus.FILLED]: "good",
  [OrderStatus.PARTIALLY_FILLED]: "accent",
  [OrderStatus.ACCEPTED]: "accent",
  [OrderStatus.REJECTED]: "bad",
  [OrderStatus.DENIED]: "bad",
  [OrderStatus.ORDER_UNKNOWN]: "warn",
};

function Status(props: { readonly order: Order }): ReactElement {
  const { status, statusReason } = props.order;
  return (
    <Badge tone={TONES[status] ?? "plain"} title={statusReason}>
      {words(OrderStatus[status])}
    </Badge>
  );
}
