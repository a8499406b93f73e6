import { ClientName, type ClientView } from "./client_view.tsx";
import { Button, Form, type FormSeal } from "./form.tsx";
import { type Page, page } from "./page.ts";

export interface SelectAccountProps {
  readonly seal: FormSeal;
  readonly action: string;
  readonly client: ClientView | null;
  /** The address of who is signed in. */
  readonly person: string;
  readonly leadsTo: readonly string[];
}

/** Asks whether to go on as who is signed in. */
export function selectAccountPage({ seal, action, client, person, leadsTo }: SelectAccountProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Choose an account</h1>
        {client === null ? null : (
          <p class="lead">
            to continue to <ClientName client={client} />
          </p>
        )}
      </div>
      <Person email={person} />
      <Form action={action} seal={seal}>
        <Button label="Continue with this account" name="account" value="current" />
        <Button label="Use another account" kind="plain" name="account" value="other" />
      </Form>
    </div>
  );
  return page("Choose an account", body, { leadsTo });
}

/** Who somebody is, at a glance. */
export function Person({ email }: { email: string }) {
  return (
    <div class="person">
      <span class="person-mark" aria-hidden="true">
        {[...email][0]?.toUpperCase()}
      </span>
      <span class="person-name">
        <bdi>{email}</bdi>
      </span>
    </div>
  );
}
