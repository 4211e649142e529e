/** The colours of the theme, for charts that paint by themselves. */

import type { Theme } from "../theme";

/** The colours a chart needs. */
export interface Colours {
  readonly ground: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly accent: string;
  readonly up: string;
  readonly down: string;
  readonly upSoft: string;
  readonly downSoft: string;
  readonly font: string;
}

const known = new Map<Theme, Colours>();

/** The colours of the theme that the page shows. */
export function coloursOf(theme: Theme): Colours {
  const colours = known.get(theme) ?? readColours();
  known.set(theme, colours);
  return colours;
}

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ground: read("--surface"),
    text: read("--text"),
    muted: read("--muted"),
    line: read("--line"),
    accent: read("--accent"),
    up: read("--up"),
    down: read("--down"),
    upSoft: read("--up-soft"),
    downSoft: read("--down-soft"),
    font: read("--font"),
  };
}
