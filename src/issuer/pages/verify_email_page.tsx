import { Button, Form, type FormSeal } from "./form.tsx";
import { type Page, page } from "./page.ts";

export interface VerifyEmailProps {
  readonly seal: FormSeal;
  /** The link's secret, as it came. */
  readonly token: string;
  readonly email: string;
}

/** Behind a mailed link: a button, because scanners of mail open links and a GET changes nothing. */
export function verifyEmailPage({ seal, token, email }: VerifyEmailProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Confirm your email address</h1>
        <p class="lead">
          Is{" "}
          <strong>
            <bdi>{email}</bdi>
          </strong>{" "}
          your email address?
        </p>
      </div>
      <Form action="/verify-email" seal={seal}>
        <input type="hidden" name="token" value={token} />
        <Button label="Yes, confirm it" />
      </Form>
      <p class="muted small">If you did not ask for this, close the page: nothing has changed.</p>
    </div>
  );
  return page("Confirm your email address", body);
}

/** After `verifyEmailPage`. */
export function emailVerifiedPage(): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>Your email address is confirmed</h1>
        <p class="lead">The address is yours. You can sign in now.</p>
      </div>
      <a class="button button-first button-wide" href="/account">
        Go to your account
      </a>
    </div>
  );
  return page("Your email address is confirmed", body);
}

/** A mailed link that works no more, or never did: all causes read alike. */
export function deadLinkPage({ again }: { readonly again: { readonly href: string; readonly label: string } }): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>This link does not work</h1>
        <p class="lead">It may have been used already, or it is too old. Links work once and for a short time.</p>
      </div>
      <a class="button button-first button-wide" href={again.href}>
        {again.label}
      </a>
    </div>
  );
  return page("This link does not work", body);
}
