import type { AdmittedRequest } from "../protocol/authorization_transaction.ts";
import { isIdentityScope } from "../protocol/identity_scopes.ts";
import type { AskingView, AuthorizationPages } from "./authorization_desk.ts";
import { clientView } from "./pages/client_view.tsx";
import { type AccessAsked, consentPage } from "./pages/consent_page.tsx";
import { errorPage } from "./pages/error_page.tsx";
import { formPostPage } from "./pages/form_post_page.tsx";
import { type PagePress, pageResponse } from "./pages/page_response.ts";
import { selectAccountPage } from "./pages/select_account_page.tsx";
import { waitInWords } from "./pages/words.ts";

/** What scopes of OpenID Connect let a client learn, in words. `offline_access` is told as how long access lasts. */
export const IDENTITY_WORDS: Readonly<Record<string, string>> = {
  openid: "That it is you: an identifier for your account",
  profile: "Your name and what else your profile says",
  email: "Your email address",
  phone: "Your phone number",
  address: "Your postal address",
};

/** What the pages are made from. */
export interface AuthorizationPagesParts {
  readonly press: PagePress;
  /** The API that is meant where none is named. */
  readonly defaultResource: string;
  /** The sentence for people that the configuration has for a scope. */
  readonly scopeInWords: (resource: string, scope: string) => string;
}

/** What `scopes`, those of OpenID Connect and those of the API `resource`, let a client do for `lastsSeconds`. */
export function accessInWords(
  scopes: readonly string[],
  resource: string,
  lastsSeconds: number,
  scopeInWords: AuthorizationPagesParts["scopeInWords"],
): AccessAsked {
  const ofApi = scopes.filter((scope) => !isIdentityScope(scope)).map((scope) => scopeInWords(resource, scope));
  return {
    identity: scopes.flatMap((scope) => IDENTITY_WORDS[scope] ?? []),
    api: ofApi.length === 0 ? null : { resource, scopes: ofApi },
    lastsSeconds,
    offline: scopes.includes("offline_access"),
  };
}

/** The authorization endpoint's pages in this installation's own design. */
export function authorizationPages({
  press,
  defaultResource,
  scopeInWords,
}: AuthorizationPagesParts): AuthorizationPages {
  const access = ({ scopes, resource }: AdmittedRequest, lastsSeconds: number): AccessAsked =>
    accessInWords(scopes, resource ?? defaultResource, lastsSeconds, scopeInWords);
  const common = ({ request, client, signedIn, transaction, formToken }: AskingView) => ({
    seal: { formToken, tx: transaction },
    client: clientView(client, request.redirectUri),
    person: signedIn.user.email,
    leadsTo: [request.redirectUri],
  });
  return {
    consent: (view) =>
      pageResponse(consentPage({ ...common(view), access: access(view.request, view.lastsSeconds) }), press),
    selectAccount: (view) =>
      pageResponse(selectAccountPage({ ...common(view), action: "/oauth2/authorize/resume" }), press),
    formPost: (client, { action, fields }) =>
      pageResponse(
        formPostPage({ redirectUri: action, parameters: fields, clientName: clientView(client, action).name }),
        press,
      ),
    refused: ({ error, retryAfterSeconds }, requestId, leave) => {
      if (retryAfterSeconds !== undefined) return comeBack(retryAfterSeconds, requestId, press);
      return pageResponse(
        errorPage({
          title: "This request cannot go on",
          sentence: `The application that sent you here made a request that we do not answer: ${error.description}.`,
          requestId,
          action: leave === null ? null : { href: leave, label: "Go back to the application" },
        }),
        press,
        { status: 400 },
      );
    },
  };
}

function comeBack(retryAfterSeconds: number, requestId: string, press: PagePress): Promise<Response> {
  const page = errorPage({
    title: `Please wait ${waitInWords(retryAfterSeconds)}`,
    sentence: "Too many sign-ins were begun from your network. Go back to the application then, and start again.",
    requestId,
    action: null,
  });
  return pageResponse(page, press, { status: 429, headers: { "retry-after": String(retryAfterSeconds) } });
}
