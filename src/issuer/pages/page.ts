import type { JSX } from "hono/jsx/jsx-runtime";

/** What a page's element may be: hono's own, ready to be written out. */
export type Markup = JSX.Element;

/** A page before it is a response: what it says, and what it must be allowed to do. */
export interface Page {
  /** For the tab; the brand's name is added. */
  readonly title: string;
  readonly body: Markup;
  /** `wide` for lists; forms stay narrow. */
  readonly width: "narrow" | "wide";
  /** A script of ours, by name; the page works without it. */
  readonly script: PageScript | null;
  /** A script of others that the page needs, for the check that a person is there; null for none. */
  readonly widget: { readonly scriptUrl: string } | null;
  /** Redirect URIs that this page's forms may lead to, and on from: Chromium applies `form-action` to every redirect that follows. */
  readonly leadsTo: readonly string[];
}

/** `reveal`: a button that shows a password. `submit`: posts the one form of the page at once. */
export type PageScript = "reveal" | "submit";

/** A narrow page without script whose forms stay at home; `special` is what differs. */
export function page(title: string, body: Markup, special: Partial<Omit<Page, "title" | "body">> = {}): Page {
  return { title, body, width: "narrow", script: null, widget: null, leadsTo: [], ...special };
}
