/** The address of a screen: `#/market/AAPL.XNAS`. */
import { useSyncExternalStore } from "react";

const SCREENS = ["overview", "market", "analytics", "system"] as const;

/** The screens there are. */
export type Screen = (typeof SCREENS)[number];

/** A screen and what it shows. */
export interface Route {
  readonly screen: Screen;
  /** What stands behind the screen in the address, unescaped. */
  readonly rest: string;
}

/** Read a route from the part of an address after "#"; the overview is the default. */
export function routeOf(hash: string): Route {
  const [name, ...rest] = hash.replace(/^#\/?/, "").split("/");
  const screen = SCREENS.find((known) => known === name) ?? "overview";
  return { screen, rest: decodeURIComponent(rest.join("/")) };
}

/** The address of a screen. */
export function hrefOf(screen: Screen, rest = ""): string {
  return rest ? `#/${screen}/${encodeURIComponent(rest)}` : `#/${screen}`;
}

/** The route now. */
export function useRoute(): Route {
  return routeOf(useSyncExternalStore(listen, () => window.location.hash));
}

function listen(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}
