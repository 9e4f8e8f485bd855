import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {load} from 'js-yaml';
import {expect, it} from 'vitest';

it('serve.ts prints a clouds.yaml that leads to a cloud with the seeded images, and a source', async () => {
  const child = spawn(process.execPath, ['test/fakes/serve.ts', '--seed', '3'], {stdio: ['ignore', 'pipe', 'inherit']});
  try {
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
    const file = String((await lines.next()).value);
    const source = String((await lines.next()).value);
    const {clouds} = load(readFileSync(file, 'utf8')) as {clouds: Record<string, {auth: Record<string, string>}>};
    expect((await fetch(clouds['admin']?.auth['auth_url'] ?? '')).status).toBe(200);
    expect(await (await fetch(`${source}SHA512SUMS`)).text()).toMatch(
      /^[0-9a-f]{128} {2}demo-1\.qcow2\n[0-9a-f]{128} {2}demo-2\.qcow2\n$/,
    );
  } finally {
    child.kill();
    await once(child, 'exit');
  }
});
