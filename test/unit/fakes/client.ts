import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import type {Role} from '../../fakes/login-texts.ts';
import {PATCH_TYPE} from '../../fakes/glance.ts';

export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly text: string;
  readonly headers: Headers;
}

export interface Call {
  readonly as?: Role;
  readonly token?: string;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request to a fake cloud's Glance, with a fresh token unless one is given. */
export async function glance(cloud: FakeCloud, line: string, call: Call = {}): Promise<Answer> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const headers: Record<string, string> = {'x-auth-token': call.token ?? cloud.token(call.as), ...call.headers};
  if (call.json !== undefined) headers['content-type'] ??= method === 'PATCH' ? PATCH_TYPE : 'application/json';
  if (call.bytes !== undefined) headers['content-type'] ??= 'application/octet-stream';
  const body =
    call.bytes === undefined
      ? call.json === undefined
        ? undefined
        : JSON.stringify(call.json)
      : Buffer.from(call.bytes);
  const response = await fetch(cloud.imageUrl + path, {method, headers, ...(body !== undefined && {body})});
  return await answerOf(response);
}

/** A login by password. */
export async function login(cloud: FakeCloud, identity?: unknown): Promise<Answer> {
  const {user, password, project} = cloud.accounts.admin;
  const domain = {name: 'Default'};
  const byPassword = {methods: ['password'], password: {user: {name: user, password, domain}}};
  const scope = {project: {name: project, domain}};
  const auth = identity === undefined ? {identity: byPassword, scope} : {identity};
  const response = await fetch(`${cloud.authUrl}/auth/tokens`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({auth}),
  });
  return await answerOf(response);
}

/** A queued private record with formats; gives its id. */
export async function newRecord(cloud: FakeCloud, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const json = {name: 'x', disk_format: 'qcow2', container_format: 'bare', visibility: 'private', ...fields};
  const answer = await glance(cloud, 'POST /v2/images', {json});
  return textOf(answer.json['id']);
}

/** Looks again and again, for two seconds at most, until the image is as wanted. */
export async function until(
  cloud: FakeCloud,
  id: string,
  wanted: (image: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const {json} = await glance(cloud, `GET /v2/images/${id}`);
    if (wanted(json)) return json;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`image ${id} never became what was waited for`);
}

/** The first task of an image. */
export async function taskOf(cloud: FakeCloud, id: string): Promise<Record<string, unknown>> {
  const {json} = await glance(cloud, `GET /v2/images/${id}/tasks`);
  return (json['tasks'] as Record<string, unknown>[])[0] ?? {};
}

/** True once no import holds the image any more. */
export function isUnlocked(image: Record<string, unknown>): boolean {
  return image['os_glance_import_task'] === undefined;
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is no text`);
  return value;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}
