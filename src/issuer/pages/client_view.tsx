import type { ClientRecord } from "../../ports/clients.ts";
import { displayText } from "../../protocol/display_text.ts";
import { type Destination, destinationOf, webHref } from "../../protocol/display_uri.ts";

const MAX_NAME = 60;

/** A client as a page may show it: its own words made fit, and where it leads. */
export interface ClientView {
  readonly name: string;
  /** Its home page, if a link may lead there. */
  readonly homePage: string | null;
  /** Null where nothing leads back to it (device flow). */
  readonly destination: Destination | null;
}

/** What pages show of `client`, for a transaction that ends at `redirectUri`. */
export function clientView(client: Pick<ClientRecord, "name" | "person">, redirectUri: string | null): ClientView {
  return {
    name: displayText(client.name, MAX_NAME, "An unnamed application"),
    homePage: client.person.clientUri === null ? null : webHref(client.person.clientUri),
    destination: redirectUri === null ? null : destinationOf(redirectUri),
  };
}

/** The name of a client, kept from changing the direction of the sentence around it. */
export function ClientName({ client }: { client: ClientView }) {
  return (
    <strong>
      <bdi>{client.name}</bdi>
    </strong>
  );
}

/** Where the person is sent afterwards, in words. */
export function destinationInWords(destination: Destination): string {
  switch (destination.kind) {
    case "site":
      return destination.host;
    case "loopback":
      return "a program on this device";
    case "app":
      return `an app on this device (${destination.scheme}:)`;
  }
}
