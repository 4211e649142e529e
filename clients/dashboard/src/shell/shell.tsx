/** What surrounds every screen. */
import { useQuarterdeck } from "@quarterdeck/client/react";
import type { ReactElement, ReactNode } from "react";
import { hrefOf, type Screen } from "../route";
import { THEMES, useTheme, type Theme } from "../theme";
import { Icon } from "../ui/icon";
import { Brand } from "./brand";
import { ConnectionBanner, ConnectionStatus } from "./connection";
import { ModeBadge } from "./mode-badge";

const SCREENS: readonly (readonly [Screen, string])[] = [
  ["overview", "Overview"],
  ["market", "Market"],
  ["analytics", "Analytics"],
  ["system", "System"],
];

/** The bar, the way to the other screens, and the screen. */
export function Shell(props: { readonly screen: Screen; readonly children: ReactNode }): ReactElement {
  const { session } = useQuarterdeck();
  return (
    <div className="shell">
      <div>
        <a className="skip" href="#content" onClick={skip}>
          Skip to content
        </a>
        <header className="bar">
          <Brand linked />
          <nav className="nav" aria-label="Screens">
            {SCREENS.map(([screen, name]) => (
              <a
                key={screen}
                href={hrefOf(screen)}
                aria-current={screen === props.screen ? "page" : undefined}
              >
                <Icon name={screen} />
                {name}
              </a>
            ))}
          </nav>
          <div className="bar-end">
            <ConnectionStatus />
            <ModeBadge />
            <ThemeMenu />
            <button
              type="button"
              className="icon-button"
              title="Sign out"
              aria-label="Sign out"
              onClick={() => void session.signOut().catch(() => undefined)}
            >
              <Icon name="out" />
            </button>
          </div>
        </header>
        <ConnectionBanner />
      </div>
      <main id="content" className="page" tabIndex={-1}>
        {props.children}
      </main>
    </div>
  );
}

/** Focus the screen without touching the address, which names the screen. */
function skip(click: { preventDefault(): void }): void {
  click.preventDefault();
  document.getElementById("content")?.focus();
}

function ThemeMenu(): ReactElement {
  const { theme, choose } = useTheme();
  return (
    <select
      className="select theme"
      aria-label="Theme"
      value={theme}
      onChange={(change) => choose(change.target.value as Theme)}
    >
      {Object.entries(THEMES).map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  );
}
