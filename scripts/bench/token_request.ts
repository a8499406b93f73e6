import { request } from "node:http";
import { type Installation, type RunningWorker, URL_OF_ISSUER } from "./installation.ts";
import type { Target } from "./load.ts";

/** What the installation's client sends for a token of its own. */
export function tokenRequest({
  sallyport,
  client,
}: Pick<Installation, "client"> & { readonly sallyport: RunningWorker }): Target {
  const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
  const headers = {
    host: new URL(URL_OF_ISSUER).host,
    authorization: `Basic ${basic}`,
    "content-type": "application/x-www-form-urlencoded",
  };
  return { url: `${sallyport.url}/oauth2/token`, method: "POST", headers, body: "grant_type=client_credentials" };
}

/** The access token that comes of it. */
export function fetchToken({ url, headers, body }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers: { ...headers } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        const token = JSON.parse(text).access_token;
        if (typeof token === "string") resolve(token);
        else reject(new Error(`no token: ${response.statusCode}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
