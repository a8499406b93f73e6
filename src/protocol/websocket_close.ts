/** How a WebSocket ends: a code (RFC 6455 §7.4) and a reason in words. */
export interface Closing {
  /** Null for a close frame without a code. */
  readonly code: number | null;
  readonly reason: string;
}

/** Codes that stand for something no frame may say (RFC 6455 §7.4.1), and those that nobody has given a meaning. */
const UNSENDABLE: ReadonlySet<number> = new Set([1004, 1005, 1006, 1015]);
const NO_CODE = 1005;
const MAX_REASON_BYTES = 123;

/**
 * What the other side is told where one side ended with `code` and `reason`; null where that side was lost without a word, or ended with a code
 * that cannot be said.
 */
export function relayedClosing(code: number, reason: string): Closing | null {
  if (code === NO_CODE) return { code: null, reason: "" };
  if (code < 1000 || code > 4999 || (code > 1014 && code < 3000) || UNSENDABLE.has(code)) return null;
  // A frame cannot have carried a longer one; a runtime that says so itself can.
  return { code, reason: new TextEncoder().encode(reason).length > MAX_REASON_BYTES ? "" : reason };
}

/**
 * What the gate itself ends connections with. 3000 (Unauthorized) and 3008 (Timeout) are of IANA's registry; 4000 and above are left to the
 * applications. Neither side learns why a credential ended.
 */
export const CLOSINGS = {
  credential_ended: { code: 3000, reason: "credential ended" },
  credential_unchecked: { code: 1013, reason: "try again later" },
  time_is_up: { code: 3008, reason: "open for too long" },
  idle: { code: 3008, reason: "idle" },
  message_too_big: { code: 1009, reason: "message too big" },
  too_much_relayed: { code: 1008, reason: "too much sent" },
  caller_lost: { code: 1001, reason: "caller lost" },
  origin_lost: { code: 1011, reason: "origin lost" },
} as const satisfies Readonly<Record<string, Closing>>;

/** Why the gate ended a connection. */
export type GateEnding = keyof typeof CLOSINGS;
