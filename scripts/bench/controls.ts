/** The controls that Sallyport is set against, as module text. They do the least that the job allows. */

/** The origin: a small JSON answer from memory. */
export const ORIGIN = `
const body = JSON.stringify({ orders: [{ id: "ord_1", item: "bolt", quantity: 3 }] });
export default { fetch: () => new Response(body, { headers: { "content-type": "application/json" } }) };
`;

/** A Worker that passes every request on and does nothing else. */
export const BARE_PROXY = `
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.ORIGIN_URL + pathname + search, request);
  },
};
`;

/** A Worker that reads a form and answers an ES256 token with the claims of ours: what a token endpoint cannot do without. */
export const BARE_SIGNER = `
import { SignJWT, generateKeyPair } from "jose";
let key;
export default {
  async fetch(request) {
    key ??= (await generateKeyPair("ES256")).privateKey;
    await request.text();
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({
      iss: "http://bench.test", sub: "cli_bench", aud: ["http://bench.test", "http://bench.test/"], client_id: "cli_bench",
      scope: "orders:read", roles: [], iat: now, exp: now + 900, jti: crypto.randomUUID(), epochs: { client: 1 },
    }).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "bench" }).sign(key);
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: 900, scope: "orders:read" });
  },
};
`;
