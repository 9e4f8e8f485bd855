import {z} from 'zod';
import {moment} from './common.ts';
import type {DeepReadonly} from './common.ts';
import {verb} from './verbs.ts';

/** What a token or login may do; each may do what stands before it. */
export const ROLES = ['metrics', 'viewer', 'operator'] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;

/** The answer of `GET /v1/session`, and of a login. */
export const session = z.object({
  /** Name of the token, of the user whom the proxy names, or of the local user of a one-time login. */
  user: z.string(),
  role,
  /** How this request was recognised. */
  by: z.enum(['cookie', 'token', 'proxy']),
  /** When the login ends; null: it does not by itself. */
  expiresAt: moment.nullable(),
  /** Verbs that this user may start on this server; empty on one that is read-only. */
  verbs: z.array(verb),
  /** The server was started with `--allow-write`, `--allow-build`. */
  allowWrite: z.boolean(),
  allowBuild: z.boolean(),
  /** Clouds that this user sees, in the order in which the server was given them. */
  clouds: z.array(z.string()),
  /** Of imgmgr. */
  version: z.string(),
  /** The host that the server runs on. */
  host: z.string(),
  /** Why no run starts at this moment (history cannot be written, the server is about to end); null: runs start. */
  closed: z.string().nullable(),
});
export type Session = DeepReadonly<z.infer<typeof session>>;

/** The body of `POST /v1/session`: the code of a one-time URL, or a token. */
export const loginRequest = z.union([
  z.strictObject({code: z.string().min(1).max(200)}),
  z.strictObject({token: z.string().min(1).max(200)}),
]);
export type LoginRequest = DeepReadonly<z.infer<typeof loginRequest>>;

/** An answer that says no more than that it was done. */
export const done = z.object({ok: z.literal(true)});
