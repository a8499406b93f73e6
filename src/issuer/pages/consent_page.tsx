import { ClientName, type ClientView, destinationInWords } from "./client_view.tsx";
import { Button, Form, type FormSeal } from "./form.tsx";
import { type Page, page } from "./page.ts";
import { lengthInWords } from "./words.ts";

/** What a client asks for, in words. */
export interface AccessAsked {
  /** What it may learn about the person: OpenID Connect's scopes. Empty where it asks for none. */
  readonly identity: readonly string[];
  /** The API that its access is for, as its identifier; null where it asks for no scope of it. */
  readonly api: { readonly resource: string; readonly scopes: readonly string[] } | null;
  /** How long what is given lasts without the person, in seconds. */
  readonly lastsSeconds: number;
  /** Whether it goes on when the person is not there. */
  readonly offline: boolean;
}

export interface ConsentProps {
  readonly seal: FormSeal;
  readonly client: ClientView;
  readonly person: string;
  readonly access: AccessAsked;
  readonly leadsTo: readonly string[];
}

/** Asks a person for what a client wants. Allowing and denying are equally easy. */
export function consentPage({ seal, client, person, access, leadsTo }: ConsentProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Allow access?</h1>
        <p class="lead">
          An application that calls itself <ClientName client={client} /> asks for access to your account.
        </p>
      </div>
      <ClientFacts client={client} person={person} access={access} />
      <AccessList access={access} />
      <Form action="/consent" seal={seal}>
        <div class="choice">
          <Button label="Deny" kind="plain" name="decision" value="deny" />
          <Button label="Allow" kind="first" name="decision" value="allow" />
        </div>
      </Form>
      <p class="muted small">You can withdraw this at any time on your account page.</p>
    </div>
  );
  return page("Allow access?", body, { leadsTo });
}

/** Who asks, for whom, and where it leads. */
function ClientFacts({ client, person, access }: Pick<ConsentProps, "client" | "person" | "access">) {
  return (
    <dl class="facts">
      <div>
        <dt>Application</dt>
        <dd>
          <bdi>{client.name}</bdi>
          <span class="claimed">
            It chose this name itself; nobody has checked it.
            {client.homePage === null ? null : (
              <>
                {" "}
                <a class="whole" href={client.homePage} rel="noreferrer noopener" target="_blank">
                  Its home page
                </a>
              </>
            )}
          </span>
        </dd>
      </div>
      {client.destination === null ? null : (
        <div>
          <dt>Afterwards you go to</dt>
          <dd>{destinationInWords(client.destination)}</dd>
        </div>
      )}
      <div>
        <dt>Your account</dt>
        <dd>
          <bdi>{person}</bdi>
        </dd>
      </div>
      <div>
        <dt>Access lasts</dt>
        <dd>{lastsInWords(access)}</dd>
      </div>
    </dl>
  );
}

/** What is asked for, by whom it concerns: the person, then the API. */
export function AccessList({ access }: { access: AccessAsked }) {
  return (
    <>
      {access.identity.length === 0 ? null : (
        <div>
          <h2>It will learn</h2>
          <ul class="scopes">
            {access.identity.map((text) => (
              <li>{text}</li>
            ))}
          </ul>
        </div>
      )}
      {access.api === null ? null : (
        <div>
          <h2>It will be able to</h2>
          <p class="muted small">at {access.api.resource}</p>
          <ul class="scopes">
            {access.api.scopes.map((text) => (
              <li>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** How long access lasts, and whether it needs the person for that. */
export function lastsInWords({ lastsSeconds, offline }: AccessAsked): string {
  const length = `up to ${lengthInWords(lastsSeconds)}`;
  return offline ? `${length}, also while you are away` : length;
}
