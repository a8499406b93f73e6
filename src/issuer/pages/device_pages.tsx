import { ClientName, type ClientView } from "./client_view.tsx";
import { type AccessAsked, AccessList, lastsInWords } from "./consent_page.tsx";
import { Button, Form, type FormSeal, Notice } from "./form.tsx";
import { type Page, page } from "./page.ts";
import { waitInWords } from "./words.ts";

export interface DeviceCodeProps {
  readonly seal: FormSeal;
  /** From `verification_uri_complete`, to be looked at by the person (RFC 8628 §3.3.1). */
  readonly userCode: string;
  readonly problem: "unknown" | { readonly retryAfterSeconds: number } | null;
}

/** Where the code of a device is entered (RFC 8628 §3.3). */
export function deviceCodePage({ seal, userCode, problem }: DeviceCodeProps): Page {
  const isUnknown = problem === "unknown";
  const body = (
    <div class="panel stack">
      <div>
        <h1>Connect a device</h1>
        <p class="lead">Enter the code that your device shows.</p>
      </div>
      {problem === null || problem === "unknown" ? null : (
        <Notice kind="danger" title={`Please wait ${waitInWords(problem.retryAfterSeconds)}.`}>
          <p>There were too many codes that do not exist.</p>
        </Notice>
      )}
      <Form action="/device" seal={seal}>
        <div class="field">
          <label for="user_code">Code</label>
          <input
            class="text code"
            id="user_code"
            name="user_code"
            type="text"
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            required
            value={userCode}
            // The page is nothing but this field.
            autofocus
            aria-invalid={isUnknown ? "true" : undefined}
            aria-describedby={isUnknown ? "user_code-fault user_code-hint" : "user_code-hint"}
          />
          {isUnknown ? (
            <p class="fault" id="user_code-fault">
              There is no such code, or it is too old. Look at the device again.
            </p>
          ) : null}
          <p class="hint" id="user_code-hint">
            Capital or small letters, with or without the dash.
          </p>
        </div>
        <Button label="Continue" />
      </Form>
    </div>
  );
  return page(problem === null ? "Connect a device" : "Error: connect a device", body);
}

export interface DeviceConfirmProps {
  readonly seal: FormSeal;
  readonly client: ClientView;
  readonly userCode: string;
  readonly person: string;
  readonly access: AccessAsked;
}

/** Asks before a device gets anything: a code may have come from somebody else (RFC 8628 §5.4). */
export function deviceConfirmPage({ seal, client, userCode, person, access }: DeviceConfirmProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Is this your device?</h1>
        <p class="lead">
          An application that calls itself <ClientName client={client} /> on another device asks for access to your
          account.
        </p>
      </div>
      <dl class="facts">
        <div>
          <dt>The device shows this code</dt>
          <dd class="user-code">{userCode}</dd>
        </div>
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
      <Notice kind="danger" title="Did somebody send you this code?">
        <p>Then deny. Allow it only if the device is in front of you and shows the same code.</p>
      </Notice>
      <AccessList access={access} />
      <Form action="/device/confirm" seal={seal}>
        <input type="hidden" name="user_code" value={userCode} />
        <div class="choice">
          <Button label="Deny" kind="plain" name="decision" value="deny" />
          <Button label="Allow" kind="first" name="decision" value="allow" />
        </div>
      </Form>
    </div>
  );
  return page("Is this your device?", body);
}

/** The end on this side: the device finds out by itself. */
export function deviceDonePage({ approved }: { readonly approved: boolean }): Page {
  const title = approved ? "Your device is connected" : "Nothing was connected";
  const body = (
    <div class="panel stack">
      <div>
        <h1>{title}</h1>
        <p class="lead">
          {approved
            ? "It goes on by itself in a few seconds. You can close this page."
            : "The device gets no access to your account. You can close this page."}
        </p>
      </div>
      <a class="button button-wide" href="/account">
        Go to your account
      </a>
    </div>
  );
  return page(title, body);
}
