/** Bars of an instrument, with what was bought and sold. */
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type CandlestickData,
  type HistogramData,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
} from "lightweight-charts";
import { useEffect, useRef, type ReactElement } from "react";
import { useTheme } from "../theme";
import { coloursOf, type Colours } from "./colours";

/** A bar of a day. */
export interface DayBar {
  /** The day in the market's time, "2004-03-01". */
  readonly day: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** What was bought or sold on a day. */
export interface DayFill {
  readonly day: string;
  readonly bought: boolean;
  readonly text: string;
}

interface Parts {
  readonly chart: IChartApi;
  readonly candles: ISeriesApi<"Candlestick">;
  readonly volume: ISeriesApi<"Histogram">;
  readonly markers: ISeriesMarkersPluginApi<Time>;
}

const DAYS_SHOWN = 120;

/** Candlesticks with volume and markers; the chart library's name stays on it, as its licence asks. */
export function PriceChart(props: {
  readonly instrument: string;
  readonly bars: readonly DayBar[];
  readonly forming: DayBar | undefined;
  readonly fills: readonly DayFill[];
  readonly precision: number;
}): ReactElement {
  const { instrument, bars, forming, fills, precision } = props;
  const { theme } = useTheme();
  const place = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts>(null);

  useEffect(() => {
    if (!place.current) return undefined;
    const made = partsOf(place.current);
    parts.current = made;
    return () => made.chart.remove();
  }, []);

  useEffect(() => {
    if (parts.current) paint(parts.current, coloursOf(theme), precision);
  }, [theme, precision]);

  useEffect(() => {
    const { candles, volume } = parts.current ?? {};
    const colours = coloursOf(theme);
    candles?.setData(bars.map(candleOf));
    volume?.setData(bars.map((bar) => volumeOf(bar, colours)));
  }, [bars, theme]);

  const hasBars = bars.length > 0;
  useEffect(() => {
    const count = parts.current?.candles.data().length ?? 0;
    if (!hasBars) return;
    parts.current?.chart.timeScale().setVisibleLogicalRange({ from: count - DAYS_SHOWN, to: count + 4 });
  }, [hasBars]);

  useEffect(() => {
    if (!forming || !parts.current) return;
    const last = bars.at(-1);
    if (!last || forming.day > last.day) parts.current.candles.update(candleOf(forming));
  }, [forming, bars]);

  useEffect(() => {
    const colours = coloursOf(theme);
    parts.current?.markers.setMarkers(fills.map((fill) => markerOf(fill, colours)));
  }, [fills, theme]);

  const label = `Daily bars of ${instrument} with ${fills.length} fills`;
  return <div ref={place} className="chart tall" role="img" aria-label={label} />;
}

function partsOf(place: HTMLElement): Parts {
  const chart = createChart(place, { autoSize: true });
  const candles = chart.addSeries(CandlestickSeries);
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
  return { chart, candles, volume, markers: createSeriesMarkers(candles) };
}

function paint({ chart, candles }: Parts, colours: Colours, precision: number): void {
  chart.applyOptions({
    layout: {
      background: { color: "transparent" },
      textColor: colours.muted,
      fontFamily: colours.font,
      fontSize: 11,
      attributionLogo: true,
    },
    grid: { vertLines: { color: `${colours.line}80` }, horzLines: { color: `${colours.line}80` } },
    rightPriceScale: { borderColor: colours.line },
    timeScale: { borderColor: colours.line },
    localization: { dateFormat: "yyyy-MM-dd" },
  });
  candles.applyOptions({
    ...{ upColor: colours.up, downColor: colours.down },
    ...{ borderUpColor: colours.up, borderDownColor: colours.down },
    ...{ wickUpColor: colours.up, wickDownColor: colours.down },
    priceFormat: { type: "price", precision, minMove: 10 ** -precision },
  });
}

function candleOf({ day, open, high, low, close }: DayBar): CandlestickData {
  return { time: day, open, high, low, close };
}

function volumeOf({ day, open, close, volume }: DayBar, colours: Colours): HistogramData {
  return { time: day, value: volume, color: close >= open ? colours.upSoft : colours.downSoft };
}

function markerOf({ day, bought, text }: DayFill, colours: Colours): SeriesMarker<Time> {
  return {
    time: day,
    position: bought ? "belowBar" : "aboveBar",
    shape: bought ? "arrowUp" : "arrowDown",
    color: bought ? colours.up : colours.down,
    text,
  };
}
