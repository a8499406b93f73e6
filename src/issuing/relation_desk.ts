import { Lru } from "../kernel/lru.ts";
import { isDemandedPermission } from "../policy/permission.ts";
import { type RelatedIds, relatedObjects, relatedPrincipals } from "../policy/relations/candidates.ts";
import { checkRelations, MAX_CHECKS } from "../policy/relations/check.ts";
import type { WrittenRelations } from "../policy/relations/relation_names.ts";
import { compileRelations, type RelationSchema } from "../policy/relations/relation_schema.ts";
import { PRINCIPAL_TYPES } from "../policy/relations/terms.ts";
import type { TupleReader } from "../policy/relations/tuple_reader.ts";
import type { AskedRelated, AskedRelations, ToldRelated, ToldRelations } from "../ports/issuer_reader.ts";
import type { RoleCandidates } from "../ports/role_candidates.ts";

/** Gates send the schema that they decide by, so that an answer never mixes two configurations. None that compiles is spelt longer. */
const MAX_SCHEMA_LENGTH = 256 * 1024;

/** Schemas are few: those of the configuration that runs, and of the one before. */
const compiled = new Lru<RelationSchema>({ maxEntries: 8, maxBytes: 4 * 1024 * 1024 });

/** Answers what gates ask of relations. Throws `Outage` as `reader` does, and a `TypeError` for what no gate asks. */
export async function tellRelations({ schema, checks }: AskedRelations, reader: TupleReader): Promise<ToldRelations> {
  if (!Array.isArray(checks) || checks.length > MAX_CHECKS) throw new TypeError("too many checks");
  const { revision, findings } = await checkRelations(schemaOf(schema), checks, reader);
  return { revision, findings: findings.map(({ answer, reads }) => ({ answer, reads })) };
}

/** What a search may find is this much at once. */
export const MAX_RELATED = 1_000;

/** Answers what gates ask for their searches. Throws `Outage` as `reader` and `roles` do, and a `TypeError` for what no gate asks. */
export async function tellRelated(
  asked: AskedRelated,
  reader: TupleReader,
  roles: RoleCandidates,
): Promise<ToldRelated> {
  const { after, limit } = asked;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_RELATED) throw new TypeError("no such limit");
  const [related, holders] = await Promise.all([relatedByTuples(asked, reader), relatedByRoles(asked, roles)]);
  const behind = [...new Set([...related.ids.filter((id) => after === null || id > after), ...holders])].sort();
  return { ids: behind.slice(0, limit), isLast: behind.length <= limit, isWhole: related.whole };
}

const NOTHING: RelatedIds = { ids: [], whole: true };

function relatedByTuples({ schema, sought, type, to }: AskedRelated, reader: TupleReader): Promise<RelatedIds> {
  if (schema === null) return Promise.resolve(NOTHING);
  const related = sought === "objects" ? relatedObjects : relatedPrincipals;
  return related(schemaOf(schema), type, to, reader);
}

/** One more than asked for, where there is one: so it is known whether the page is the last. */
function relatedByRoles({ holders, sought, type, after, limit }: AskedRelated, roles: RoleCandidates) {
  if (holders === undefined) return [];
  const kind = PRINCIPAL_TYPES.find((one) => one === type);
  if (sought !== "principals" || kind === undefined) throw new TypeError("nothing that has roles");
  const { permission } = holders;
  if (permission !== null && !isDemandedPermission(permission)) throw new TypeError("no such permission");
  return roles.holders(kind, permission, after, limit + 1);
}

function schemaOf(text: string): RelationSchema {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  if (text.length > MAX_SCHEMA_LENGTH) throw new TypeError("no schema");
  const schema = compileRelations(readWritten(text));
  if (!schema.ok) throw new TypeError("no schema");
  compiled.set(text, schema.value, 20 * text.length);
  return schema.value;
}

function readWritten(text: string): WrittenRelations {
  const written: unknown = JSON.parse(text);
  const isWritten = isRecordOf(written, (relations) => isRecordOf(relations, (rewrite) => typeof rewrite === "string"));
  if (!isWritten) throw new TypeError("no schema");
  return written as WrittenRelations;
}

function isRecordOf(value: unknown, isMember: (member: unknown) => boolean): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isMember);
}
