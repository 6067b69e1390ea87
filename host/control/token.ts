/**
 * The secret that a control connection or a scrape may have to show.
 */
import { optionInvalid } from "../errors.js";

const encoder = new TextEncoder();

/**
 * The bytes of a token option; undefined where none is configured.
 *
 * Throws `OPTION_INVALID` unless it is 1 to 1,024 printable ASCII characters without a space, so
 * that it fits a line and an HTTP header alike, and an empty variable never means "no token".
 */
export function secretOf(token: string | undefined): Uint8Array | undefined {
  if (token === undefined) return undefined;
  // Not every caller has a compiler: null would be the secret `null`.
  if (typeof token === "string" && /^[!-~]{1,1024}$/.test(token)) return encoder.encode(token);
  optionInvalid("a token is 1 to 1,024 printable ASCII characters without spaces");
}

/**
 * Whether `given` is `secret`, in a time that depends on `given` alone.
 *
 * Every byte given is compared, past the secret's end with a byte of it again, so that neither
 * the first difference nor the secret's length shows. An empty secret matches nothing.
 */
export function isSecret(given: Uint8Array, secret: Uint8Array): boolean {
  if (secret.length === 0) return false;
  let difference = given.length ^ secret.length;
  for (let i = 0; i < given.length; i++) {
    difference |= (given[i] as number) ^ (secret[i % secret.length] as number);
  }
  return difference === 0;
}

/** Whether an HTTP `Authorization` header carries `secret` as its bearer token (RFC 6750 §2.1). */
export function hasBearer(header: string | null | undefined, secret: Uint8Array): boolean {
  const match = /^bearer +([!-~]+) *$/i.exec(header ?? "");
  return isSecret(encoder.encode(match?.[1] ?? ""), secret);
}
