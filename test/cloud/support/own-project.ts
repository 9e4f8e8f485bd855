import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {emptyCloud} from './empty-cloud.ts';
import {makeProject, removeProject} from './login.ts';

/** One for each part of the suite, since parts run side by side. */
const NAME = `imgmgr-acceptance-${process.env['PART'] ?? 'all'}`;

/**
 * Before the tests with servers: a project of their own for the administrator, since images, leases and servers of dead runs are a
 * project's, and the tests of images beside them count every write. Gone afterwards.
 */
export async function setup(): Promise<() => Promise<void>> {
  await makeProject(NAME);
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-acceptance-'));
  const clouds = await readFile(process.env['OS_CLIENT_CONFIG_FILE'] ?? '/opt/openstack-lab/clouds.yaml', 'utf8');
  const file = join(dir, 'clouds.yaml');
  await writeFile(file, clouds.replaceAll('project_name: admin', `project_name: ${NAME}`), {mode: 0o600});
  process.env['OS_CLIENT_CONFIG_FILE'] = file;
  process.env['ACCEPTANCE_PROJECT'] = NAME;
  await emptyCloud(['admin']);
  return async () => {
    await emptyCloud(['admin']);
    await removeProject(NAME);
    await rm(dir, {recursive: true, force: true});
  };
}
