/** A chart in a place of the page, as large as that. */
import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsCoreOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef, type RefObject } from "react";
import type { Colours } from "./colours";

register([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

/** Draw `option` in the element that gets the reference. */
export function useChart(option: EChartsCoreOption): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);

  useEffect(() => {
    if (!place.current) return undefined;
    const made = init(place.current);
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      made.dispose();
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true });
  }, [option]);

  return place;
}

/** How the labels of axes are written. */
export function labelStyle(colours: Colours) {
  return { color: colours.muted, fontFamily: colours.font, fontSize: 11 };
}

/** The box that follows the pointer. */
export function tooltipStyle(colours: Colours) {
  return {
    trigger: "axis" as const,
    backgroundColor: colours.ground,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontFamily: colours.font, fontSize: 12 },
    axisPointer: { lineStyle: { color: colours.muted, type: "dashed" as const } },
  };
}
