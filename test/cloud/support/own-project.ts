import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {emptyCloud} from './empty-cloud.ts';
import {makeProject, projectOf, removeProject} from './login.ts';
import type {User} from './login.ts';

/** Projects of their own for each part of the suite, since parts run side by side. */
const PART = `imgmgr-acceptance-${process.env['PART'] ?? 'all'}`;
const USERS: readonly User[] = ['admin', 'demo'];

/**
 * Before the tests with servers: projects of their own for both users, since images, leases, servers of dead runs and quotas are a
 * project's, and the tests of images beside them count every write. Gone afterwards.
 */
export async function setup(): Promise<() => Promise<void>> {
  process.env['ACCEPTANCE_PROJECT'] = PART;
  for (const user of USERS) await makeProject(user);
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-acceptance-'));
  const clouds = await readFile(process.env['OS_CLIENT_CONFIG_FILE'] ?? '/opt/openstack-lab/clouds.yaml', 'utf8');
  const file = join(dir, 'clouds.yaml');
  const own = clouds.replaceAll(/project_name: (admin|demo)\b/g, (_, user: User) => `project_name: ${projectOf(user)}`);
  await writeFile(file, own, {mode: 0o600});
  process.env['OS_CLIENT_CONFIG_FILE'] = file;
  await emptyCloud(USERS);
  return async () => {
    await emptyCloud(USERS);
    for (const user of USERS) await removeProject(user);
    await rm(dir, {recursive: true, force: true});
  };
}
