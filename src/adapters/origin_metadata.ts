import { Outage } from "../kernel/outage.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { BreakerPhase } from "../limits/breaker.ts";
import { type AttributeType, attributeValue } from "../policy/attribute_type.ts";
import type { AttributeValue } from "../policy/decision_facts.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { MetadataAnswer, ResourceMetadata } from "../ports/resource_metadata.ts";
import { AskedParty } from "./asked_party.ts";
import { boundedJson } from "./bounded_json.ts";

const DEPENDENCY = "resource_metadata";
const TYPES = ["application/json"];
const ABSENT: MetadataAnswer = { kind: "absent" };

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
  readonly #party: AskedParty;

  constructor(terms: OriginMetadataTerms) {
    this.#terms = terms;
    const { phase, failed } = terms;
    this.#party = new AskedParty({ dependency: DEPENDENCY, refusals: [429], phase, failed });
  }

  async fetch(id: string, nowMs: number, defer: Defer): Promise<MetadataAnswer> {
    const headers = await this.#terms.headers(nowMs, defer);
    return this.#party.ask(nowMs, () => this.#question(id, headers));
  }

  /** `id` has no dot segment, for servers that read `%2F` as `/`: `resourceId` takes none. */
  async #question(id: string, headers: Readonly<Record<string, string>>): Promise<MetadataAnswer> {
    const { timeoutMs: deadlineMs, maxBytes, reach } = this.#terms;
    const url = this.#terms.url.replace("{id}", () => encodeURIComponent(id));
    const bounds = { dependency: DEPENDENCY, deadlineMs, maxBytes, types: TYPES, reach, strict: true };
    try {
      return readAnswer(await boundedJson(url, bounds, { headers }), this.#terms.attributes);
    } catch (error) {
      if (error instanceof Outage && (error.cause === "status 404" || error.cause === "status 410")) return ABSENT;
      throw error;
    }
  }
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
