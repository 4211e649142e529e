/** Times as people read them; the market's time is shown in UTC and always said to be the market's. */
import { NOTHING } from "./number";

/** A date and time of the market: "2004-03-01 15:32". */
export function marketTime(ms: number | undefined): string {
  return ms === undefined ? NOTHING : new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** A day of the market: "2004-03-01". */
export function marketDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** A date and time of this place. */
export function wallTime(ms: number | undefined): string {
  if (ms === undefined) return NOTHING;
  return new Date(ms).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "medium" });
}

/** How long: "0.4 s", "12 s", "5 min", "3 h", "2 d". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
