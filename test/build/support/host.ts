import {existsSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';

const TOOLS = ['losetup', 'sfdisk', 'mkfs.ext4', 'mount', 'qemu-img'];

/** Why these tests cannot run here; undefined where they can. */
export function hindrance(): string | undefined {
  if (process.getuid?.() !== 0) return 'builds need root';
  if (!existsSync('/dev/loop-control')) return 'builds need loop devices';
  const folders = (process.env['PATH'] ?? '').split(':');
  const missing = TOOLS.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  return missing.length === 0 ? undefined : `builds need ${missing.join(', ')}`;
}

/** All that builds below the folder have left on this host, one line each. Whatever others do beside it is not among it. */
export function leftovers(base: string): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${base}/`));
  const loops = readdirSync('/sys/block').filter((name) => fileOf(name)?.startsWith(`${base}/`));
  // Whoever makes such a link has attached its loop device before, and removes it before that is free again.
  const links = mapperLinks().filter((name) => fileOf(targetOf(name)) === undefined);
  const folders = existsSync(join(base, 'root')) ? readdirSync(join(base, 'root')) : [];
  return [
    ...mounts.map((path) => `mount ${path}`),
    ...loops.map((name) => `loop device ${name}`),
    ...links.map((name) => `link ${name}`),
    ...folders.map((name) => `folder ${name}`),
    ...processesIn(base).map((pid) => `process ${pid}`),
  ];
}

/** The file behind a loop device; undefined when it is free. */
export function fileOf(loop: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${loop}/loop/backing_file`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function mapperLinks(): readonly string[] {
  if (!existsSync('/dev/mapper')) return [];
  return readdirSync('/dev/mapper').filter((name) => /^loop\d+$/.test(targetOf(name)));
}

function targetOf(name: string): string {
  try {
    return readlinkSync(join('/dev/mapper', name)).split('/').at(-1) ?? '';
  } catch {
    return '';
  }
}

/** The processes whose root, working directory or TMP_DIR lies in the folder; neither this one nor what it comes from. */
function processesIn(base: string): readonly string[] {
  const inside = (path: string): boolean => path === base || path.startsWith(`${base}/`);
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      if (inside(readlinkSync(`/proc/${pid}/root`)) || inside(readlinkSync(`/proc/${pid}/cwd`))) return true;
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      return environment.some((entry) => entry.startsWith('TMP_DIR=') && inside(entry.slice('TMP_DIR='.length)));
    } catch {
      return false;
    }
  });
}
