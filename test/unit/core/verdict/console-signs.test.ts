import {describe, expect, it} from 'vitest';
import {isBeyondHope, readConsole} from '../../../../src/core/verdict/console-signs.ts';
import {readNetworkTables} from '../../../../src/core/verdict/console-tables.ts';
import {
  CONSOLE_KEPT,
  consoleLines,
  plainConsole,
  redactSecrets,
  wholeLines,
} from '../../../../src/core/verdict/console-text.ts';

const HEAD = [
  "[   21.503313] cloud-init[481]: Cloud-init v. 22.4.2 running 'init' at Thu, 26 Nov 2026 08:00:00 +0000. Up 21.49 seconds.",
  '[   21.520011] cloud-init[481]: ci-info: ++++++++++++++++++++++++++Net device info++++++++++++++++++++++++++',
  '[   21.521] cloud-init[481]: ci-info: +--------+-------+-----------+-----------+-------+-------------------+',
  '[   21.522] cloud-init[481]: ci-info: | Device |   Up  |  Address  |    Mask   | Scope |     Hw-Address    |',
  '[   21.523] cloud-init[481]: ci-info: +--------+-------+-----------+-----------+-------+-------------------+',
];
const LO = [
  '[   21.525] cloud-init[481]: ci-info: |   lo   |  True | 127.0.0.1 | 255.0.0.0 |  host |         .         |',
  '[   21.526] cloud-init[481]: ci-info: |   lo   |  True |  ::1/128  |     .     |  host |         .         |',
];
const END =
  '[   21.527] cloud-init[481]: ci-info: +--------+-------+-----------+-----------+-------+-------------------+';
const DOWN =
  '[   21.524] cloud-init[481]: ci-info: |  ens3  | False |     .     |     .     |   .   | fa:16:3e:00:11:22 |';
const LINK =
  '[   21.524] cloud-init[481]: ci-info: |  ens3  | True | fe80::f816:3eff:fe00:1122/64 | . | link | fa:16:3e:00:11:22 |';
const ADDRESS =
  '[   21.524] cloud-init[481]: ci-info: |  ens3  | True | 10.0.0.5 | 255.255.255.0 | global | fa:16:3e:00:11:22 |';
const routes = (...rows: readonly string[]): string[] => [
  '[   21.53] cloud-init[481]: ci-info: ++++++++++++++++++++Route IPv4 info+++++++++++++++++++++',
  '[   21.53] cloud-init[481]: ci-info: | Route | Destination | Gateway | Genmask | Interface | Flags |',
  ...rows,
];
const DEFAULT =
  '[   21.53] cloud-init[481]: ci-info: |   0   |   0.0.0.0   | 10.0.0.1 |  0.0.0.0  |   ens3   |   UG  |';
const ON_LINK = '[   21.53] cloud-init[481]: ci-info: |   1   |   10.0.0.0  | 0.0.0.0 | 255.255.255.0 | ens3 |   U   |';
const ROUTE6 = [
  '[   21.53] cloud-init[481]: ci-info: +++++++++++++++++++Route IPv6 info+++++++++++++++++++',
  '[   21.53] cloud-init[481]: ci-info: | Route | Destination | Gateway | Interface | Flags |',
  '[   21.53] cloud-init[481]: ci-info: |   1   |  fe80::/64  |    ::   |    ens3   |   U   |',
  '[   21.53] cloud-init[481]: ci-info: |   3   |  multicast  |    ::   |    ens3   |   U   |',
];
const TRIES = [
  'imgmgr: python3 failed with code 1: <urlopen error [Errno 101] Network is unreachable>',
  'imgmgr: busybox failed with code 1: wget: error getting response: Connection reset by peer',
  'imgmgr: the agent could not be fetched from 10.0.0.1:40001',
];

describe("R13: cloud-init's own tables on the console", () => {
  it.each([
    ['no interface besides lo is up', [DOWN, ...LO, END], 'no-interface'],
    ['no interface is there besides lo', [...LO, END], 'no-interface'],
    ['no address but that of the link', [LINK, ...LO, END, ...ROUTE6], 'no-address'],
    ['no route', [ADDRESS, ...LO, END], 'no-route'],
    ['no route but that of the link', [ADDRESS, ...LO, END, ...ROUTE6], 'no-route'],
    ['a route to the own network alone, as on a flat network', [ADDRESS, ...LO, END, ...routes(ON_LINK)], 'online'],
    ['address and default route', [ADDRESS, LINK, ...LO, END, ...routes(DEFAULT, ON_LINK), ...ROUTE6], 'online'],
  ])('%s', (_, rows, expected) => {
    expect(readNetworkTables([...HEAD, ...rows])).toBe(expected);
  });

  it('say nothing where there are none, or where cloud-init could not make them; the last ones count', () => {
    expect(readNetworkTables(['login:'])).toBeUndefined();
    expect(readNetworkTables(['ci-info: !!!!!!Net device info failed!!!!!!'])).toBeUndefined();
    expect(readNetworkTables([...HEAD, ADDRESS, END, 'ci-info: !!!!Route info failed!!!!'])).toBe('online');
    expect(readNetworkTables([...HEAD, DOWN, ...LO, END, ...HEAD, ADDRESS, ...LO, END, ...routes(DEFAULT)])).toBe(
      'online',
    );
  });

  it.each([
    ['the tries', [...HEAD, DOWN, ...LO, END, ...TRIES]],
    ['a guest that never called', [...HEAD, DOWN, ...LO, END, 'host login: ']],
    ['an agent that was baked in', [...HEAD, DOWN, ...LO, END, 'imgmgr-agent: listener cannot be reached: timeout']],
    [
      'no datasource',
      [...HEAD, DOWN, ...LO, END, 'Can not apply stage final, no datasource found! Likely bad things to come!'],
    ],
  ])('make no-network of %s', (_, lines) => {
    expect(readConsole(lines.join('\r\n'))).toBe('no-network');
  });

  it('do not excuse a listener that a guest with a network cannot reach', () => {
    const online = [
      ...HEAD,
      ADDRESS,
      ...LO,
      END,
      ...routes(DEFAULT),
      'imgmgr: curl failed with code 28: timeout',
      TRIES[2],
    ];
    expect(readConsole(online.join('\n'))).toBe('listener-unreachable');
  });

  it('count for nothing once the guest has called', () => {
    const text = [...HEAD, DOWN, ...LO, END, 'imgmgr-agent: listener cannot be reached: timeout'].join('\n');
    expect(readConsole(text, {reached: true})).toBe('listener-unreachable');
  });
});

describe('R13: the tries to fetch the agent', () => {
  it('are all heard, not the last alone', () => {
    expect(readConsole(TRIES.join('\n'))).toBe('no-network');
  });

  it('of the last round decide: the network may have come late', () => {
    const late = [TRIES[0], 'imgmgr: python3 failed with code 1: timed out', TRIES[2]];
    expect(readConsole(late.join('\n'))).toBe('listener-unreachable');
  });
});

describe('R13: tries that are still going on when the wait ends', () => {
  const tried = 'up after 40 s\nimgmgr: wget failed with code 4: failed: Connection refused.\n';

  it('are witnesses of a network without this host, not of an image without the agent', () => {
    expect(readConsole(tried)).toBe('listener-unreachable');
    expect(isBeyondHope(tried)).toBe(false);
  });

  it('are witnesses of no network where a tool says so', () => {
    expect(readConsole(`${tried}imgmgr: wget failed with code 4: failed: Network is unreachable.\n`)).toBe(
      'no-network',
    );
  });

  it('say nothing of a guest that has reached this host since', () => {
    expect(readConsole(tried, {reached: true})).toBe('booted');
    expect(readConsole(`${tried}imgmgr-agent 1.0: 41 checks\n`)).toBe('agent-started');
  });
});

describe('R14: a root file system that stays read-only', () => {
  const fatal = "[  82.1] cloud-init[351]: OSError: [Errno 30] Read-only file system: '/var/lib/cloud/data'";

  it('is a cause of its own, before the failure of cloud-init, and ends the wait', () => {
    const text = `[  82.0] cloud-init[351]: Traceback (most recent call last):\n${fatal}\nhost login: `;
    expect(readConsole(text)).toBe('root-read-only');
    expect(isBeyondHope(text)).toBe(true);
  });

  it('explains without ending the wait where cloud-init goes on', () => {
    const text = "cloud-init[351]: OSError: [Errno 30] Read-only file system: '/usr/share/x'";
    expect(readConsole(text)).toBe('root-read-only');
    expect(isBeyondHope(text)).toBe(false);
  });

  it.each([
    ['cloud-init found no datasource', 'Cloud-init v. 22.4 finished at Thu. Datasource DataSourceNone.  Up 9 seconds'],
    [
      'cloud-init has none at its last stage',
      'cloud-init[9]: Can not apply stage final, no datasource found! Likely bad',
    ],
    ['the agent could not be fetched', 'imgmgr: the agent could not be fetched from 10.0.0.1:1'],
    ['the kernel panicked', '[ 1.0] Kernel panic - not syncing: Attempted to kill init!'],
    ['there is no root device', 'ALERT!  UUID=1 does not exist.  Dropping to a shell!'],
    ['the shell of the initramfs', '\r\n(initramfs) '],
    ['the prompt of the boot loader', '\r\n   grub> '],
    ['emergency mode', 'You are in emergency mode. After logging in'],
    ['the agent was killed', 'Out of memory: Killed process 310 (imgmgr-agent)'],
  ])('and so does whatever else rules out a report: %s', (_, line) => {
    expect(isBeyondHope(`${line}\n`)).toBe(true);
  });

  it('an empty floppy or CD drive rules out nothing', () => {
    expect(isBeyondHope('[ 2.1] blk_update_request: I/O error, dev fd0, sector 0')).toBe(false);
    expect(isBeyondHope('[ 2.1] blk_update_request: I/O error, dev vda, sector 0')).toBe(true);
  });
});

describe('S4: of a console', () => {
  it('no more than 64 Ki characters are looked at and kept, of a line 2,048', () => {
    expect(plainConsole('x'.repeat(2 ** 20))).toHaveLength(2 ** 16);
    expect(consoleLines(`${'y'.repeat(5000)}\nz`)).toEqual(['y'.repeat(2048), 'z']);
  });

  it('escape sequences are gone, those without an end too as far as they are sequences', () => {
    expect(plainConsole('\u001b[0;32mOK\u001b[0m \u001b]0;title\u0007a\u001b]0;b\u001b\\c\r\n')).toBe('OK ac\n');
  });

  it('S6: a first line whose beginning is missing is left out, since it may hold the end of a secret', () => {
    const kept = `${'x'.repeat(CONSOLE_KEPT - 5)}\nlast`;
    expect(wholeLines(`token of the guest: 0123456789abcdef\n${kept.slice(18)}`)).toBe(kept.slice(18));
    for (const before of ['1', '0123456789abcdef', `${'y'.repeat(CONSOLE_KEPT)}0123`])
      expect(wholeLines(`${before}456789abcdef\r\n${kept.slice(14)}`)).toBe(kept.slice(14));
    expect(wholeLines('short\nlines')).toBe('short\nlines');
  });

  it('S6: of a line without end, whose beginning is missing, the rest is kept', () => {
    const kept = wholeLines(`0123456789abcdef${'x'.repeat(CONSOLE_KEPT - 8)}`);
    expect(kept).toMatch(/^x+$/);
    expect(kept.length).toBeGreaterThan(CONSOLE_KEPT / 2);
  });

  it('S6: the end of the token with which a console begins that the cloud has cut is left out', () => {
    const token = 'f9e1c0d5b7a2836491d7e0c3b5a8f2644b8d1e9f07c2a6355e6d7c8b9a0f1e2d';
    for (let from = 0; from <= token.length - 4; from++)
      expect(redactSecrets(`${token.slice(from)} is it`, token)).toBe('*** is it');
    expect(redactSecrets('e2d is it', token)).toBe('e2d is it');
  });

  it.each([
    ['password: hunter2', 'password: ***'],
    ['Token = abc def', 'Token = *** def'],
    ['the secret is: x', 'the secret is: ***'],
    ['password for root is: toor', 'password for root is: ***'],
    ['passwd:\n  hunter2', 'passwd:\n  ***'],
    ['a token of nothing', 'a token of nothing'],
  ])('secrets are redacted: %j', (text, expected) => {
    expect(redactSecrets(text, undefined)).toBe(expected);
  });
});
