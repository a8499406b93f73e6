import { request } from "node:http";
import type { Installation } from "./installation.ts";
import { type Load, requests, type Target } from "./load.ts";
import { peopleRows } from "./people_rows.ts";

/** One line of the table: what is measured, and against what. */
export interface Row {
  readonly name: string;
  readonly target: Load;
  /** Whose processor time the target takes. */
  readonly targetPid: string;
  readonly control: Load;
  readonly controlPid: string;
  /** The least ratio that counts as passed; null for a row without one. */
  readonly floor: number | null;
}

const HOST = { host: "localhost" };

/** The rows, with real credentials of `installation`, which is to hold `crowd` users and grants more. */
export async function benchRows(installation: Installation, crowd: number): Promise<Row[]> {
  const { sallyport, bareProxy, bareSigner, apiKey } = installation;
  const token = tokenRequest(installation);
  const bearer = { ...HOST, authorization: `Bearer ${await fetchToken(token)}` };
  const key = { ...HOST, "x-api-key": apiKey };
  // The control gets the very request that Sallyport gets: parsing a token's bytes is not our work.
  const pair = (path: string, headers: Readonly<Record<string, string>>) => ({
    target: requests({ url: `${sallyport.url}${path}`, headers }),
    targetPid: sallyport.pid,
    control: requests({ url: `${bareProxy.url}${path}`, headers }),
    controlPid: bareProxy.pid,
  });
  return [
    { name: "JWT route, warm", floor: 0.75, ...pair("/orders", bearer) },
    { name: "API key route, warm", floor: 0.75, ...pair("/orders", key) },
    { name: "exact Durable Object limit", floor: null, ...pair("/limited", bearer) },
    {
      name: "token endpoint",
      floor: 0.45,
      target: requests(token),
      targetPid: sallyport.pid,
      control: requests({ ...token, url: `${bareSigner.url}/` }),
      controlPid: bareSigner.pid,
    },
    ...(await peopleRows(installation, crowd)),
  ];
}

function tokenRequest({ sallyport, client }: Installation): Target {
  const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
  const headers = {
    ...HOST,
    authorization: `Basic ${basic}`,
    "content-type": "application/x-www-form-urlencoded",
  };
  return { url: `${sallyport.url}/oauth2/token`, method: "POST", headers, body: "grant_type=client_credentials" };
}

function fetchToken({ url, headers, body }: Target): Promise<string> {
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
