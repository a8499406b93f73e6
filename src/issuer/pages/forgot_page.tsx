import { Button, Field, Form, type FormSeal, Notice } from "./form.tsx";
import { HumanCheck, HumanNotice, type HumanProblem, type HumanWidget } from "./human_check.tsx";
import { type Page, page } from "./page.ts";
import { newPasswordHint, type PasswordFaultText } from "./password_words.ts";
import { lengthInWords, waitInWords } from "./words.ts";

export interface ForgotProps {
  readonly seal: FormSeal;
  readonly email: string;
  readonly retryAfterSeconds: number | null;
  readonly human: HumanProblem | null;
  /** What has to be solved; null for nothing. */
  readonly widget: HumanWidget | null;
}

/** Asks for a reset link. */
export function forgotPage({ seal, email, retryAfterSeconds, human, widget }: ForgotProps): Page {
  const onward = seal.tx === null ? "" : `?tx=${encodeURIComponent(seal.tx)}`;
  const body = (
    <div class="panel stack">
      <div>
        <h1>Reset your password</h1>
        <p class="lead">Enter the email address of your account. We will mail you a link to set a new password.</p>
      </div>
      {retryAfterSeconds === null ? null : (
        <Notice kind="danger" title={`Please wait ${waitInWords(retryAfterSeconds)}.`}>
          <p>There were too many requests from your network.</p>
        </Notice>
      )}
      {human === null ? null : <HumanNotice problem={human} />}
      <Form action="/forgot" seal={seal}>
        <Field label="Email address" name="email" type="email" autocomplete="username" value={email} focused />
        <HumanCheck widget={widget} />
        <Button label="Send the link" />
      </Form>
      <p class="muted">
        <a href={`/login${onward}`}>Back to sign-in</a>
      </p>
    </div>
  );
  const isFaulty = retryAfterSeconds !== null || human !== null;
  return page(isFaulty ? "Error: reset your password" : "Reset your password", body, { widget });
}

/** After `forgotPage`: the same for an address with an account and one without. */
export function forgotSentPage({ linkSeconds }: { readonly linkSeconds: number }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Check your mail</h1>
        <p class="lead">
          If there is an account for that address, a link is on its way. It works once, for {lengthInWords(linkSeconds)}
          .
        </p>
        <p class="muted">
          Nothing came? We mail one address only a few times an hour. A link that you were sent a few minutes ago works
          as well, whoever asked for it.
        </p>
      </div>
      <a class="button button-wide" href="/login">
        Back to sign-in
      </a>
    </div>
  );
  return page("Check your mail", body);
}

interface NewPasswordProps {
  /** The link's secret, as it came. */
  readonly token: string;
  /** Whose account it is: for the person's eyes and for their password manager. */
  readonly email: string;
  readonly minLength: number;
  readonly fault: PasswordFaultText | null;
}

/** What a form holds that sets a password behind a mailed link. */
export function NewPasswordFields({ token, email, minLength, fault }: NewPasswordProps) {
  return (
    <>
      <input type="hidden" name="token" value={token} />
      <Field label="Email address" name="email" type="email" autocomplete="username" value={email} readonly />
      <Field
        label="New password"
        name="password"
        type="password"
        autocomplete="new-password"
        hint={newPasswordHint(minLength)}
        fault={fault}
        focused
      />
    </>
  );
}

export interface ResetProps extends NewPasswordProps {
  readonly seal: FormSeal;
}

/** A new password, behind a link that was mailed. */
export function resetPage({ seal, token, email, minLength, fault }: ResetProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Choose a new password</h1>
        <p class="lead">You will be signed out everywhere else.</p>
      </div>
      <Form action="/reset" seal={seal}>
        <NewPasswordFields token={token} email={email} minLength={minLength} fault={fault} />
        <Button label="Set the password" />
      </Form>
    </div>
  );
  return page(fault === null ? "Choose a new password" : "Error: choose a new password", body, { script: "reveal" });
}

/** After `resetPage`. */
export function resetDonePage(): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Your password is set</h1>
        <p class="lead">Every other session has ended. Sign in with the new password.</p>
      </div>
      <a class="button button-first button-wide" href="/login">
        Sign in
      </a>
    </div>
  );
  return page("Your password is set", body);
}
