export const IDENTITY = 'http://127.0.0.1:5000/v3';
export const PASSWORD = 'lab-secret';

/** The users of the one-node OpenStack; each has a project of its name. */
export type User = 'admin' | 'demo';

/** The project in which a user works: of its name, or, where `ACCEPTANCE_PROJECT` names a part of the suite, one made for that part. */
export function projectOf(user: User): string {
  const part = process.env['ACCEPTANCE_PROJECT'];
  return part === undefined ? user : `${part}-${user}`;
}

/** A token of the real identity service, got without any code of imgmgr. */
export async function login(user: User, project = projectOf(user)): Promise<{token: string; projectId: string}> {
  const domain = {name: 'Default'};
  const answer = await fetch(`${IDENTITY}/auth/tokens`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({
      auth: {
        identity: {methods: ['password'], password: {user: {name: user, domain, password: PASSWORD}}},
        scope: {project: {name: project, domain}},
      },
    }),
  });
  const token = answer.headers.get('x-subject-token');
  if (token === null)
    throw new Error(`login as ${user} in project ${project}: ${answer.status} ${await answer.text()}`);
  const {token: said} = (await answer.json()) as {token: {project: {id: string}}};
  return {token, projectId: said.project.id};
}

/** Makes the project in which the user works, `admin` as administrator and `demo` as member; one that is there already will do. */
export async function makeProject(of: User): Promise<void> {
  const name = projectOf(of);
  const {token} = await login('admin', 'admin');
  const call = async (method: string, path: string, body?: object): Promise<Response> => {
    const answer = await fetch(`${IDENTITY}${path}`, {
      method,
      headers: {'x-auth-token': token, 'content-type': 'application/json'},
      ...(body && {body: JSON.stringify(body)}),
    });
    if (!answer.ok && answer.status !== 409)
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const idOf = async (kind: 'projects' | 'users' | 'roles', wanted: string): Promise<string> => {
    const found = (await (await call('GET', `/${kind}?name=${wanted}`)).json()) as Record<string, {id: string}[]>;
    const id = found[kind]?.[0]?.id;
    if (id === undefined) throw new Error(`no ${wanted} among the ${kind}`);
    return id;
  };
  await call('POST', '/projects', {project: {name, domain_id: 'default'}});
  const [project, user, role] = [
    await idOf('projects', name),
    await idOf('users', of),
    await idOf('roles', of === 'admin' ? 'admin' : 'member'),
  ];
  await call('PUT', `/projects/${project}/users/${user}/roles/${role}`);
}

/** Removes a project made by {@link makeProject}. */
export async function removeProject(of: User): Promise<void> {
  const {projectId} = await login(of);
  const {token: above} = await login('admin', 'admin');
  const groups = `http://127.0.0.1:9696/v2.0/security-groups?project_id=${projectId}`;
  const {security_groups: found} = (await (await fetch(groups, {headers: {'x-auth-token': above}})).json()) as {
    security_groups: {id: string}[];
  };
  await fetch(`${IDENTITY}/projects/${projectId}`, {method: 'DELETE', headers: {'x-auth-token': above}});
  // The default group that Neutron makes by itself goes last: it would come back while somebody asks for it.
  for (const {id} of found)
    await fetch(`http://127.0.0.1:9696/v2.0/security-groups/${id}`, {
      method: 'DELETE',
      headers: {'x-auth-token': above},
    });
}
