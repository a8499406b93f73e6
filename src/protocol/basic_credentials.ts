/** A client's id and secret as HTTP Basic: each half form-encoded, then the pair in base64 (RFC 6749 §2.3.1, RFC 7617 §2). */
export function basicCredentials(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
