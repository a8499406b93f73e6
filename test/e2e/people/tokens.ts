import { heard } from "../until.ts";

/** What the token endpoint gave. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly error?: string;
}

/** Who redeems: a secret goes by Basic, a public client names itself. */
export interface Redeemer {
  readonly clientId: string;
  readonly secret: string | null;
}

/** One call of the token endpoint at `issuer`. */
export async function tokenCall(
  issuer: string,
  { clientId, secret }: Redeemer,
  fields: Readonly<Record<string, string>>,
): Promise<Tokens> {
  const basic = Buffer.from(`${clientId}:${secret}`).toString("base64");
  const answer = await fetch(`${issuer}/oauth2/token`, {
    method: "POST",
    headers: secret === null ? {} : { authorization: `Basic ${basic}` },
    body: new URLSearchParams(secret === null ? { client_id: clientId, ...fields } : fields),
  });
  return (await answer.json()) as Tokens;
}

/** The status of `GET /orders` with `token`, once the gate could tell. */
export function knockWith(gateway: string, token: string): Promise<number> {
  return heard(async () => {
    const answer = await fetch(`${gateway}/orders`, { headers: { authorization: `Bearer ${token}` } });
    await answer.body?.cancel();
    return answer.status;
  });
}
