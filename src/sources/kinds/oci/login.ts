import {z} from 'zod';
import type {OciReference} from '../../../core/oci-reference.ts';
import {registryName} from '../../../core/oci-reference.ts';
import {asImgmgrError, ImgmgrError} from '../../../errors.ts';
import {hasCode} from '../../../host/fs-error.ts';
import {readRegularFile, unreadable} from '../../../host/regular-file.ts';
import {requireSecretFile} from '../../../host/trusted-folder.ts';
import type {Secrets} from '../../../secrets/registry.ts';

/** A user of a registry. */
export interface RegistryLogin {
  readonly user: string;
  readonly password: string;
}

/** Where logins are looked for, in this order; the first file that is there counts. */
export interface LoginFiles {
  /** Named by the operator: it has to be there. */
  readonly named?: string;
  readonly others: readonly string[];
}

const LARGEST = 1024 * 1024;

const entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const schema = z.object({
  auths: z.record(z.string(), entry).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

/** What a file says of one registry: a login, or the helper program that knows it. */
export interface FoundLogin {
  readonly login?: RegistryLogin;
  /** A program has it, which is not run. */
  readonly helper?: string;
}

/** Where logins are looked for, and who gets to know them, so that no server can have them printed. */
export interface Logins {
  readonly files: LoginFiles;
  readonly secrets?: Pick<Secrets, 'addLogin'>;
}

/**
 * The login of a registry in the files of docker and podman (dockerconfigjson). CONFIG for a file that others may read, that cannot be
 * read, or that has a login which cannot be used. https://github.com/docker/cli/blob/master/cli/config/configfile/file.go
 */
export async function findLogin(
  of: Pick<OciReference, 'name' | 'repository'>,
  {files, secrets}: Logins,
): Promise<FoundLogin> {
  for (const path of [...(files.named === undefined ? [] : [files.named]), ...files.others]) {
    const text = await readLogins(path, path === files.named);
    if (text === undefined) continue;
    const found = await loginIn(text, {path, of});
    if (found.login) secrets?.addLogin(found.login.user, found.login.password);
    return found;
  }
  return {};
}

async function readLogins(path: string, isNamed: boolean): Promise<string | undefined> {
  try {
    return (await readRegularFile(path, {maxBytes: LARGEST})).toString('utf8');
  } catch (error) {
    if (!isNamed && hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw config(path, unreadable(error), 'name the file with the logins of your registries', error);
  }
}

/** What holds a login must be a file that nobody else can read or exchange. */
async function requireSecret(path: string): Promise<void> {
  try {
    await requireSecretFile(path);
  } catch (cause) {
    throw new ImgmgrError('CONFIG', asImgmgrError(cause).message, {
      cause,
      hint: `it has logins: let it belong to this user, and chmod 600 ${path}`,
    });
  }
}

interface Searched {
  readonly path: string;
  readonly of: Pick<OciReference, 'name' | 'repository'>;
}

async function loginIn(text: string, {path, of}: Searched): Promise<FoundLogin> {
  const {name} = of;
  const parsed = schema.safeParse(jsonOf(text, path));
  if (!parsed.success) {
    const [key] = parsed.error.issues[0]?.path ?? [];
    throw config(path, `is no file of logins (${key === undefined ? 'no object' : `see ${String(key)}`})`);
  }
  const {auths = {}, credHelpers = {}, credsStore} = parsed.data;
  if (Object.values(auths).some(isSecret)) await requireSecret(path);
  const whole = `${name}/${of.repository}/`;
  const [found] = Object.entries(auths)
    .map(([key, login]) => ({key: `${keyOf(key)}/`, login}))
    .filter(({key}) => whole.startsWith(key))
    .sort((one, other) => other.key.length - one.key.length)
    .map(({login}) => login);
  const helper = credHelpers[name] ?? credsStore;
  if (found === undefined) return helper === undefined ? {} : {helper};
  if (found.identitytoken !== undefined && found.identitytoken !== '')
    throw config(path, `has an identity token for ${name}, which imgmgr cannot use`, 'log in with user and password');
  const login = userOf(found, {path, name});
  return login === undefined ? (helper === undefined ? {} : {helper}) : {login};
}

function isSecret({auth, password, identitytoken}: z.infer<typeof entry>): boolean {
  return [auth, password, identitytoken].some((secret) => secret !== undefined && secret !== '');
}

function userOf(
  {auth, username, password}: z.infer<typeof entry>,
  {path, name}: {readonly path: string; readonly name: string},
): RegistryLogin | undefined {
  if (username !== undefined && password !== undefined && username !== '') return {user: username, password};
  if (auth === undefined || auth === '') return undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw config(path, `has no readable login for ${name}`, 'auth is base64 of user:password');
  return {user: text.slice(0, colon), password: text.slice(colon + 1)};
}

/** What a key stands for: a registry, with podman also one of its repositories or their folder; docker writes its own with `https://` and `/v1/`. */
function keyOf(key: string): string {
  const plain = key.replace(/^https?:\/\//i, '');
  const [host = '', ...path] = plain.split('/').filter((part) => part !== '');
  const isVersion = path.length === 1 && /^v[12]$/.test(path[0] ?? '');
  return [registryName(host), ...(isVersion ? [] : path)].join('/');
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its own message would quote the text.
    throw config(path, 'is no JSON');
  }
}

function config(path: string, what: string, hint?: string, cause?: unknown): ImgmgrError {
  return new ImgmgrError('CONFIG', `${path} ${what}`, {
    ...(hint !== undefined && {hint}),
    ...(cause !== undefined && {cause}),
  });
}
