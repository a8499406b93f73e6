import { faultFields } from "../kernel/fault_text.ts";
import { Outage } from "../kernel/outage.ts";

/** What a log line may hold: words, numbers and ids. Never a credential, a claim set or a body. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

/** Writes one structured line (JSON, UTC time). JSON's escapes keep every value on its line. */
export function logEvent(event: string, fields: LogFields): void {
  console.info(line(`"event":"${event}"`, fields));
}

/** Writes a line for operators about something that should not happen. The cause's message is ours, never input. */
export function logFault(event: string, fields: LogFields): void {
  console.error(line(`"level":"error","event":"${event}"`, fields));
}

/** Logs what nobody expected of a request for `path`. Which dependency is out, or null where it is a bug: what to answer is the app's. */
export function logLastResort(error: unknown, path: string, requestId: string): string | null {
  const dependency = error instanceof Outage ? error.dependency : null;
  const event = dependency === null ? "internal_error" : "outage";
  logFault(event, { request_id: requestId, path, dependency, ...faultFields(error) });
  return dependency;
}

/** The fields as they are behind what every line begins with: to make one object of both would cost each request a copy. */
function line(beginning: string, fields: LogFields): string {
  const members = JSON.stringify(fields).slice(1);
  return `{"time":"${new Date().toISOString()}",${beginning}${members === "}" ? "" : ","}${members}`;
}
