import { adminToken } from "./new_client.ts";
import type { PeopleWorld } from "./world.ts";

/** A mail, as the admin API shows it where nothing carries mail on. */
export interface SeenMail {
  readonly to: string;
  readonly kind: string;
  readonly text: string;
}

/** The mails to `recipient`, the newest first, read as an operator reads them. */
export async function mailsTo(world: PeopleWorld, recipient: string): Promise<readonly SeenMail[]> {
  const headers = { authorization: `Bearer ${await adminToken(world)}` };
  const answer = await fetch(`${world.url}/admin/v1/mails`, { headers });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`no mails are shown (${answer.status}): ${text}`);
  const { data } = JSON.parse(text) as { data: readonly SeenMail[] };
  return data.filter(({ to }) => to === recipient);
}

/** The link in the newest mail of `kind` to `recipient`. Throws where there is none. */
export async function linkMailedTo(world: PeopleWorld, recipient: string, kind: string): Promise<string> {
  const mail = (await mailsTo(world, recipient)).find((one) => one.kind === kind);
  const link = /https?:\/\/\S+\?token=\S+/.exec(mail?.text ?? "")?.[0];
  if (link === undefined) throw new Error(`no link was mailed to ${recipient}`);
  return link;
}
