import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ContractFields } from "../openapi/contract.ts";
import type { ResourceRef, SubjectFacts } from "../policy/decision_facts.ts";
import { type FieldQuestion, type FieldRights, isGranted, NO_RIGHTS, questionsOf } from "../policy/field_grants.ts";
import { type ReadingFault, readResources } from "../policy/resource_reading.ts";
import { subjectFacts } from "../policy/subject_facts.ts";
import { tenantOf } from "../policy/tenant.ts";
import { UndecidedRelation } from "./call_relations.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import { relationsOn } from "./decide.ts";
import type { Call, Gate, RightsRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";
import type { FetchedRelations } from "./route_action.ts";

/** What decides on the fields of one call, and finds out what else does. */
export interface CallFieldRights {
  readonly rights: FieldRights;
  /** Fetches the answers to `questions`: `rights` has them from here on. Throws `Outage`. */
  readonly fetch: (questions: readonly FieldQuestion[]) => Promise<void>;
}

/** Nobody is proven, or nothing is asked. */
export const NO_FIELD_RIGHTS: CallFieldRights = { rights: NO_RIGHTS, fetch: () => Promise.resolve() };

/**
 * What decides on the fields of a call that was let in, with `body` as it came (undefined for none, or one that cannot be read). Asks for the book of roles where
 * permissions decide, and for relations to each of the call's resources where those do: what cannot be had, or told in one way alone, refuses the
 * call before its origin hears of it. Throws `Outage`.
 */
export async function fieldRights(
  fields: ContractFields,
  route: RightsRoute,
  credential: CredentialEntry | null,
  call: Call,
  body: unknown,
  gate: Gate,
): Promise<Result<CallFieldRights, Refusal>> {
  if (credential === null) return ok(NO_FIELD_RIGHTS);
  const tenant = tenantOf(route.tenant, call.segments);
  const { toleratedStalenessMs } = route;
  const book = fields.namesPermissions ? await gate.roles.at(call.nowMs, call.defer, toleratedStalenessMs) : null;
  if (book === null && fields.namesPermissions) return err({ kind: "unavailable", reason: "role_book_unavailable" });
  const subject = subjectFacts(credential.principal, book, tenant);
  const { scopes, roles, permissions } = subject;
  const plain = { ...NO_RIGHTS, scopes, roles, permissions };
  const relations = relationsFor(fields, plain);
  if (relations.size === 0 || gate.relations === null) return ok({ ...NO_FIELD_RIGHTS, rights: plain });
  const known = await relationsOn(call, gate.relations, route, subject, gate);
  if (known === "stale") return err({ kind: "unavailable", reason: "edge_feed_stale" });
  if (known === "malformed") return err({ kind: "consistency_malformed", reason: "consistency_malformed" });
  const named = resourcesOf(fields, call, body);
  if (!named.ok) return err({ kind: "resource_unread", reason: named.error });
  const resources = named.value;
  const related = (object: ResourceRef, relation: string) => answer(known, subject, { resource: object, relation });
  const resolve = (questions: readonly FieldQuestion[]) => known.resolve(questions.map((one) => checkOf(one, subject)));
  const rights = { ...plain, resources, related };
  const unknown = questionsOf([...relations], rights, resources);
  if (unknown.length > 0 && (await resolve(unknown)) === "unreached") {
    return err({ kind: "consistency_unreached", reason: "consistency_unreached" });
  }
  const fetch = async (questions: readonly FieldQuestion[]) => {
    // The origin has answered: its answer goes on as it does where relations cannot be had.
    if ((await resolve(questions)) === "unreached") throw new Outage("relations", { cause: "unreached" });
  };
  return ok({ rights, fetch });
}

/** The relations that could give what `plain` rights do not. */
function relationsFor({ grants }: ContractFields, plain: FieldRights): ReadonlySet<string> {
  const open = grants.filter((one) => one.relations.length > 0 && isGranted(one, plain, plain.resources) === false);
  return new Set(open.flatMap((one) => one.relations));
}

/** What the call is about. What is only being made is nobody's yet. */
function resourcesOf(
  { resource }: ContractFields,
  { segments, search }: Call,
  body: unknown,
): Result<readonly ResourceRef[], ReadingFault> {
  if (resource === null || resource.reading.ids.length === 0) return ok([]);
  const { type, reading } = resource;
  // A body that is none is refused for that.
  if (reading.readsBody && body === undefined) return ok([]);
  const named = readResources(reading, { segments, search, body });
  return named.ok ? ok(named.value.map(({ id }) => ({ type, id }))) : named;
}

/** What the bounds cannot decide, and what no relation can be to, is not granted: a field's grants only ever give. */
function answer(known: FetchedRelations, subject: SubjectFacts, question: FieldQuestion): boolean | undefined {
  try {
    return known.known(checkOf(question, subject));
  } catch (error) {
    if (error instanceof UndecidedRelation) return false;
    throw error;
  }
}

function checkOf({ resource, relation }: FieldQuestion, { kind, id }: SubjectFacts) {
  return { object: resource, relation, subject: { type: kind, id } };
}
