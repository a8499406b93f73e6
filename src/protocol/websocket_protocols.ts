/**
 * What a caller offers as subprotocols (RFC 6455 §1.9), and what of it is for the gate. A browser's `WebSocket` sends no header of a page's
 * choosing but this one: so a page may put its credential here. It is taken out before anybody else sees the offer.
 */
export interface OfferedProtocols {
  /** What goes on to the origin, in the caller's order. */
  readonly onward: readonly string[];
  readonly bearers: readonly string[];
  readonly apiKeys: readonly string[];
  /** Whether the gate's own name is offered: a protocol to choose where the origin has none. */
  readonly offersGate: boolean;
}

/** The subprotocol that the gate chooses where the origin chooses none: browsers take no answer without one for their offer. */
export const GATE_PROTOCOL = "sallyport";
const BEARER_PREFIX = "sallyport.bearer.";
const API_KEY_PREFIX = "sallyport.key.";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MAX_OFFERED = 20;

/**
 * Reads a `Sec-WebSocket-Protocol` field, null being none. Null where it is not what RFC 6455 §4.1 allows (tokens, each once), or offers
 * something under the gate's name that the gate does not know: a credential that is misspelt must not go on to the origin.
 */
export function readOfferedProtocols(field: string | null): OfferedProtocols | null {
  const offered = field === null ? [] : field.split(",").map((one) => one.trim());
  if (offered.length > MAX_OFFERED || new Set(offered).size < offered.length) return null;
  const read = { onward: [] as string[], bearers: [] as string[], apiKeys: [] as string[], offersGate: false };
  for (const one of offered) {
    if (!TOKEN.test(one)) return null;
    if (one === GATE_PROTOCOL) read.offersGate = true;
    else if (one.startsWith(BEARER_PREFIX)) read.bearers.push(one.slice(BEARER_PREFIX.length));
    else if (one.startsWith(API_KEY_PREFIX)) read.apiKeys.push(one.slice(API_KEY_PREFIX.length));
    else if (/^sallyport(?:\.|$)/i.test(one)) return null;
    else read.onward.push(one);
  }
  return read;
}

/**
 * The subprotocol that the caller is told of: what the origin chose, which may be null; else the gate's own name where it was offered; null for none.
 * Undefined where the origin chose what was not offered to it (RFC 6455 §4.1).
 */
export function chosenProtocol(
  { onward, offersGate }: OfferedProtocols,
  byOrigin: string | null,
): string | null | undefined {
  if (byOrigin === null || byOrigin === "") return offersGate ? GATE_PROTOCOL : null;
  return onward.includes(byOrigin) ? byOrigin : undefined;
}
