import { err, ok, type Result } from "../kernel/result.ts";
import type { ApiKey } from "../ports/api_keys.ts";
import type { FoundString, KeyLeaks, KnownStrings, LeakEnd } from "../ports/key_leaks.ts";
import type { UserDirectory } from "../ports/users.ts";
import { apiKeyPrefix, hashApiKey, parseApiKey } from "../protocol/api_key.ts";
import type { AdminAct } from "../protocol/audit_event.ts";
import { type ApiKeyId, parseUserId } from "../protocol/ids.ts";
import { keyLeakedText } from "../protocol/key_mail_texts.ts";
import type { LeakReport } from "../protocol/leak_report.ts";
import type { MailSender } from "../protocol/mail_texts.ts";
import { apiKeyEntries } from "./api_key_rules.ts";
import { commitChange } from "./commit_change.ts";
import type { Management, ManagingFault, Progress } from "./management.ts";

/** What the end of leaked keys is built from. */
export interface LeakHandling extends Pick<Management, "keys" | "courier" | "revocations"> {
  readonly leaks: KeyLeaks;
  readonly people: { readonly users: Pick<UserDirectory, "find">; readonly sender: MailSender };
}

/** A string that was ended. */
export interface EndedString extends FoundString {
  readonly key: ApiKeyId;
  readonly owner: string | null;
}

/** What came of reports. */
export interface LeakOutcome {
  /** For each report, whether it was about a string of a key here. */
  readonly isOurs: readonly boolean[];
  readonly ended: readonly EndedString[];
  readonly progress: Progress;
}

/** How often a key that others change at the same time is tried again: to end a leaked string comes before every other change. */
const TRIES = 5;

/**
 * Ends every reported string of a key here, whatever else the key is. Its key lives on with what other strings it has; one that has none
 * left opens nothing until it is rotated, which is how it gets a replacement: the new string is in that answer, and in no mail. A user
 * who owns the key is written to. `act` is as what it is recorded, and when. A report that comes again is known and changes nothing.
 */
export async function endLeakedKeys(
  reports: readonly LeakReport[],
  parts: LeakHandling,
  act: AdminAct,
): Promise<Result<LeakOutcome, ManagingFault>> {
  const hashes = await Promise.all(reports.map(({ token }) => digestOf(token)));
  const asked = [...new Set(hashes.filter((hash) => hash !== null))];
  const known: KnownStrings = asked.length === 0 ? NOTHING : await parts.leaks.known(asked);
  const isOurs = hashes.map((hash) => hash !== null && (known.kept.has(hash) || known.reported.has(hash)));
  if (known.kept.size === 0) return ok({ isOurs, ended: [], progress: "unchanged" });
  const reportOf = new Map(reports.map((report, at) => [hashes[at], report]));
  const ended: EndedString[] = [];
  const committed = await commitChange(parts, async () => {
    for (const [id, strings] of Map.groupBy(known.kept.keys(), (hash) => known.kept.get(hash))) {
      const done = id === undefined ? [] : await endStrings(id, strings, reportOf, parts, act);
      if (done === "conflict") return "conflict";
      ended.push(...done);
    }
    return "changed";
  });
  return committed.ok ? ok({ isOurs, ended, progress: committed.value }) : err(committed.error);
}

const NOTHING: KnownStrings = { kept: new Map(), reported: new Set() };

/** The digest of a string that has the form of a key, or null: others' secrets cost no look-up. */
async function digestOf(token: string): Promise<string | null> {
  const key = parseApiKey(token);
  return key === null ? null : hashApiKey(key);
}

async function endStrings(
  id: ApiKeyId,
  hashes: readonly string[],
  reportOf: ReadonlyMap<string | null | undefined, LeakReport>,
  parts: LeakHandling,
  act: AdminAct,
): Promise<readonly EndedString[] | "conflict"> {
  const nowMs = act.atMs;
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await parts.keys.get(id);
    const found = (before?.secrets ?? []).flatMap(({ hash, lastFour }): FoundString[] => {
      const report = hashes.includes(hash) ? reportOf.get(hash) : undefined;
      return report === undefined ? [] : [{ hash, lastFour, foundAtMs: nowMs, source: report.source, url: report.url }];
    });
    if (before === null || found.length === 0) return [];
    const end = await leakEnd(before, found, parts, act);
    if ((await parts.leaks.end(end, nowMs)) === "conflict") continue;
    return found.map((string) => ({ ...string, key: id, owner: before.owner }));
  }
  return "conflict";
}

async function leakEnd(
  before: ApiKey,
  found: readonly FoundString[],
  { people }: LeakHandling,
  act: AdminAct,
): Promise<LeakEnd> {
  const nowMs = act.atMs;
  const secrets = before.secrets.filter(({ hash }) => !found.some((string) => string.hash === hash));
  const after: ApiKey = { ...before, secrets, epoch: before.epoch + 1, updatedAtMs: nowMs };
  const userId = parseUserId(before.owner ?? "");
  const user = userId === null ? null : await people.users.find(userId);
  const [{ hash, lastFour } = { hash: "", lastFour: "" }] = found;
  const named = { name: before.name, prefix: apiKeyPrefix(before.kind, before.environment), lastFour };
  const occasion = `leak_${hash}`;
  return {
    before,
    after,
    found,
    entries: apiKeyEntries(after, nowMs),
    act,
    // A person who is gone meanwhile, or whom an operator shut out, is not written to.
    mail:
      user === null || user.disabled
        ? null
        : { message: { to: user.email, ...keyLeakedText(people.sender, named) }, onceKey: occasion },
    event:
      userId === null
        ? null
        : {
            id: occasion,
            userId,
            kind: "api_key_leaked",
            reason: before.id,
            grantId: null,
            clientId: null,
            atMs: nowMs,
          },
  };
}
