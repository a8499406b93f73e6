import { sha256Base64url } from "../kernel/bytes.ts";
import { canonicalJson } from "../kernel/canonical_json.ts";
import { Lru } from "../kernel/lru.ts";
import { Outage } from "../kernel/outage.ts";
import { SharedReadings } from "../kernel/shared_readings.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { BreakerPhase } from "../limits/breaker.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { ExternalDecisions, ExternalQuestion } from "../ports/external_decisions.ts";
import { ASKED_BY, askedBy } from "../protocol/authzen/asked_by.ts";
import { AskedParty } from "./asked_party.ts";
import { boundedJson } from "./bounded_json.ts";

/** How a decision point of others is asked. */
export interface ExternalPdpTerms {
  /** Its access evaluation endpoint. */
  readonly url: string;
  /** What we are called, to whoever might ask us in its turn. */
  readonly self: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** For how long an answer counts for the very same question; 0 for never. */
  readonly cacheMs: number;
  /** A bearer token for it; null where it wants none. Throws `Outage`. */
  readonly token: (nowMs: number, defer: Defer) => Promise<string | null>;
  readonly reach: OutboundReach;
  /** Hears why a question came to nothing, and when it is left alone and asked again. */
  readonly failed: (cause: string) => void;
  readonly phase: (phase: BreakerPhase) => void;
}

const DEPENDENCY = "external_pdp";
const TYPES = ["application/json"];
const ENTRY_BYTES = 160;

interface Held {
  readonly permits: boolean;
  readonly untilMs: number;
}

/**
 * A decision point of others, asked by AuthZEN 1.0. An answer is remembered under the whole question, so that it is never taken for one about another
 * subject, action, resource or context; and only a boolean is one. Whoever asks the same at once waits for the same answer. One that keeps failing is
 * left alone for a while.
 */
export class ExternalPdp implements ExternalDecisions {
  readonly #terms: ExternalPdpTerms;
  readonly #party: AskedParty;
  readonly #held = new Lru<Held>({ maxEntries: 5_000, maxBytes: 1024 * 1024 });
  readonly #asking = new SharedReadings<boolean>();

  constructor(terms: ExternalPdpTerms) {
    this.#terms = terms;
    const { phase, failed } = terms;
    this.#party = new AskedParty({ dependency: DEPENDENCY, refusals: [401, 403, 429], phase, failed });
  }

  async permits(
    question: ExternalQuestion,
    nowMs: number,
    defer: Defer,
    askers: readonly string[] = [],
  ): Promise<boolean> {
    const body = canonicalJson(question);
    const name = await sha256Base64url(body);
    const held = this.#held.get(name);
    // A clock that was set back makes nothing last longer.
    if (held !== undefined && nowMs < held.untilMs && held.untilMs - nowMs <= this.#terms.cacheMs) return held.permits;
    // Whoever says that others asked before is refused for that alone, and nobody with them.
    const together = askers.length === 0 ? name : `${name} ${askers.join()}`;
    return this.#asking.join(together, nowMs, defer, async () => {
      const field = askedBy(askers, this.#terms.self);
      // A party that asks others in its turn fails where these are named as askers.
      return this.#ask(name, nowMs, () => this.#question(body, field, nowMs, defer), askers.length > 0);
    });
  }

  async #ask(name: string, nowMs: number, question: () => Promise<unknown>, suspect: boolean): Promise<boolean> {
    const { cacheMs } = this.#terms;
    const permits = await this.#party.ask(nowMs, async () => readDecision(await question()), suspect);
    if (cacheMs > 0) this.#held.set(name, { permits, untilMs: nowMs + cacheMs }, ENTRY_BYTES);
    return permits;
  }

  async #question(body: string, field: string, nowMs: number, defer: Defer): Promise<unknown> {
    const { url, timeoutMs: deadlineMs, maxBytes, reach } = this.#terms;
    const token = await this.#terms.token(nowMs, defer);
    const headers = {
      "content-type": "application/json",
      [ASKED_BY]: field,
      ...(token !== null && { authorization: `Bearer ${token}` }),
    };
    const bounds = { dependency: DEPENDENCY, deadlineMs, maxBytes, types: TYPES, reach, strict: true };
    return boundedJson(url, bounds, { method: "POST", headers, body });
  }
}

/** AuthZEN 1.0 §5.5: `true` and nothing like it. */
function readDecision(answer: unknown): boolean {
  const decision = isJsonObject(answer) && Object.hasOwn(answer, "decision") ? answer.decision : undefined;
  if (typeof decision !== "boolean") throw new Outage(DEPENDENCY, { cause: "no decision" });
  return decision;
}
