import { Outage } from "../kernel/outage.ts";
import type { Attributes, ResourceFacts } from "../policy/decision_facts.ts";
import type { NamedResource } from "../policy/resource_reading.ts";
import type { MetadataAnswer } from "../ports/resource_metadata.ts";
import type { Call } from "./gate.ts";
import type { RouteAction, RouteMetadata } from "./route_action.ts";

const UNKNOWN: MetadataAnswer = { kind: "found", attributes: {} };

/**
 * What is known of the resources that a call names: at once where their origin need not be asked. Null where one of them does not exist. What the origin says
 * outdoes what the caller says. Throws `Outage` where the origin cannot be asked and the route does not go on without.
 */
export function describedResources(
  { action, metadata }: RouteAction,
  named: readonly NamedResource[],
  call: Call,
): readonly ResourceFacts[] | null | Promise<readonly ResourceFacts[] | null> {
  if (metadata === null) return named.map(({ id, attributes }) => ({ type: action.type, id, attributes }));
  const known = named.flatMap(({ id }) => metadata.cache.known(id, call.nowMs) ?? []);
  if (known.length === named.length) return described(action.type, named, known);
  return Promise.all(named.map(({ id }) => answerOn(id, metadata, call))).then((told) =>
    described(action.type, named, told),
  );
}

/** What the origin says of `id`, from memory where that may still be used. Throws `Outage` where it cannot be asked and nothing goes on without. */
export async function answerOn(
  id: string,
  { cache, goesOnWithout }: RouteMetadata,
  call: Pick<Call, "nowMs" | "defer">,
): Promise<MetadataAnswer> {
  const known = cache.known(id, call.nowMs);
  if (known !== undefined) return known;
  const told = cache.fetch(id, call.nowMs, call.defer);
  return goesOnWithout ? told.catch(unlessOutage) : told;
}

function unlessOutage(error: unknown): MetadataAnswer {
  if (error instanceof Outage) return UNKNOWN;
  throw error;
}

function described(
  type: string,
  named: readonly NamedResource[],
  told: readonly MetadataAnswer[],
): readonly ResourceFacts[] | null {
  const facts: ResourceFacts[] = [];
  for (const [at, { id, attributes }] of named.entries()) {
    const answer = told[at];
    if (answer === undefined || answer.kind === "absent") return null;
    facts.push({ type, id, attributes: joined(attributes, answer.attributes) });
  }
  return facts;
}

function joined(callers: Attributes, origins: Attributes): Attributes {
  for (const _ in callers) return { ...callers, ...origins };
  return origins;
}
