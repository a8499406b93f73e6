import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { ClientId, SessionId } from "../protocol/ids.ts";

/** What a client's `sid` is a digest of: a word of its own, so that it is no other digest's text. */
const SID_PURPOSE = "sid";

/** The `sid` under which `client` knows `session`. Two clients must not learn from it that they serve the same browser. */
export function clientSid(
  client: ClientId,
  session: SessionId,
  secrets: Pick<GrantSecrets, "digest">,
): Promise<string> {
  return secrets.digest(SID_PURPOSE, `${client}.${session}`);
}
