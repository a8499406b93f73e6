import type { DemoUser } from "../../../scripts/seed/people.ts";
import { nextStop, type PlainBrowser, type Read } from "./plain_browser.ts";

/** What a person does with an authorization request. */
export interface Decision {
  readonly user: Pick<DemoUser, "email" | "password">;
  readonly decision?: "allow" | "deny";
}

/** Walks from `authorization` through whatever pages come, and gives the redirect that leads back to the client. */
export async function authorizeByHand(
  browser: PlainBrowser,
  authorization: URL,
  { user, decision = "allow" }: Decision,
): Promise<URL> {
  let answer: Read = await browser.open(authorization);
  for (const path of ["/login", "/consent"]) {
    const back = nextStop(answer);
    if (back !== null) return back;
    if (answer.url.pathname !== path) continue;
    const filled = path === "/login" ? { email: user.email, password: user.password } : { decision };
    answer = await browser.submit(answer, path, filled);
  }
  const back = nextStop(answer);
  if (back === null) throw new Error(`${answer.url.href} (${answer.status}) leads nowhere:\n${answer.text}`);
  return back;
}
