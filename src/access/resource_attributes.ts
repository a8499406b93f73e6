import { inTurns } from "../kernel/in_turns.ts";
import { Outage } from "../kernel/outage.ts";
import type { Attributes, ResourceFacts } from "../policy/decision_facts.ts";
import type { NamedResource } from "../policy/resource_reading.ts";
import type { MetadataAnswer } from "../ports/resource_metadata.ts";
import type { Call } from "./gate.ts";
import type { RouteAction, RouteMetadata } from "./route_action.ts";

const UNKNOWN: MetadataAnswer = { kind: "found", attributes: {} };

/**
 * What is known of the resources that a call names, without asking anybody; `absent` where one of them does not exist. Null where their origin has to be asked.
 * What the origin says outdoes what the caller says.
 */
export function knownResources(
  { action, metadata }: RouteAction,
  named: readonly NamedResource[],
  call: Call,
): readonly ResourceFacts[] | "absent" | null {
  if (metadata === null) return named.map(({ id, attributes }) => ({ type: action.type, id, attributes }));
  const known = named.flatMap(({ id }) => metadata.cache.known(id, call.nowMs) ?? []);
  if (known.some(isAbsent)) return "absent";
  return known.length === named.length ? described(action.type, named, known) : null;
}

/**
 * The same, once their origin was asked about those that are not known: a few at once, and no more of them once one does not exist. Throws `Outage` where it
 * cannot be asked and the route does not go on without.
 */
export async function askedResources(
  { action, metadata }: RouteAction,
  named: readonly NamedResource[],
  call: Call,
): Promise<readonly ResourceFacts[] | "absent"> {
  if (metadata === null) throw new Error("nobody knows of the resources");
  const answer = ({ id }: NamedResource) => answerOn(id, metadata, call);
  const told = await inTurns(named, answer, (answers) => answers.some(isAbsent));
  return told.some(isAbsent) ? "absent" : described(action.type, named, told);
}

function isAbsent({ kind }: MetadataAnswer): boolean {
  return kind === "absent";
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
): readonly ResourceFacts[] {
  return named.map(({ id, attributes }, at) => {
    const answer = told[at];
    if (answer?.kind !== "found") throw new Error("a resource that nobody was asked about");
    return { type, id, attributes: joined(attributes, answer.attributes) };
  });
}

function joined(callers: Attributes, origins: Attributes): Attributes {
  for (const _ in callers) return { ...callers, ...origins };
  return origins;
}
