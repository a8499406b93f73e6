import { Argon2Passwords } from "../adapters/argon2_passwords.ts";
import { D1ActionLinks } from "../adapters/d1/action_links.ts";
import { D1Consents } from "../adapters/d1/consents.ts";
import { D1PairwiseSubjects } from "../adapters/d1/pairwise_subjects.ts";
import { D1Registrations } from "../adapters/d1/registrations.ts";
import { D1Users } from "../adapters/d1/users.ts";
import { JoseIdTokenHints } from "../adapters/jose_id_token_hints.ts";
import type { VerificationKeys } from "../adapters/jose_verification_keys.ts";
import { DurableObjectGuesses } from "../adapters/objects/guesses.ts";
import { remoteAuthorizationTransactions } from "../adapters/remote/authorization_transactions.ts";
import { type Bindings, need } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { cookieRules } from "../http/cookies.ts";
import type { AuthorizationDesk } from "../issuer/authorization_desk.ts";
import { authorizationPages } from "../issuer/authorization_pages.ts";
import { loginContexts } from "../issuer/login_context.ts";
import { type PageDesk, personAt } from "../issuer/page_desk.ts";
import type { Authorizing } from "../issuing/authorizing.ts";
import type { HumanCheck } from "../issuing/human_check.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { People } from "../issuing/people.ts";
import { platformRandom } from "../kernel/random.ts";
import type { UserManagement } from "../managing/user_management.ts";
import type { Accounts, GrantLifetimes } from "../ports/accounts.ts";
import type { ClientDirectory } from "../ports/clients.ts";
import { composeAddressChanges, composeMail, mailSender, mailWaker } from "./mail.ts";
import { declaredAttributes } from "./roles.ts";

/*
 * The wiring of everything that a person meets: accounts, pages, the authorization endpoint.
 */

/** What the issuer's app shows to people. */
export interface Desks {
  readonly pages: PageDesk;
  readonly authorization: AuthorizationDesk;
}

/** The use cases about people, on this installation's own stores. */
export function composePeople(
  bindings: Bindings,
  { issuer }: CompiledConfig,
  { accounts, secrets }: Issuer,
  human: HumanCheck | null,
): People {
  const db = need(bindings, "DB");
  const { sessions, passwords, lockout, branding } = issuer;
  return {
    issuerUrl: issuer.url,
    brandName: branding.name,
    users: new D1Users(db, mailWaker(bindings)),
    registrations: new D1Registrations(db, mailWaker(bindings)),
    accounts,
    subjects: new D1PairwiseSubjects(db, platformRandom),
    passwords: new Argon2Passwords({ ...passwords, random: platformRandom }),
    guesses: new DurableObjectGuesses(need(bindings, "GUESSES"), lockout),
    links: new D1ActionLinks(db),
    addresses: composeAddressChanges(bindings),
    mail: composeMail(bindings),
    secrets,
    human,
    random: platformRandom,
    settings: { sessions, passwords, lockout },
  };
}

/** The use cases of operators about people. */
export function composeUserManagement(bindings: Bindings, config: CompiledConfig, accounts: Accounts): UserManagement {
  const db = need(bindings, "DB");
  return {
    users: new D1Users(db),
    accounts,
    links: new D1ActionLinks(db),
    mail: composeMail(bindings),
    random: platformRandom,
    attributes: declaredAttributes(config),
    sender: mailSender(config),
  };
}

/** The pages, and the authorization endpoint that leads through them. `ownKeys` verify ID tokens that come back as hints. */
export function composeDesks(
  bindings: Bindings,
  config: CompiledConfig,
  issuer: Issuer,
  clients: ClientDirectory,
  ownKeys: VerificationKeys,
  human: HumanCheck | null,
): Desks {
  const consents = new D1Consents(need(bindings, "DB"));
  const people = composePeople(bindings, config, issuer, human);
  const cookies = cookieRules(issuer.url);
  const forms = {
    origin: new URL(issuer.url).origin,
    digest: (purpose: string, text: string) => issuer.secrets.digest(purpose, text),
  };
  const press = { branding: config.issuer.branding, host: new URL(issuer.url).host, random: platformRandom };
  const inWords = scopeWords(config);
  const authorizing: Authorizing = {
    issuer,
    transactions: remoteAuthorizationTransactions((id) => need(bindings, "TRANSACTIONS").getByName(id)),
    consents,
    subjects: people.subjects,
    lifetimes: grantLifetimes(config),
    transactionMs: config.issuer.sessions.transactionSeconds * 1000,
    hints: new JoseIdTokenHints(issuer.url, ownKeys),
  };
  const defaultResource = issuer.catalog.apis[0].resource;
  return {
    pages: {
      people,
      connections: { accounts: issuer.accounts, clients, consents },
      loginContext: loginContexts(authorizing),
      press,
      forms,
      cookies,
      scopeInWords: inWords,
    },
    authorization: {
      authorizing,
      pages: authorizationPages({ press, defaultResource, scopeInWords: inWords }),
      forms,
      cookies,
      random: platformRandom,
      signedIn: (c) => personAt(c, { people, cookies }),
    },
  };
}

/** How long what a grant gives lives. */
export function grantLifetimes({ issuer: { grants } }: CompiledConfig): GrantLifetimes {
  return {
    codeMs: grants.codeSeconds * 1000,
    refreshIdleMs: grants.refreshIdleSeconds * 1000,
    refreshAbsoluteMs: grants.refreshAbsoluteSeconds * 1000,
    codeRetryMs: grants.codeRetrySeconds * 1000,
    refreshRetryMs: grants.refreshRetrySeconds * 1000,
    onReuse: grants.onReuse,
  };
}

/** The sentence for people of a scope of `resource`, the default API where it is null; the scope itself where there is none. */
function scopeWords({ issuer }: CompiledConfig): (resource: string | null, scope: string) => string {
  return (resource, scope) => {
    const api = issuer.apis.find((one) => resource === null || one.resource === resource);
    return api?.scopes[scope] ?? scope;
  };
}
