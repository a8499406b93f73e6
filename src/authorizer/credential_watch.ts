import type { Gate } from "../access/gate.ts";
import type { Passage } from "../access/pass_gate.ts";
import { proveAgain } from "../access/prove_again.ts";
import type { Refusal } from "../access/refusal.ts";
import { Outage } from "../kernel/outage.ts";
import type { Result } from "../kernel/result.ts";
import type { Exchange } from "./exchange.ts";

/** With the feed's own bound of 3 seconds: what is revoked ends within 5 seconds and one round trip. */
const CHECK_MS = 2_000;

/** Why a credential counts no more. */
export type CredentialEnd = "credential_ended" | "credential_unchecked";

/**
 * Looks at the credential of a connection that stays open, every two seconds and when it expires, and tells `ended` once when it counts no more. From
 * this isolate's memory: what the feed brings is pulled once for all of its connections. Returns how to stop.
 */
export function watchCredential(
  { route, credential }: Passage,
  { call, trace }: Exchange,
  gate: Gate,
  ended: (why: CredentialEnd, reason: string) => void,
): () => void {
  let isStopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
  };
  const wait = () => {
    const leftMs = (credential?.expiresAtMs ?? Number.POSITIVE_INFINITY) - Date.now();
    // A clock skew that the route bears makes it count for a little longer: then the usual pace goes on.
    timer = setTimeout(check, leftMs > 0 ? Math.min(leftMs, CHECK_MS) : CHECK_MS);
  };
  const check = async () => {
    const end = await endOf(proveAgain(route, { ...call, nowMs: Date.now() }, gate, trace.decidedOn));
    if (isStopped) return;
    if (end === null) return wait();
    stop();
    ended(end.why, end.reason);
  };
  wait();
  return stop;
}

/** What a second look came to; null where the credential counts still. */
async function endOf(
  looked: Promise<Result<unknown, Refusal>>,
): Promise<{ readonly why: CredentialEnd; readonly reason: string } | null> {
  try {
    const proven = await looked;
    if (proven.ok) return null;
    const { kind, reason } = proven.error;
    return { why: kind === "unavailable" ? "credential_unchecked" : "credential_ended", reason };
  } catch (error) {
    return { why: "credential_unchecked", reason: error instanceof Outage ? error.dependency : "internal_error" };
  }
}
