import { ClientName, type ClientView } from "./client_view.tsx";
import { Button, Form, type FormSeal } from "./form.tsx";
import { type Page, page } from "./page.ts";
import { Person } from "./select_account_page.tsx";

export interface LogoutProps {
  readonly seal: FormSeal;
  readonly action: string;
  /** Who asked for it; null for nobody that could be proven. */
  readonly client: ClientView | null;
  readonly person: string;
  /** What must come back with the answer: a sealed request, for instance. */
  readonly fields: Readonly<Record<string, string>>;
  readonly leadsTo: readonly string[];
}

/** Asks whether to sign out (OpenID Connect RP-Initiated Logout §2): a link elsewhere must not do it. */
export function logoutPage({ seal, action, client, person, fields, leadsTo }: LogoutProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Sign out?</h1>
        <p class="lead">
          {client === null ? (
            "You will be signed out here, and of the applications that you use with this account."
          ) : (
            <>
              <ClientName client={client} /> asks to sign you out here too.
            </>
          )}
        </p>
      </div>
      <Person email={person} />
      <Form action={action} seal={seal}>
        {Object.entries(fields).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Button label="Sign out" name="decision" value="sign_out" />
        <Button label="Stay signed in" kind="plain" name="decision" value="stay" />
      </Form>
    </div>
  );
  return page("Sign out?", body, { leadsTo });
}

/**
 * Sends a request that came from another site on to ourselves, as our own: with it the browser sends the cookies that it kept
 * back before. It sends itself; with scripts off the button does.
 */
export function carryLogoutPage(fields: readonly (readonly [string, string])[], leadsTo: readonly string[]): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>One moment</h1>
        <p class="lead">You are about to sign out.</p>
      </div>
      <form class="fields" method="post" action="/oauth2/logout">
        {fields.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <button class="button button-first button-wide" type="submit">
          Continue
        </button>
      </form>
    </div>
  );
  return page("One moment", body, { script: "submit", leadsTo });
}

/** The end of a session. `onward` is where the person may go on to, if they choose. */
export function loggedOutPage(onward: { readonly href: string; readonly clientName: string } | null = null): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>You are signed out</h1>
        <p class="lead">On a device that others use too, close the browser as well.</p>
      </div>
      {onward === null ? null : (
        <a class="button button-wide" href={onward.href}>
          Go back to <bdi>{onward.clientName}</bdi>
        </a>
      )}
      <a class="button button-wide" href="/login">
        Sign in again
      </a>
    </div>
  );
  return page("You are signed out", body);
}
