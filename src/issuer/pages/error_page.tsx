import { type Page, page } from "./page.ts";

export interface ErrorProps {
  readonly title: string;
  /** A plain sentence: what happened, what to do. Nothing about the inside, nothing that was sent. */
  readonly sentence: string;
  readonly requestId: string;
  /** The way on, where there is one. */
  readonly action: { readonly href: string; readonly label: string } | null;
}

/** Something went wrong that only a person can be told: there is nobody to redirect to. */
export function errorPage({ title, sentence, requestId, action }: ErrorProps): Page {
  const body = (
    <div class="panel stack">
      <div>
        <h1>{title}</h1>
        <p class="lead">{sentence}</p>
      </div>
      {action === null ? null : (
        <a class="button button-wide" href={action.href}>
          {action.label}
        </a>
      )}
      <p class="muted small">
        If you ask for help, name this request: <span class="mono">{requestId}</span>
      </p>
    </div>
  );
  return page(title, body);
}
