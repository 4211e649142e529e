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

/** Whether a subscription, a topic or a prefix that ends in "*", covers the topic. */
export function covers(subscription: string, text: string): boolean {
  if (!subscription.endsWith("*")) return subscription === text;
  return text.startsWith(subscription.slice(0, -1));
}

function escapePart(part: string): string {
  return part.replaceAll("%", "%25").replaceAll("/", "%2F").replaceAll("*", "%2A");
}

function unescapePart(part: string): string {
  return part.replaceAll("%2A", "*").replaceAll("%2F", "/").replaceAll("%25", "%");
}
