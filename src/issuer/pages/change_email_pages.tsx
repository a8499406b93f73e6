import { NewPasswordFields } from "./forgot_page.tsx";
import { Button, Field, Form, type FormSeal, Notice } from "./form.tsx";
import { type Page, page } from "./page.ts";
import type { PasswordFaultText } from "./password_words.ts";
import { lengthInWords, waitInWords } from "./words.ts";

export interface ChangeEmailProps {
  readonly seal: FormSeal;
  /** The address that the account has. */
  readonly email: string;
  /** What was entered. */
  readonly newEmail: string;
  readonly linkSeconds: number;
  readonly newEmailFault: string | null;
  readonly passwordFault: string | null;
  readonly retryAfterSeconds: number | null;
}

/** Asks for the new address, and for the password once more. */
export function changeEmailPage(props: ChangeEmailProps): Page {
  const { seal, email, newEmail, linkSeconds, newEmailFault, passwordFault, retryAfterSeconds } = props;
  const isFaulty = newEmailFault !== null || passwordFault !== null || retryAfterSeconds !== null;
  const body = (
    <div class="panel stack">
      <div>
        <h1>Change your email address</h1>
        <p class="lead">
          It is{" "}
          <strong>
            <bdi>{email}</bdi>
          </strong>{" "}
          now, and stays so until you open the link that we mail to the new one.
        </p>
      </div>
      {retryAfterSeconds === null ? null : (
        <Notice kind="danger" title={`Please wait ${waitInWords(retryAfterSeconds)}.`}>
          <p>There were too many tries, or too many mails to this address.</p>
        </Notice>
      )}
      <Form action="/account/email" seal={seal}>
        {/* A password manager has to know whose password it is. */}
        <input type="email" autocomplete="username" value={email} readonly hidden />
        <Field
          label="New email address"
          name="new_email"
          type="email"
          autocomplete="email"
          value={newEmail}
          hint={`The link works once, for ${lengthInWords(linkSeconds)}. Open it where you are signed in.`}
          fault={newEmailFault}
          focused={newEmail === "" || newEmailFault !== null}
        />
        <Field
          label="Current password"
          name="current_password"
          type="password"
          autocomplete="current-password"
          fault={passwordFault}
          focused={newEmail !== "" && newEmailFault === null}
        />
        <Button label="Send the link" />
      </Form>
      <p class="muted">
        <a href="/account">Back to your account</a>
      </p>
    </div>
  );
  const title = "Change your email address";
  return page(isFaulty ? "Error: change your email address" : title, body, { script: "reveal" });
}

/** After `changeEmailPage`: the same for an address that has an account and one that has none. */
export function changeEmailSentPage({ linkSeconds }: { readonly linkSeconds: number }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Check your mail</h1>
        <p class="lead">
          A mail is on its way to the new address. The link in it works once, for {lengthInWords(linkSeconds)}. Open it
          where you are signed in.
        </p>
      </div>
      <p class="muted">Until then nothing changes, and you sign in with the address that you have.</p>
      <a class="button button-wide" href="/account">
        Back to your account
      </a>
    </div>
  );
  return page("Check your mail", body);
}

export interface ConfirmNewEmailProps {
  readonly seal: FormSeal;
  readonly token: string;
  readonly email: string;
  readonly newEmail: string;
}

/** Behind the mailed link, in the account's own session: a button, because scanners of mail open links. */
export function confirmNewEmailPage({ seal, token, email, newEmail }: ConfirmNewEmailProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Use this email address?</h1>
        <p class="lead">You will sign in with the new one, and mails go there.</p>
      </div>
      <dl class="facts">
        <div>
          <dt>New</dt>
          <dd>
            <strong>
              <bdi>{newEmail}</bdi>
            </strong>
          </dd>
        </div>
        <div>
          <dt>Until now</dt>
          <dd>
            <bdi>{email}</bdi>
          </dd>
        </div>
      </dl>
      <Form action="/account/email/confirm" seal={seal}>
        <input type="hidden" name="token" value={token} />
        <Button label="Yes, change it" />
      </Form>
      <p class="muted small">
        If you did not ask for this, close the page, and <a href="/account">change your password</a>: somebody knows it.
      </p>
    </div>
  );
  return page("Use this email address?", body);
}

/** Behind the mailed link, where nobody is signed in. */
export function signInToConfirmPage({ newEmail }: { readonly newEmail: string }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Sign in to go on</h1>
        <p class="lead">
          To make{" "}
          <strong>
            <bdi>{newEmail}</bdi>
          </strong>{" "}
          the email address of your account, sign in with the one that it has now.
        </p>
      </div>
      <a class="button button-first button-wide" href="/login">
        Sign in
      </a>
      <p class="muted small">If you have no account here, close the page: somebody mistook your address for theirs.</p>
    </div>
  );
  return page("Sign in to go on", body);
}

/** Behind a mailed link of another account than the one that is signed in. */
export function otherAccountPage({ email }: { readonly email: string }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>This link is for another account</h1>
        <p class="lead">
          You are signed in as{" "}
          <strong>
            <bdi>{email}</bdi>
          </strong>
          . Sign out, open the link again, and sign in to the account whose address is to change.
        </p>
      </div>
      <a class="button button-wide" href="/account">
        Go to your account
      </a>
    </div>
  );
  return page("This link is for another account", body);
}

/** The address went to somebody else between the mail and the button. Whoever sees this reads that address's mail. */
export function emailTakenPage({
  action,
}: {
  readonly action: { readonly href: string; readonly label: string };
}): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>This address has another account</h1>
        <p class="lead">
          Another account took the address before you got here, and an address has one account. Nothing has changed.
        </p>
      </div>
      <a class="button button-wide" href={action.href}>
        {action.label}
      </a>
    </div>
  );
  return page("This address has another account", body);
}

export interface UndoEmailChangeProps {
  readonly seal: FormSeal;
  readonly token: string;
  /** The address that takes the account back. */
  readonly email: string;
  readonly minLength: number;
  readonly fault: PasswordFaultText | null;
}

/** Behind the link that went to the address which an account left. */
export function undoEmailChangePage({ seal, token, email, minLength, fault }: UndoEmailChangeProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Take your account back</h1>
        <p class="lead">
          Its email address was changed. With a new password the account gets the address below again, and everybody is
          signed out.
        </p>
      </div>
      <Form action="/account/email/undo" seal={seal}>
        <NewPasswordFields token={token} email={email} minLength={minLength} fault={fault} />
        <Button label="Take the account back" />
      </Form>
      <p class="muted small">If you changed the address yourself, close the page: nothing has changed.</p>
    </div>
  );
  const title = "Take your account back";
  return page(fault === null ? title : "Error: take your account back", body, { script: "reveal" });
}
