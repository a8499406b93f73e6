import { raw } from "hono/html";
import type { BrandingConfig } from "../../config/schema.ts";
import type { Page } from "./page.ts";
import { SCRIPTS } from "./scripts.ts";
import { stylesheet } from "./stylesheet.ts";

/** What every page is dressed in. */
export interface Dress {
  readonly branding: BrandingConfig;
  /** The issuer's own host, from the configuration: told on every page. */
  readonly host: string;
}

/** `page` as a whole document. Style and script stand under `nonce`; nothing is asked for from anywhere, but for a widget that the page names. */
export async function renderDocument(
  { title, body, width, script, widget }: Page,
  dress: Dress,
  nonce: string,
): Promise<string> {
  const { branding, host } = dress;
  const document = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <title>{`${title} · ${branding.name}`}</title>
        <style nonce={nonce}>{raw(stylesheet(branding.accent))}</style>
      </head>
      <body>
        <div class={width === "wide" ? "frame frame-wide" : "frame"}>
          <header class="brand">
            <Brand branding={branding} />
          </header>
          <main>{body}</main>
          <footer class="foot">
            <p>{host}</p>
          </footer>
        </div>
        {widget === null ? null : <script nonce={nonce} src={widget.scriptUrl} async defer />}
        {script === null ? null : <script nonce={nonce}>{raw(SCRIPTS[script])}</script>}
      </body>
    </html>
  );
  return `<!doctype html>${await document}`;
}

/** The operator's logo; where there is none, the first letter of the name in a gate. */
function Brand({ branding: { name, logo } }: { branding: BrandingConfig }) {
  if (logo !== undefined) return <img class="brand-logo" src={logo} alt={name} />;
  return (
    <>
      <span class="brand-mark" aria-hidden="true">
        {[...name][0]?.toUpperCase()}
      </span>
      <span>{name}</span>
    </>
  );
}
