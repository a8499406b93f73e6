import { Outage } from "../kernel/outage.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { BreakerPhase, BreakerSettings, CallOutcome } from "../limits/breaker.ts";
import { Circuit } from "../limits/circuit.ts";
import { type AttributeType, attributeValue } from "../policy/attribute_type.ts";
import type { AttributeValue } from "../policy/decision_facts.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { MetadataAnswer, ResourceMetadata } from "../ports/resource_metadata.ts";
import { boundedJson } from "./bounded_json.ts";

const DEPENDENCY = "resource_metadata";
const TYPES = ["application/json"];
const ABSENT: MetadataAnswer = { kind: "absent" };

/** After ten questions of which half failed nobody waits for it for a while. */
const BREAKER: BreakerSettings = {
  failurePercent: 50,
  minCalls: 10,
  windowMs: 10_000,
  openMs: 5_000,
  probes: 1,
};

/** How an origin is asked about its resources. */
export interface OriginMetadataTerms {
  /** `https`, with `{id}` where the id goes. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Which attributes are taken from the answer, and what each has to be. */
  readonly attributes: ReadonlyMap<string, AttributeType>;
  readonly reach: OutboundReach;
  /** Further headers of each question: the gate's identity, where the origin asks for one. Throws `Outage`. */
  readonly headers: (nowMs: number, defer: Defer) => Promise<Readonly<Record<string, string>>>;
  /** Hears of each question that came to nothing, and of each change of the breaker. */
  readonly failed: (cause: string) => void;
  readonly phase: (phase: BreakerPhase) => void;
}

/**
 * An origin that is asked about its resources. An answer is the object of the resource's attributes: those that are declared are taken, others
 * dropped; one of another type makes the whole answer none. 404 and 410 say that there is no such resource. An origin that keeps failing is
 * left alone for a while.
 */
export class OriginMetadata implements ResourceMetadata {
  readonly #terms: OriginMetadataTerms;
  readonly #circuit: Circuit;

  constructor(terms: OriginMetadataTerms) {
    this.#terms = terms;
    this.#circuit = new Circuit(BREAKER, terms.phase);
  }

  async fetch(id: string, nowMs: number, defer: Defer): Promise<MetadataAnswer> {
    const headers = await this.#terms.headers(nowMs, defer);
    const verdict = this.#circuit.admit(nowMs);
    if (!verdict.admitted) throw new Outage(DEPENDENCY, { cause: "breaker_open" });
    try {
      const answer = await this.#question(id, headers);
      this.#circuit.record(verdict.era, "success", nowMs);
      return answer;
    } catch (error) {
      this.#circuit.record(verdict.era, outcomeOf(error), nowMs);
      this.#terms.failed(told(error));
      throw error instanceof Outage ? error : new Outage(DEPENDENCY, { cause: error });
    }
  }

  /** `id` is no dot segment: `resourceId` takes none. */
  async #question(id: string, headers: Readonly<Record<string, string>>): Promise<MetadataAnswer> {
    const { timeoutMs: deadlineMs, maxBytes, reach } = this.#terms;
    const url = this.#terms.url.replace("{id}", () => encodeURIComponent(id));
    const bounds = { dependency: DEPENDENCY, deadlineMs, maxBytes, types: TYPES, reach };
    try {
      return readAnswer(await boundedJson(url, bounds, { headers }), this.#terms.attributes);
    } catch (error) {
      if (error instanceof Outage && (error.cause === "status 404" || error.cause === "status 410")) return ABSENT;
      throw error;
    }
  }
}

/** What a refusal of the question is about may be the id, which anybody chooses: no other is to be refused for it. */
function outcomeOf(error: unknown): CallOutcome {
  return error instanceof Outage && /^status 4(?!29)/.test(String(error.cause)) ? "unknown" : "failure";
}

function readAnswer(told: unknown, declared: OriginMetadataTerms["attributes"]): MetadataAnswer {
  if (!isJsonObject(told)) throw new Outage(DEPENDENCY, { cause: "no attributes" });
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, type] of declared) {
    if (!Object.hasOwn(told, name) || told[name] === null) continue;
    const value = attributeValue(told[name], type);
    if (value === null) throw new Outage(DEPENDENCY, { cause: `\`${name}\` is no ${type}` });
    attributes[name] = value;
  }
  return { kind: "found", attributes };
}

/** Words of ours alone: what an origin answers may hold anything. */
function told(error: unknown): string {
  if (!(error instanceof Outage)) return "no answer";
  return typeof error.cause === "string" ? error.cause : error.dependency;
}
