import { platformRandom } from "../../src/kernel/random.ts";
import type {
  CodeIssue,
  CodeRedemption,
  GrantLifetimes,
  GrantStart,
  RefreshPresentation,
} from "../../src/protocol/grant_requests.ts";
import type { GrantTerms } from "../../src/protocol/grant_terms.ts";
import { type Holdings, NO_HOLDINGS } from "../../src/protocol/holdings.ts";
import { newClientId, newGrantId } from "../../src/protocol/ids.ts";

export const LIFETIMES: GrantLifetimes = {
  codeMs: 60_000,
  refreshIdleMs: 14 * 86_400_000,
  refreshAbsoluteMs: 30 * 86_400_000,
  codeRetryMs: 5_000,
  refreshRetryMs: 10_000,
  onReuse: "user",
};

export const ACCESS_MS = 900_000;
export const CLIENT = newClientId(platformRandom);
export const OTHER_CLIENT = newClientId(platformRandom);

/** Roles that count everywhere and for good, and nothing else. */
export function holding(...roles: readonly string[]): Holdings {
  return { ...NO_HOLDINGS, roles };
}

/** What a user granted to `CLIENT`, refresh tokens among it. */
export function terms(changes: Partial<GrantTerms> = {}): GrantTerms {
  return {
    clientId: CLIENT,
    subject: "usr_subject",
    sessionId: null,
    sid: null,
    scopes: ["openid", "offline_access", "orders:read"],
    resource: null,
    nonce: null,
    authTimeMs: 0,
    amr: ["pwd"],
    acr: null,
    refreshable: true,
    ...changes,
  };
}

/** A code of a client that uses PKCE. */
export function codeIssue(changes: Partial<CodeIssue> = {}): CodeIssue {
  return {
    grantId: newGrantId(platformRandom),
    codeHash: "code",
    redirectUri: "https://client.test/cb",
    codeChallenge: "challenge",
    dpopThumbprint: null,
    terms: terms(),
    holdings: NO_HOLDINGS,
    ...changes,
  };
}

/** A redemption of `issue` in which everything is right. */
export function redemptionOf(issue: CodeIssue, changes: Partial<CodeRedemption> = {}): CodeRedemption {
  return {
    grantId: issue.grantId,
    codeHash: issue.codeHash,
    clientId: issue.terms.clientId,
    redirectUri: issue.redirectUri,
    verifierChallenge: issue.codeChallenge,
    dpopThumbprint: issue.dpopThumbprint,
    refreshHash: "r0",
    holdings: NO_HOLDINGS,
    ...changes,
  };
}

/** A grant without a code, whose first refresh token is `r0`. */
export function grantStart(changes: Partial<GrantStart> = {}): GrantStart {
  return {
    grantId: newGrantId(platformRandom),
    terms: terms(),
    dpopThumbprint: null,
    refreshHash: "r0",
    holdings: NO_HOLDINGS,
    ...changes,
  };
}

/** The refresh token of generation `at` of a grant, presented as its client does; its successor is `at + 1`. */
export function presentation(
  { grantId, terms: { clientId } }: Pick<GrantStart, "grantId" | "terms">,
  at: number,
  changes: Partial<RefreshPresentation> = {},
): RefreshPresentation {
  const own = {
    presentedHash: `r${at}`,
    successorHash: `r${at + 1}`,
    dpopThumbprint: null,
    narrowing: "",
    holdings: NO_HOLDINGS,
  };
  return { grantId, clientId, ...own, ...changes };
}
