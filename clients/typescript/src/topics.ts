/** The grammar of topics: a kind, then the escaped parts of a key, joined by slashes. */

/** Join a kind and the parts of a key: `topic("bars", "1d", "EUR/USD.IDEALPRO")`. */
export function topic(kind: string, ...parts: string[]): string {
  return [kind, ...parts.map(escapePart)].join("/");
}

/** Every topic of a kind under some parts of a key: `everyTopic("orders", "SIM-001")`. */
export function everyTopic(kind: string, ...parts: string[]): string {
  return `${topic(kind, ...parts)}/*`;
}

/** The kind and the parts of the key, unescaped. */
export function splitTopic(text: string): string[] {
  return text.split("/").map(unescapePart);
}

/**
 * Whether a subscription covers a topic. A "*" stands for any characters of one part, and as the
 * last part for any rest; what `exclude` names is not covered.
 */
export function covers(subscription: string, text: string, exclude: readonly string[] = []): boolean {
  if (!matches(subscription, text)) return false;
  return !exclude.some((excluded) => matches(excluded, text));
}

function matches(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text;
  const asked = pattern.split("/");
  const parts = text.split("/");
  const rest = asked.at(-1) === "*";
  if (rest ? parts.length < asked.length : parts.length !== asked.length) return false;
  const fixed = rest ? asked.slice(0, -1) : asked;
  return fixed.every((part, place) => matchesPart(part, parts[place] ?? ""));
}

/** What stands between two "*" is taken where it comes first: many cost no more than one. */
function matchesPart(pattern: string, part: string): boolean {
  const [first = "", ...pieces] = marked(pattern).split("*");
  const text = marked(part);
  const last = pieces.pop();
  if (last === undefined) return first === text;
  if (!text.startsWith(first)) return false;
  let place = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, place);
    if (found < 0) return false;
    place = found + piece.length;
  }
  return text.length - last.length >= place && text.endsWith(last);
}

/** An escaped character is one character, which a "*" never splits. */
function marked(part: string): string {
  return part.replaceAll("%25", "\u0001").replaceAll("%2F", "\u0002").replaceAll("%2A", "\u0003");
}

function escapePart(part: string): string {
  return part.replaceAll("%", "%25").replaceAll("/", "%2F").replaceAll("*", "%2A");
}

function unescapePart(part: string): string {
  return part.replaceAll("%2A", "*").replaceAll("%2F", "/").replaceAll("%25", "%");
}
