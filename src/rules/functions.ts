import { type AddressRange, isWithin, parseAddress, parseAddressRange } from "../policy/address_range.ts";
import type { RelationCheck } from "../policy/decision_facts.ts";
import { type CelFunction, OURS, TIMESTAMP } from "./cel.ts";
import { LIMITS } from "./limits.ts";
import { Patterns } from "./patterns.ts";
import { RuleInputError, UnknownRelation } from "./rule_input.ts";
import { CALL, ObjectValue, type PrincipalValue, REF, type ResourceValue } from "./variables.ts";
import { TimeZones, ZONED_PARTS } from "./zoned_time.ts";

const MAX_ZONES = 64;
const MAX_PATTERNS = 256;

/** What rules may call beside what CEL has, by signature; and methods that stand in for the library's. */
export function ruleFunctions(): Readonly<Record<string, CelFunction>> {
  const patterns = new Patterns(MAX_PATTERNS);
  const zones = new TimeZones(MAX_ZONES);
  const ranges = new Map<string, AddressRange>();
  return {
    "can(Principal, string, Resource): bool": (who: PrincipalValue, relation: string, what: Objectlike) =>
      hasRelation(who, relation, what),
    "can(Principal, string, Object): bool": (who: PrincipalValue, relation: string, what: Objectlike) =>
      hasRelation(who, relation, what),
    "can(Principal, string, list<Resource>): bool": hasRelationToAll,
    "can(Principal, string, list<Object>): bool": hasRelationToAll,
    "object(string, string): Object": (type: string, id: string) => new ObjectValue({ type, id }),
    "permitted(Principal, string): bool": (who: PrincipalValue, permission: string) =>
      who[CALL].facts.principal.permissions.has(permission),
    "inCidr(string, string): bool": (address: string, range: string) => isInRange(ranges, address, range),
    "inCidr(string, list<string>): bool": (address: string, list: readonly string[]) =>
      list.some((range) => isInRange(ranges, address, range)),
    [`string.${OURS}matches(string): bool`]: (text: string, pattern: string) => patterns.matches(text, pattern),
    [`string.${OURS}lowerAscii(): string`]: (text: string) =>
      text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
    [`string.${OURS}upperAscii(): string`]: (text: string) =>
      text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
    ...Object.fromEntries(
      Object.entries(ZONED_PARTS).map(([name, part]) => [
        `${TIMESTAMP}.${OURS}${name}(string): int`,
        (time: Date, zone: string) => BigInt(part(zones.localTime(time, zone))),
      ]),
    ),
  };
}

type Objectlike = ResourceValue | ObjectValue;

/** Throws `UnknownRelation` where that is not in memory, and notes it: the rule is evaluated again when it is. */
function hasRelation(who: PrincipalValue, relation: string, { [REF]: object }: Objectlike): boolean {
  const call = who[CALL];
  const { kind, id } = call.facts.principal;
  const check: RelationCheck = { object, relation, subject: { type: kind, id } };
  const known = call.facts.relations.known(check);
  if (known !== undefined) return known;
  call.wanted ??= [];
  call.wanted.push(check);
  throw new UnknownRelation("a relation is not known yet");
}

/**
 * Whether `who` has it to each of `list`. To none of nothing: whoever asks about an empty list has lost what the call is about, and a rule
 * that were true of it would let pass what nobody looked at.
 */
function hasRelationToAll(who: PrincipalValue, relation: string, list: readonly Objectlike[]): boolean {
  if (list.length === 0) throw new RuleInputError("`can` was asked about an empty list");
  if (list.length > LIMITS.list) throw new RuleInputError(`\`can\` was asked about more than ${LIMITS.list} objects`);
  let unknown: UnknownRelation | null = null;
  for (const what of list) {
    try {
      if (!hasRelation(who, relation, what)) return false;
    } catch (error) {
      // All that are missing are fetched at once.
      if (!(error instanceof UnknownRelation)) throw error;
      unknown = error;
    }
  }
  if (unknown !== null) throw unknown;
  return true;
}

/** Ranges are written in the rules, so that they are not many. Throws where `address` cannot be read: it is neither in nor out. */
function isInRange(ranges: Map<string, AddressRange>, address: string, range: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === null) throw new RuleInputError("`inCidr` was asked about what is no address");
  let known = ranges.get(range);
  if (known === undefined) {
    const read = parseAddressRange(range);
    if (!read.ok) throw new RuleInputError("`inCidr` was asked about what is no range of addresses");
    known = read.value;
    ranges.set(range, known);
  }
  return isWithin(parsed, known);
}
