/** Names of the contract as words. */

/** An enum value in words: "PARTIALLY_FILLED" → "Partially filled". */
export function words(name: string | undefined): string {
  const text = (name ?? "").toLowerCase().replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The last part of a resource name: "nodes/demo" → "demo". */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
