import { request } from "node:http";

/** A page or answer that was read whole. */
export interface Read {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What a form of a page would send, and where to. */
export interface ReadForm {
  readonly action: URL;
  readonly fields: Readonly<Record<string, string>>;
}

const MOST_HOPS = 10;

/**
 * A browser without scripts, windows or opinions: a jar of cookies for one origin, redirects within it, forms as they stand in the
 * page. `address` is where the platform would say it is.
 */
export class PlainBrowser {
  readonly jar = new Map<string, string>();
  readonly #origin: string;
  readonly #address: string;

  constructor(origin: string, address: string) {
    this.#origin = origin;
    this.#address = address;
  }

  /** One request; a redirect is an answer like any other. */
  async send(url: URL, form: Readonly<Record<string, string>> | null = null): Promise<Read> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers: Record<string, string> = { "cf-connecting-ip": this.#address, ...(cookie === "" ? {} : { cookie }) };
    const body = form === null ? null : new URLSearchParams(form).toString();
    if (body !== null) {
      headers["content-type"] = "application/x-www-form-urlencoded";
      headers.origin = this.#origin;
    }
    const answer = await exchange(url, body, headers);
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  /** Goes on through redirects until a page, or until one leads away: then that one is the answer. */
  async open(url: URL, form: Readonly<Record<string, string>> | null = null): Promise<Read> {
    let answer = await this.send(url, form);
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      const next = nextStop(answer);
      if (next === null || next.origin !== this.#origin) return answer;
      answer = await this.send(next);
    }
    throw new Error(`${url.href} redirects without end`);
  }

  /** Sends the form of `page` that goes to `path`, filled in. */
  submit(page: Read, path: string, filled: Readonly<Record<string, string>>): Promise<Read> {
    const form = formOf(page, path);
    return this.open(form.action, { ...form.fields, ...filled });
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const at = pair.indexOf("=");
    if (attributes.includes("Max-Age=0")) this.jar.delete(pair.slice(0, at));
    else this.jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

/** Where a redirect leads, or null. */
export function nextStop({ status, headers, url }: Read): URL | null {
  const location = headers.get("location");
  return status >= 300 && status < 400 && location !== null ? new URL(location, url) : null;
}

/** The form of `page` that goes to `path`, with its hidden fields. Throws where it has none. */
export function formOf({ text, url }: Read, path: string): ReadForm {
  for (const [form] of text.matchAll(/<form[\s\S]*?<\/form>/g)) {
    const action = new URL(decoded(/ action="([^"]*)"/.exec(form)?.[1] ?? ""), url);
    if (action.pathname !== path) continue;
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    return { action, fields: Object.fromEntries(hidden.map(([, name = "", value = ""]) => [name, decoded(value)])) };
  }
  throw new Error(`${url.href} has no form for ${path}:\n${text}`);
}

function decoded(attribute: string): string {
  return attribute.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
}

/** `fetch` would hide the cookies and follow the redirects. */
function exchange(url: URL, body: string | null, headers: Readonly<Record<string, string>>): Promise<Read> {
  return new Promise((resolve, reject) => {
    const length = body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const outgoing = request(
      url,
      { method: body === null ? "GET" : "POST", headers: { ...headers, ...length } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const kept = new Headers();
          for (const [name, values] of Object.entries(incoming.headersDistinct)) {
            for (const value of values ?? []) kept.append(name, value);
          }
          resolve({
            url,
            status: incoming.statusCode ?? 0,
            headers: kept,
            text: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
