import type { Authorizing } from "../issuing/authorizing.ts";
import { openTransaction } from "../issuing/continue_authorization.ts";
import type { Moment } from "../issuing/issuer.ts";
import { sha256Base64url } from "../kernel/bytes.ts";
import type { TransactionId } from "../protocol/ids.ts";
import { type ClientView, clientView } from "./pages/client_view.tsx";

/** What a login page tells of the authorization transaction behind it. */
export interface LoginContext {
  readonly client: ClientView;
  readonly redirectUri: string;
  /** `login_hint`; the empty string where there is none. */
  readonly hint: string;
}

/** The transaction `tx`, if it is open and this very browser's; null otherwise. Throws `Outage`. */
export type FindLoginContext = (tx: TransactionId, browserId: string, moment: Moment) => Promise<LoginContext | null>;

/** Looks transactions up where the authorization endpoint keeps them. */
export function loginContexts(authorizing: Authorizing): FindLoginContext {
  return async (tx, browserId, moment) => {
    const open = await openTransaction(tx, { hash: await sha256Base64url(browserId) }, authorizing, moment);
    if ("kind" in open) return null;
    const { redirectUri, loginHint } = open.state.request;
    return { client: clientView(open.client, redirectUri), redirectUri, hint: loginHint ?? "" };
  };
}
