import type { Credentials } from "../../scripts/seed/credentials.ts";
import type { WorkerPair } from "./worker_pair.ts";

type Call = WorkerPair["call"];

const DOCUMENTS = ["doc_1", "doc_2", "doc_9"];
const SEMANTICS = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"];

/** What a deployment of the demo answers where relations, roles, objects and fields decide: at its gate, and to whoever asks by AuthZEN. */
export async function policyAnswers(call: Call, credentials: Credentials): Promise<Record<string, unknown>> {
  const [ada, grace] = await Promise.all(credentials.users.slice(0, 2).map((user) => signIn(call, credentials, user)));
  const machine = await machineToken(call, credentials, "orders:read");
  const answers: Record<string, unknown> = {};
  const people = { ada, grace, machine, nobody: undefined };
  for (const [who, token] of Object.entries(people)) {
    for (const id of DOCUMENTS) answers[`${who} reads ${id}`] = await knock(call, `/documents/${id}`, token);
    answers[`${who} reads doc_1 as of no change`] = await knock(call, "/documents/doc_1", token, {
      headers: { "sallyport-consistency": "rev_zzzzzzzz" },
    });
    for (const body of [{ text: "new" }, { text: "new", reviewed: true }]) {
      const told = await knock(call, "/documents/doc_1", token, { method: "PUT", body: JSON.stringify(body) });
      answers[`${who} writes ${Object.keys(body).join(" and ")} of doc_1`] = told;
    }
  }
  return { ...answers, ...(await authzenAnswers(call, credentials, [subjectOf(ada), subjectOf(grace), "usr_nobody"])) };
}

async function authzenAnswers(call: Call, credentials: Credentials, ids: readonly string[]) {
  const headers = {
    authorization: `Bearer ${await machineToken(call, credentials, "authz:evaluate")}`,
    "content-type": "application/json",
  };
  const ask = async (path: string, body: object): Promise<unknown> => {
    const sent = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await call("gateway", `/access/v1/${path}`, sent);
    return [answer.status, withoutToken(await answer.json())];
  };
  const answers: Record<string, unknown> = {};
  const questions = ids.flatMap((id) =>
    ["read", "update"].flatMap((name) =>
      DOCUMENTS.map((document) => ({
        subject: { type: "user", id },
        action: { name },
        resource: { type: "document", id: document },
      })),
    ),
  );
  for (const one of questions) answers[`evaluation ${JSON.stringify(one)}`] = await ask("evaluation", one);
  for (const semantic of SEMANTICS) {
    const body = { evaluations: questions, options: { evaluations_semantic: semantic } };
    answers[`evaluations, ${semantic}`] = await ask("evaluations", body);
  }
  const document = { type: "document", id: "doc_1" };
  for (const name of ["read", "update"]) {
    const action = { name };
    answers[`who may ${name}`] = await ask("search/subject", { subject: { type: "user" }, action, resource: document });
    for (const id of ids) {
      const asked = { subject: { type: "user", id }, action, resource: { type: "document" } };
      answers[`what ${id} may ${name}`] = await ask("search/resource", asked);
    }
  }
  const [id] = ids;
  answers.actions = await ask("search/action", { subject: { type: "user", id }, resource: document });
  answers.metadata = await (await call("gateway", "/.well-known/authzen-configuration")).json();
  return answers;
}

/** The status, and the code of a problem. */
async function knock(call: Call, path: string, token: string | undefined, init: RequestInit = {}): Promise<string> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (init.body !== undefined) headers.set("content-type", "application/json");
  const answer = await call("gateway", path, { ...init, headers });
  const text = await answer.text();
  return answer.ok ? String(answer.status) : `${answer.status} ${(JSON.parse(text) as { code: string }).code}`;
}

async function signIn(call: Call, credentials: Credentials, user: Credentials["users"][number]): Promise<string> {
  const { email, password } = user;
  const body = JSON.stringify({ client_id: credentials.first_party_client.client_id, email, password });
  return tokenOf(
    await call("issuer", "/auth/login", { method: "POST", body, headers: { "content-type": "application/json" } }),
  );
}

async function machineToken(call: Call, { machine }: Credentials, scope: string): Promise<string> {
  const headers = { authorization: `Basic ${btoa(`${machine.client_id}:${machine.client_secret}`)}` };
  const body = new URLSearchParams({ grant_type: "client_credentials", scope });
  return tokenOf(await call("issuer", "/oauth2/token", { method: "POST", body, headers }));
}

async function tokenOf(answer: Response): Promise<string> {
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

function subjectOf(token: string | undefined): string {
  const claims = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString());
  return String(claims.sub);
}

/** A page's token is sealed anew each time. */
function withoutToken(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (name, value) => (name === "next_token" ? value !== "" : value));
}
