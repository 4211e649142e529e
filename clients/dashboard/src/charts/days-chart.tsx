/** One or two statistics by day. */
import { useMemo, type ReactElement } from "react";
import { useTheme } from "../theme";
import { coloursOf, type Colours } from "./colours";
import { labelStyle, tooltipStyle, useChart } from "./use-chart";

const DAY_MS = 86_400_000;

/** A line: the days since 1970-01-01, and a value for each. */
export interface Line {
  readonly name: string;
  readonly days: readonly number[];
  readonly values: readonly number[];
}

/** What is drawn, and how its values are written. */
export interface DaysChartProps {
  readonly label: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Whether the ground below zero is filled: losses. */
  readonly below?: boolean;
  readonly low?: boolean;
}

/** Lines over days; the first in the accent's colour, the second dashed. */
export function DaysChart(props: DaysChartProps): ReactElement {
  const { label, lines, format, below = false, low = false } = props;
  const { theme } = useTheme();
  const option = useMemo(
    () => optionOf(lines, format, below, coloursOf(theme)),
    [lines, format, below, theme],
  );
  const place = useChart(option);
  return <div ref={place} className={low ? "chart low" : "chart"} role="img" aria-label={label} />;
}

interface Shown {
  readonly seriesName: string;
  readonly marker: string;
  readonly value: readonly [number, number];
}

/** A name that somebody gave must not become a part of the page. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function optionOf(
  lines: readonly Line[],
  format: (value: number) => string,
  below: boolean,
  colours: Colours,
) {
  const text = labelStyle(colours);
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return {
    animation: false,
    // Days begin at midnight there, wherever the page is looked at.
    useUTC: true,
    // The same room for every chart's labels, so that days stand under each other.
    grid: { left: 64, right: 18, top: 18, bottom: 28 },
    tooltip: {
      ...tooltipStyle(colours),
      formatter: (shown: Shown[]) => {
        const rows = shown.map(
          (one) => `${one.marker}<b>${format(one.value[1])}</b> ${escaped(one.seriesName)}`,
        );
        return [day(shown[0]?.value[0] ?? 0), ...rows].join("<br>");
      },
    },
    xAxis: {
      type: "time",
      minInterval: DAY_MS,
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      axisLabel: { ...text, hideOverlap: true, formatter: day },
      splitLine: { show: false },
    },
    yAxis: {
      type: "value",
      scale: !below,
      axisLabel: { ...text, formatter: format },
      splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
    },
    series: lines.map((line, place) => seriesOf(line, place, below, colours)),
  };
}

function seriesOf(line: Line, place: number, below: boolean, colours: Colours) {
  const first = below ? colours.down : colours.accent;
  const color = place === 0 ? first : colours.muted;
  return {
    type: "line",
    name: line.name,
    data: line.days.map((day, at) => [day * DAY_MS, line.values[at] ?? null]),
    showSymbol: line.days.length === 1,
    sampling: "lttb" as const,
    lineStyle: { width: place === 0 ? 1.8 : 1.3, color, type: place === 0 ? "solid" : "dashed" },
    itemStyle: { color },
    ...(below ? { areaStyle: { origin: "end" as const, color: colours.downSoft } } : {}),
  };
}
