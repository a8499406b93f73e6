import type { IssuerReader, SubjectKind, SubjectRecord } from "../ports/issuer_reader.ts";
import type { KnownSubject, KnownSubjects } from "../ports/known_subjects.ts";
import { carriedAt } from "../protocol/holdings.ts";

/** As many subjects as one question may be about. */
export const MOST_SUBJECTS = 100;

/**
 * Our own subjects as the issuer knows them at this moment: nothing is remembered, so that nobody is judged by what they had. Those who may not act
 * any more (disabled, past their end) are nobody. Throws `Outage`.
 */
export function knownSubjects(reader: Pick<IssuerReader, "findSubjects">, now: () => number): KnownSubjects {
  return {
    async find(kind, ids) {
      const found: (KnownSubject | null)[] = [];
      for (let at = 0; at < ids.length; at += MOST_SUBJECTS) {
        const records = await reader.findSubjects(kind, ids.slice(at, at + MOST_SUBJECTS));
        for (const record of records) found.push(record === null ? null : actingSubject(kind, record, now()));
      }
      return found;
    },
  };
}

function actingSubject(kind: SubjectKind, record: SubjectRecord, nowMs: number): KnownSubject | null {
  const { id, scopes, disabled, expiresAtMs } = record;
  if (disabled || (expiresAtMs !== null && expiresAtMs <= nowMs)) return null;
  const { roles, tenantRoles, attributes } = carriedAt(record, nowMs);
  return { kind, id, scopes, roles, attributes, ...(tenantRoles.size > 0 && { tenantRoles }) };
}
