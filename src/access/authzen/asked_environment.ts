import { momentOf } from "../../kernel/timestamp.ts";
import { parseAddress } from "../../policy/address_range.ts";
import type { ContextFact } from "../../policy/context_fact.ts";
import type { EnvironmentFacts } from "../../policy/decision_facts.ts";
import { readEdgeFacts } from "../../policy/edge_facts.ts";
import type { JsonObject } from "../../protocol/authzen/question.ts";

const MAX_TEXT = 256;
const MAX_METHODS = 32;
/** Words for kinds of devices and programs, as the gate has them. */
const KIND = /^[a-z][a-z0-9_-]{0,31}$/;

/**
 * Where, when and how it is asked, by what of `context` is believed; the rest is passed over. What nobody says is unknown, so that a rule that
 * names it fails; the time is ours. Null where something that is believed cannot be read: nothing is mended.
 */
export function askedEnvironment(
  context: JsonObject,
  believes: ReadonlySet<ContextFact>,
  nowMs: number,
): EnvironmentFacts | null {
  let isReadable = true;
  const told = <T>(name: ContextFact, read: (value: unknown) => T | null): T | null => {
    if (!believes.has(name) || !Object.hasOwn(context, name)) return null;
    const value = read(context[name]);
    if (value === null) isReadable = false;
    return value;
  };
  const facts = {
    nowMs: told("time", (value) => (typeof value === "string" ? momentOf(value) : null)) ?? nowMs,
    address: told("address", (value) => (typeof value === "string" && parseAddress(value) !== null ? value : null)),
    country: told("country", (country) => readEdgeFacts({ country }).country),
    asn: told("asn", (asn) => readEdgeFacts({ asn }).asn),
    tlsVersion: told("tlsVersion", (value) => (value === "1.2" || value === "1.3" || value === "older" ? value : null)),
    deviceType: told("deviceType", kindOf),
    clientType: told("clientType", kindOf),
    authTimeSeconds: told("authTime", (value) => (Number.isSafeInteger(value) ? Number(value) : null)),
    acr: told("acr", textOf),
    amr: told("amr", methodsOf) ?? [],
  };
  return isReadable ? facts : null;
}

function kindOf(value: unknown): string | null {
  return typeof value === "string" && KIND.test(value) ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT ? value : null;
}

function methodsOf(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || value.length > MAX_METHODS) return null;
  const methods = value.map(textOf);
  return methods.every((method) => method !== null) ? methods : null;
}
