import { Notice } from "./form.tsx";

/** The widget that a person solves. Its script is named by the page, which lets it in (`Page.widget`). */
export interface HumanWidget {
  readonly siteKey: string;
  readonly action: string;
  readonly scriptUrl: string;
}

/** The field that the widget adds to its form. */
export const HUMAN_FIELD = "cf-turnstile-response";

/** Inside a form: the widget, or what somebody without scripts has to know. */
export function HumanCheck({ widget }: { widget: HumanWidget | null }) {
  if (widget === null) return null;
  return (
    <>
      <div class="cf-turnstile" data-sitekey={widget.siteKey} data-action={widget.action} data-size="flexible" />
      <noscript>
        <p class="fault">
          This form checks that a person is there, which needs JavaScript. Turn it on for this page and open it again.
        </p>
      </noscript>
    </>
  );
}

export type HumanProblem = { readonly kind: "human_required" } | { readonly kind: "human_unknown" };

/** Why nothing was done with a form. */
export function HumanNotice({ problem }: { problem: HumanProblem }) {
  if (problem.kind === "human_required") {
    return (
      <Notice kind="danger" title="Please complete the check below.">
        <p>It tells people from programs. Then send the form again: nothing you entered was looked at.</p>
      </Notice>
    );
  }
  return (
    <Notice kind="danger" title="Please try again in a moment.">
      <p>The check that a person is there cannot be done right now. Nothing you entered was looked at.</p>
    </Notice>
  );
}
