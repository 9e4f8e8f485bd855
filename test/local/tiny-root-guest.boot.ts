import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import type {Booted} from './guests.ts';
import {buildGuest, withBooted} from './guests.ts';

/** One line of what a healthy guest is, found with the guest's own tools. The agent is a copy of a program that waits. */
const ASK = `#!/bin/sh
mkdir -p /run/imgmgr && cp /usr/lib/busybox/busybox /run/imgmgr/sleep && /run/imgmgr/sleep 300 &
fact() { if eval "$2" >/dev/null 2>&1; then printf ' %s' "$1"; else printf ' no-%s' "$1"; fi; }
sleep 2
facts=$(
  fact grown '[ "$(df -k / | awk "END {print \\$2}")" -gt 3700000 ]'
  fact writable 'echo x >/var/test && [ "$(cat /var/test)" = x ]'
  fact route 'ip route | grep -q ^default'
  fact mtu '[ "$(cat /sys/class/net/eth0/mtu)" = 1500 ]'
  fact dns 'grep -q ^nameserver /etc/resolv.conf'
  fact clock '[ $(($(date +%s) - NOW)) -lt 600 ]'
  fact fetch 'command -v wget || command -v curl || command -v python3 || command -v busybox'
  fact agent 'ls -l /proc/[0-9]*/exe | grep -q imgmgr'
  fact machine-id 'grep -qE "^[0-9a-f]{32}$" /etc/machine-id'
  fact hostname '[ "$(hostname)" = imgmgr-test ]'
  fact serial 'grep -qw ttyS0 /sys/class/tty/console/active'
  fact drivers '! ls -d /sys/bus/virtio/devices/*/ | while read d; do [ -e $d/driver ] || echo $d; done | grep -q .'
  fact config-drive '[ -b /dev/disk/by-label/config-2 ]'
  fact fstab '[ -b /dev/disk/by-label/tiny-root ]'
  fact quiet-kernel '! dmesg -r | grep -qE "^<[0-3]>"'
)
echo "facts:$facts."
`;
const HEALTHY =
  'grown writable route mtu dns clock fetch agent machine-id hostname serial drivers config-drive fstab quiet-kernel'.split(
    ' ',
  );

const withQemu = hasQemu('the tiny root guest and its sabotaged variants');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-guests-'));
});
afterAll(() => rm(folder, {recursive: true, force: true}));

async function boot<T>(sabotage: string | undefined, work: (booted: Booted) => Promise<T>): Promise<T | undefined> {
  const out = join(folder, `${sabotage ?? 'healthy'}.qcow2`);
  const file = await buildGuest({guest: 'tiny-root-guest', out, ...(sabotage !== undefined && {sabotage})});
  if (file === undefined) return undefined;
  const userData = ASK.replace('NOW', String(Math.floor(Date.now() / 1000)));
  const properties = {hw_rng_model: 'virtio', hw_qemu_guest_agent: 'yes'};
  return withBooted({file, userData, properties, accelerator: 'tcg'}, work);
}

async function factsOf(booted: Booted): Promise<string[]> {
  const text = await booted.console(/facts:.*\./, 240_000);
  return /facts: (.*)\./.exec(text)?.[1]?.split(' ') ?? [];
}

describe.skipIf(!withQemu)('the tiny root guest', () => {
  it('is healthy', async (context) => {
    const facts = await boot(undefined, factsOf);
    if (facts === undefined) return context.skip('there is no guest to boot');
    expect(facts).toEqual(HEALTHY);
  });

  it('is the same, byte for byte, when it is built again', async (context) => {
    const [first, second] = await Promise.all(
      ['a', 'b'].map((name) => buildGuest({guest: 'tiny-root-guest', out: join(folder, `${name}.qcow2`), anew: true})),
    );
    if (first === undefined || second === undefined) return context.skip('there is no guest to compare');
    expect((await readFile(first)).equals(await readFile(second))).toBe(true);
  });
});
