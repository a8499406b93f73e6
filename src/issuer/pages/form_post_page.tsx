import { type Page, page } from "./page.ts";

export interface FormPostProps {
  /** Proven: registered by the client. */
  readonly redirectUri: string;
  /** The authorization response, in order. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly clientName: string;
}

/**
 * Carries an authorization response to the client in a form (OAuth 2.0 Form Post Response Mode §2). It sends itself; with
 * scripts off the button does.
 */
export function formPostPage({ redirectUri, parameters, clientName }: FormPostProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>One moment</h1>
        <p class="lead">
          You are on your way to{" "}
          <strong>
            <bdi>{clientName}</bdi>
          </strong>
          .
        </p>
      </div>
      <form class="fields" method="post" action={redirectUri}>
        {parameters.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <button class="button button-first button-wide" type="submit">
          Continue
        </button>
      </form>
    </div>
  );
  return page("One moment", body, { script: "submit", leadsTo: [redirectUri] });
}
