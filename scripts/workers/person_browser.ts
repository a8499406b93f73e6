import { createHash, randomBytes } from "node:crypto";
import type { Answer, Call, Connection } from "./connection.ts";

/** A client that people sign in to. */
export interface CodeClient {
  readonly id: string;
  /** Null for a public client. */
  readonly secret: string | null;
  readonly redirectUri: string;
  readonly scope: string;
}

/** An authorization code, with the verifier of its challenge (RFC 7636). */
export interface IssuedCode {
  readonly code: string;
  readonly verifier: string;
}

/** A form that is posted. */
export type FormCall = Call & Required<Pick<Call, "headers" | "body">>;

const FORM = { "content-type": "application/x-www-form-urlencoded" };
/** Authorize, consent page, consent, code: no way through the pages is longer. */
const MOST_STEPS = 5;

/** A person's browser at the issuer: keeps cookies, sends the issuer's own forms, follows its redirects. */
export class PersonBrowser {
  readonly #connection: Connection;
  readonly #origin: string;
  readonly #jar = new Map<string, string>();

  /** `origin` is the issuer's own, which the forms of its pages are sent from. */
  constructor(connection: Connection, origin: string) {
    this.#connection = connection;
    this.#origin = origin;
  }

  /** Signs in on the login page. Throws where that fails. */
  async signIn(email: string, password: string): Promise<void> {
    const form = await this.signInForm(email, password);
    const answer = this.#keep(await this.#connection.send(form));
    if (answer.status !== 303) throw new Error(`signing in: ${answer.status}`);
  }

  /** The form that signs in, as the login page would send it. */
  async signInForm(email: string, password: string): Promise<FormCall> {
    const { text } = await this.get("/login");
    return this.#form("/login", { ...hiddenFields(text), email, password });
  }

  /** Whether the session that the browser holds still opens the person's own page. */
  async isSignedIn(): Promise<boolean> {
    return (await this.get("/account")).status === 200;
  }

  /** Gets a code for `client`; agrees where the consent page asks. Throws where no code comes of it. */
  async codeFor({ id, redirectUri, scope }: CodeClient): Promise<IssuedCode> {
    const verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      response_type: "code",
      client_id: id,
      redirect_uri: redirectUri,
      scope,
      state: randomBytes(8).toString("base64url"),
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    let answer = await this.get(`/oauth2/authorize?${query}`);
    for (let step = 0; step < MOST_STEPS; step++) {
      const { location } = answer.headers;
      if (location?.startsWith(redirectUri)) {
        const code = new URL(location).searchParams.get("code");
        if (code === null) throw new Error(`no code: ${new URL(location).searchParams.get("error")}`);
        return { code, verifier };
      }
      answer =
        location === undefined
          ? await this.#submit("/consent", { ...hiddenFields(answer.text), decision: "allow" })
          : await this.get(location);
    }
    throw new Error(`no code: ${answer.status}`);
  }

  /** Lets the device in that shows `userCode`. Throws where that fails. */
  async allowDevice(userCode: string): Promise<void> {
    const entered = await this.#submit("/device", {
      ...hiddenFields((await this.get("/device")).text),
      user_code: userCode,
    });
    const fields = { ...hiddenFields(entered.text), user_code: userCode, decision: "allow" };
    const { status, headers } = await this.#submit("/device/confirm", fields);
    if (headers.location !== "/device/connected") throw new Error(`letting a device in: ${entered.status}, ${status}`);
  }

  async get(path: string): Promise<Answer> {
    return this.#keep(await this.#connection.send({ method: "GET", path, headers: this.#cookies() }));
  }

  async #submit(path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#keep(await this.#connection.send(this.#form(path, fields)));
  }

  #form(path: string, fields: Readonly<Record<string, string>>): FormCall {
    const headers = { ...FORM, ...this.#cookies(), origin: this.#origin };
    return { method: "POST", path, headers, body: new URLSearchParams(fields).toString() };
  }

  #cookies(): Readonly<Record<string, string>> {
    return this.#jar.size === 0 ? {} : { cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ") };
  }

  #keep(answer: Answer): Answer {
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [pair = "", ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      if (attributes.includes("Max-Age=0")) this.#jar.delete(pair.slice(0, at));
      else this.#jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }
}

/** The hidden fields of the first form of a page that has them: its token, and its transaction where there is one. */
function hiddenFields(html: string): Readonly<Record<string, string>> {
  const fields = ["form_token", "tx"].flatMap((name) => {
    const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(fields);
}
