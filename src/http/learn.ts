import type {Secrets} from '../secrets/registry.ts';
import {isSecretParameter} from '../core/public-url.ts';

/** Headers that carry a secret of requests. */
export const SECRET_HEADER = /^(authorization|cookie|set-cookie|proxy-authorization|x-auth-token|x-subject-token)$/i;

/** No token is shorter. */
const SHORTEST_TOKEN = 16;

/** Makes known what the secret headers carry; of `Basic …` and `Bearer …` also what stands behind the word. */
export function learnHeaders(secrets: Secrets, headers: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!SECRET_HEADER.test(name) || typeof value !== 'string') continue;
    secrets.add(value);
    secrets.add(/^\w+ +(\S+)$/.exec(value)?.[1]);
  }
}

/**
 * Makes known the token that a login was answered with. Nothing else of an answer is learned: a server could name ordinary words, and they
 * would vanish from everything that is written.
 */
export function learnToken(
  secrets: Secrets,
  {method, url}: {readonly method: string; readonly url: string},
  headers: Readonly<Record<string, unknown>>,
): void {
  const token = headers['x-subject-token'];
  if (method === 'POST' && url.endsWith('/auth/tokens') && typeof token === 'string' && token.length >= SHORTEST_TOKEN)
    secrets.add(token);
}

/** Makes known the user, password and signatures of a URL. */
export function learnUrl(secrets: Secrets, url: string): void {
  if (!URL.canParse(url)) return;
  const {username, password, searchParams} = new URL(url);
  if (password !== '') secrets.addLogin(decoded(username), decoded(password));
  for (const [name, value] of searchParams) if (isSecretParameter(name)) secrets.addPassing(value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
