import {describe, expect, it} from 'vitest';
import type {CheckOutcome, GuestReport} from '../../../../src/core/guest-report.ts';
import {CHECKS} from '../../../../src/core/verdict/checks.ts';
import {judge} from '../../../../src/core/verdict/judge.ts';
import type {FaultCause, Witnesses} from '../../../../src/core/verdict/judge.ts';

const silent: Witnesses = {
  server: {kind: 'active'},
  console: '',
  trace: {agentFetched: false, hello: false, refused: []},
  waitedMs: 60_000,
};

function report(changes: Readonly<Record<string, CheckOutcome | undefined>> = {}): GuestReport {
  return {
    agentVersion: '1.0.0',
    server: 's',
    checks: CHECKS.flatMap(({id}) => {
      const outcome = id in changes ? changes[id] : 'pass';
      return outcome === undefined ? [] : [{id, outcome, detail: `${id} is ${outcome}`, ms: 1}];
    }),
    facts: {'os.id': 'debian'},
    waitedMs: 1,
    checkedMs: 2,
  };
}

const heard = (reported: GuestReport): Witnesses => ({...silent, report: reported});

describe('a report', () => {
  it('passes when every check passed', () => {
    expect(judge(heard(report()))).toMatchObject({
      kind: 'pass',
      cause: 'passed',
      failed: [],
      warned: [],
      agentVersion: '1.0.0',
      facts: {'os.id': 'debian'},
    });
  });

  it.each(CHECKS.filter(({severity}) => severity === 'fail').map(({id}) => [id]))('fails when %s failed', (id) => {
    expect(judge(heard(report({[id]: 'fail'})))).toMatchObject({kind: 'fail', cause: 'checks-failed', failed: [id]});
  });

  it.each(CHECKS.filter(({severity}) => severity === 'warn').map(({id}) => [id]))('passes and warns of %s', (id) => {
    expect(judge(heard(report({[id]: 'fail'})))).toMatchObject({kind: 'pass', failed: [], warned: [id]});
  });

  it('keeps an info check to itself', () => {
    expect(judge(heard(report({timezone: 'fail'})))).toMatchObject({kind: 'pass', failed: [], warned: []});
  });

  it('takes a check that could not be done for a failed one, and one that does not apply for neither', () => {
    expect(judge(heard(report({dns: 'error'})))).toMatchObject({kind: 'fail', failed: ['dns']});
    const verdict = judge(heard(report({dns: 'not-applicable'})));
    expect(verdict).toMatchObject({kind: 'pass', failed: []});
    expect(verdict.message).toContain('1 not applicable');
  });

  it('fails when a fail-level check is not in it, unless the definition switched it off', () => {
    const lacking = heard(report({passwords: undefined}));
    expect(judge(lacking)).toMatchObject({kind: 'fail', cause: 'report-incomplete', failed: ['passwords']});
    expect(judge(lacking, {checks: {passwords: false}})).toMatchObject({kind: 'pass'});
    expect(judge(heard(report({swap: undefined})))).toMatchObject({kind: 'pass'});
  });

  it('of an agent that is older than start commands is complete where none was given, and lacks it where one was', () => {
    const older = heard(report({start: undefined}));
    expect(judge(older, {})).toMatchObject({kind: 'pass'});
    expect(judge(older, {start: 'serve'})).toMatchObject({
      kind: 'fail',
      cause: 'report-incomplete',
      message: 'the report lacks start',
      failed: ['start'],
    });
    expect(judge(older, {start: 'serve', checks: {start: false}})).toMatchObject({kind: 'pass'});
  });

  it('says of a ready command that failed whether it was tried once, by an older agent', () => {
    const failed = report({ready: 'fail'});
    expect(judge(heard(failed)).hint).toContain('tried the ready command once');
    expect(judge(heard({...failed, facts: {'ready.tries': '7'}})).hint).toBeUndefined();
  });

  it('is led by the error of the start command where the ready command was given up for it', () => {
    const {message, failed} = judge(heard(report({start: 'fail', ready: 'fail'})), {start: 'serve'});
    expect(failed).toEqual(['start', 'ready']);
    expect(message).toMatch(/^start: start is fail; /);
  });

  it('goes by the severity that the definition gives', () => {
    const bad = heard(report({swap: 'fail', dns: 'fail'}));
    expect(judge(bad, {checks: {dns: 'warn'}})).toMatchObject({kind: 'pass', warned: ['dns', 'swap'].sort()});
    expect(judge(bad, {checks: {dns: 'info', swap: 'fail'}})).toMatchObject({kind: 'fail', failed: ['swap']});
    expect(judge(bad, {checks: {dns: true, swap: true}})).toMatchObject({kind: 'fail', failed: ['dns']});
    const named = heard({...report(), checks: [{id: 'constructor', outcome: 'fail', detail: '', ms: 1}]});
    expect(judge(named, {checks: {dns: 'warn'}}).checks).toContainEqual({
      id: 'constructor',
      severity: 'info',
      outcome: 'fail',
      detail: '',
    });
    expect(judge(bad, {checks: {dns: false}}).checks.map(({id}) => id)).not.toContain('dns');
  });

  it('counts whatever Nova says meanwhile', () => {
    expect(judge({...heard(report()), server: {kind: 'stopped'}})).toMatchObject({kind: 'pass'});
  });
});

describe('Nova', () => {
  const faulty = (fault: string, cause?: FaultCause): Witnesses => ({
    ...silent,
    server: {kind: 'error', fault, requestId: 'req-1', ...(cause && {cause})},
  });
  it.each([
    ['no-valid-host', 'no-valid-host', 'environment'],
    ['quota', 'quota', 'environment'],
    [undefined, 'cloud-failed', 'environment'],
    ['image', 'never-booted', 'fail'],
  ] as const)('whose fault is about %s: %s, whatever words it has', (about, cause, kind) => {
    for (const words of ['', 'the quota of image 1 is corrupt: no valid host']) {
      const verdict = judge(faulty(words, about));
      expect(verdict).toMatchObject({cause, kind});
      expect(verdict.message).toContain('req-1');
    }
  });

  it('that deletes or never finishes the server is at fault itself', () => {
    expect(judge({...silent, server: {kind: 'gone'}})).toMatchObject({kind: 'environment', cause: 'server-gone'});
    const slow = {...silent, server: {kind: 'building', detail: 'spawning'} as const};
    expect(judge(slow)).toMatchObject({kind: 'environment', cause: 'cloud-failed'});
    expect(judge(slow).message).toContain('spawning');
  });
});

describe('silence', () => {
  it.each([
    ['', 'silent-console', 'fail'],
    ['\u001b[2J\r\n  ', 'silent-console', 'fail'],
    ['Booting from Hard Disk...\nNo bootable device.', 'no-bootable-device', 'fail'],
    ['error: no such partition.\nEntering rescue mode...\ngrub rescue> ', 'no-bootable-device', 'fail'],
    ['Gave up waiting for root file system device.\n(initramfs) ', 'no-root-device', 'fail'],
    ['VFS: Unable to mount root fs on unknown-block(0,0)\nKernel panic - not syncing: VFS', 'no-root-device', 'fail'],
    ['[    2.1] Kernel panic - not syncing: Attempted to kill init!', 'kernel-panic', 'fail'],
    [
      "[    2.0] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug",
      'hypervisor-too-slow',
      'environment',
    ],
    ['You are in emergency mode. After logging in', 'emergency-mode', 'fail'],
    ['tiny-root-guest: no answer to DHCP', 'no-network', 'fail'],
    ['imgmgr: none of curl, wget, python3 is here', 'agent-missing', 'fail'],
    ['imgmgr: the agent could not be fetched: nothing may be executed in /run', 'agent-missing', 'fail'],
    [
      'imgmgr: curl failed with code 7: x\nimgmgr: the agent could not be fetched from h:1',
      'listener-unreachable',
      'environment',
    ],
    [
      'imgmgr: wget failed with code 4: Network is unreachable\nimgmgr: the agent could not be fetched from h:1',
      'no-network',
      'fail',
    ],
    ['imgmgr-agent: listener cannot be reached: timeout', 'listener-unreachable', 'environment'],
    ['imgmgr: the agent was killed by signal 9', 'agent-killed', 'fail'],
    ['cloud-init[300]: Traceback (most recent call last):', 'cloud-init-failed', 'fail'],
    ['Out of memory: Killed process 310 (imgmgr-agent)', 'agent-killed', 'fail'],
    ['imgmgr-agent: 41 checks', 'no-report', 'fail'],
    ['Debian GNU/Linux 12 host ttyS0\n\nhost login: ', 'agent-missing', 'fail'],
  ])('console %j: %s', (console, cause, kind) => {
    expect(judge({...silent, console})).toMatchObject({cause, kind});
  });

  it.each([
    [undefined],
    ['The console log is missing. Check your VSPC configuration'],
    ['FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE'],
  ])('R6: without a witness nothing is said against the image, and both remedies are named: console %j', (console) => {
    const {server, trace, waitedMs} = silent;
    const verdict = judge({server, trace, waitedMs, ...(console !== undefined && {console})});
    expect(verdict).toMatchObject({kind: 'environment', cause: 'no-witness'});
    expect(verdict.hint).toContain('os-getConsoleOutput');
    expect(verdict.hint).toContain('--advertise');
    expect(verdict.hint).toContain('security group');
  });

  it.each([[false], ['warn'], ['info']] as const)(
    'R6: an empty console says nothing against an image that need not use it: serial-console %j',
    (severity) => {
      const settings = {checks: {'serial-console': severity}};
      const verdict = judge({...silent, console: '\r\n'}, settings);
      expect(verdict).toMatchObject({kind: 'environment', cause: 'no-witness'});
      expect(verdict.hint).toContain('console=ttyS0');
      expect(verdict.hint).toContain('--advertise');
      expect(verdict.hint).toContain('security group');
      expect(judge({...silent, server: {kind: 'stopped'}, console: ''}, settings)).toMatchObject({
        kind: 'fail',
        cause: 'powered-off',
      });
      expect(judge({...silent, console: 'Kernel panic - not syncing'}, settings)).toMatchObject({
        cause: 'kernel-panic',
      });
    },
  );

  it('R6: a guest that prints such a sentence among others has a console', () => {
    const console = `${'[    0.1] Linux version\n'.repeat(5)}init: console log is missing\nlogin: `;
    expect(judge({...silent, console})).toMatchObject({kind: 'fail', cause: 'agent-missing'});
  });

  it('after a hello is the agent, killed; after the download alone a report that never came', () => {
    const trace = {agentFetched: true, hello: true, refused: []};
    expect(judge({...silent, console: 'login:', trace})).toMatchObject({cause: 'agent-killed'});
    expect(judge({...silent, console: 'Kernel panic - not syncing', trace})).toMatchObject({cause: 'kernel-panic'});
    expect(judge({...silent, console: 'login:', trace: {...trace, hello: false}})).toMatchObject({cause: 'no-report'});
  });

  it('after a hello is the network when the agent says so, and a refused report when we did', () => {
    const trace = {agentFetched: true, hello: true, refused: []};
    const lost = 'imgmgr-agent: listener cannot be reached: timeout';
    expect(judge({...silent, console: lost, trace})).toMatchObject({
      kind: 'environment',
      cause: 'listener-unreachable',
    });
    const refused = {...trace, refused: ['a report of another server']};
    expect(judge({...silent, console: 'login:', trace: refused})).toMatchObject({kind: 'fail', cause: 'no-report'});
  });

  it('of a server that went off is told so', () => {
    const off = {...silent, server: {kind: 'stopped'} as const};
    expect(judge({...off, console: 'login:'})).toMatchObject({cause: 'powered-off'});
    expect(judge({...off, console: 'Kernel panic - not syncing'})).toMatchObject({cause: 'kernel-panic'});
  });

  it('names the last call that was refused', () => {
    const trace = {agentFetched: false, hello: false, refused: ['wrong token from 192.0.2.9']};
    expect(judge({...silent, console: 'login:', trace}).message).toContain('wrong token from 192.0.2.9');
  });
});
