/** Dark or light, and colours that every eye tells apart. */
import { createContext, useContext, useMemo, useState, type ReactElement, type ReactNode } from "react";

/** The themes by name. */
export const THEMES = {
  dark: "Dark",
  light: "Light",
  "dark-safe": "Dark, colour-blind safe",
  "light-safe": "Light, colour-blind safe",
} as const;

/** The name of a theme. */
export type Theme = keyof typeof THEMES;

interface Choice {
  readonly theme: Theme;
  readonly choose: (theme: Theme) => void;
}

const KEY = "quarterdeck.theme";
const ThemeContext = createContext<Choice>({ theme: "dark", choose: () => undefined });

/** Give the theme to everything below, and remember it in this browser. */
export function ThemeProvider(props: { readonly children: ReactNode }): ReactElement {
  const [theme, setTheme] = useState<Theme>(() => shown(remembered()));
  const choice = useMemo(() => {
    const choose = (chosen: Theme): void => {
      localStorage.setItem(KEY, chosen);
      setTheme(shown(chosen));
    };
    return { theme, choose };
  }, [theme]);
  return <ThemeContext value={choice}>{props.children}</ThemeContext>;
}

/** The theme and how to choose another. */
export function useTheme(): Choice {
  return useContext(ThemeContext);
}

/** Shown before the charts paint, since they read their colours from the page. */
function shown(theme: Theme): Theme {
  document.documentElement.dataset["theme"] = theme;
  return theme;
}

function remembered(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored !== null && stored in THEMES ? (stored as Theme) : "dark";
}
