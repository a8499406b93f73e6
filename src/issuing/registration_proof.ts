import { equalDigests } from "../kernel/bytes.ts";
import type { People } from "./people.ts";

/**
 * What the browser keeps in which an account was registered: a keyed digest of the very link that was mailed for it. Whoever shows it
 * chose the password of the account, and need not prove that again. Nothing is stored, and nobody else can make it.
 */
export function registrationProof(linkHash: string, { secrets }: Pick<People, "secrets">): Promise<string> {
  return secrets.digest("registration", linkHash);
}

/** Whether `shown` is the proof of the registration that `linkHash` was mailed for; null, and one under a retired key, are none. */
export async function provesRegistration(
  shown: string | null,
  linkHash: string,
  people: Pick<People, "secrets">,
): Promise<boolean> {
  return shown !== null && equalDigests(shown, await registrationProof(linkHash, people));
}
