/** Equity or profit over the market's time. */
import { useMemo, type ReactElement } from "react";
import { marketDay, marketTime } from "../format/time";
import { useTheme } from "../theme";
import { coloursOf, type Colours } from "./colours";
import { labelStyle, tooltipStyle, useChart } from "./use-chart";

/** A point: the market's time in milliseconds, and the value. */
export type Point = readonly [number, number];

/** A line with a softly filled ground. */
export function EquityChart(props: {
  readonly points: readonly Point[];
  readonly name: string;
  readonly label: string;
}): ReactElement {
  const { points, name, label } = props;
  const { theme } = useTheme();
  const option = useMemo(() => optionOf(points, name, coloursOf(theme)), [points, name, theme]);
  const place = useChart(option);
  return <div ref={place} className="chart" role="img" aria-label={label} />;
}

const AMOUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2, minimumFractionDigits: 2 });
const SHORT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, notation: "compact" });

/** Compact labels would be equal on an axis that spans little. */
function axisFormat(points: readonly Point[]): Intl.NumberFormat {
  const values = points.map(([, value]) => value);
  const span = Math.max(...values) - Math.min(...values);
  const wide = span > 0.02 * Math.max(...values.map(Math.abs));
  return wide ? SHORT : new Intl.NumberFormat("en-US", { maximumFractionDigits: span < 10 ? 2 : 0 });
}

function optionOf(points: readonly Point[], name: string, colours: Colours) {
  const format = axisFormat(points);
  const text = labelStyle(colours);
  return {
    animation: false,
    grid: { left: 12, right: 18, top: 18, bottom: 10, containLabel: true },
    tooltip: {
      ...tooltipStyle(colours),
      formatter: (shown: { value: Point }[]) => {
        const [time, value] = shown[0]?.value ?? [0, 0];
        return `${marketTime(time)} UTC<br><b>${AMOUNT.format(value)}</b> ${name}`;
      },
    },
    xAxis: {
      type: "time",
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      axisLabel: { ...text, hideOverlap: true, formatter: (ms: number) => marketDay(ms) },
      splitLine: { show: false },
    },
    yAxis: {
      type: "value",
      scale: true,
      axisLabel: { ...text, formatter: (value: number) => format.format(value) },
      splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
    },
    series: [
      {
        type: "line",
        data: points as Point[],
        showSymbol: false,
        sampling: "lttb" as const,
        lineStyle: { width: 1.8, color: colours.accent },
        itemStyle: { color: colours.accent },
        areaStyle: {
          origin: "start" as const,
          color: {
            type: "linear" as const,
            ...{ x: 0, y: 0, x2: 0, y2: 1 },
            colorStops: [
              { offset: 0, color: `${colours.accent}38` },
              { offset: 1, color: `${colours.accent}00` },
            ],
          },
        },
      },
    ],
  };
}
