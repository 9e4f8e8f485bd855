/** What a serial console tells about a guest that does not speak to us. */
export type ConsoleSign =
  | 'silent'
  | 'no-bootable-device'
  | 'boot-loader-prompt'
  | 'no-root-device'
  | 'no-timer'
  | 'kernel-panic'
  | 'emergency-mode'
  | 'cloud-init-failed'
  | 'no-network'
  | 'agent-not-fetched'
  | 'listener-unreachable'
  | 'agent-killed'
  | 'agent-started'
  | 'booted';

interface Pattern {
  readonly sign: ConsoleSign;
  readonly pattern: RegExp;
  /** The guest will not come back from it: waiting on is of no use. */
  readonly final: boolean;
}

// In the order in which they explain: the first that is found is the cause.
const PATTERNS: readonly Pattern[] = [
  {
    sign: 'no-root-device',
    final: true,
    pattern:
      /Gave up waiting for (?:root|suspend\/resume)|ALERT!.*does not exist|VFS: (?:Cannot open root device|Unable to mount root fs)|Cannot find root device|no root device/i,
  },
  // The kernel waits for some ticks of its timer; a hypervisor that emulates and is busy delivers them too late. KVM's guests do not look.
  // https://bugs.launchpad.net/nova/+bug/1939108, https://github.com/cirros-dev/cirros/issues/69
  {sign: 'no-timer', final: true, pattern: /Kernel panic - not syncing: IO-APIC \+ timer doesn't work/},
  {
    sign: 'kernel-panic',
    final: true,
    pattern: /Kernel panic - not syncing|Attempted to kill init|Synchronous Exception/,
  },
  {
    sign: 'no-bootable-device',
    final: true,
    pattern:
      /No bootable device|Boot failed: not a bootable disk|FATAL: No bootable medium|Operating System not found/i,
  },
  {sign: 'boot-loader-prompt', final: true, pattern: /^\s*grub(?: rescue)?>/m},
  {sign: 'no-root-device', final: true, pattern: /^\s*\(initramfs\)/m},
  {
    sign: 'emergency-mode',
    final: true,
    pattern: /You are in (?:emergency|rescue) mode|Entering emergency mode|fsck failed|blk_update_request: I\/O error/i,
  },
  {
    sign: 'agent-killed',
    final: true,
    pattern:
      /imgmgr: the agent was killed|imgmgr-agent.*(?:code=killed|signal: killed)|Killed process \d+ \(imgmgr-agent/,
  },
  {
    sign: 'agent-not-fetched',
    final: true,
    pattern: /imgmgr: (?:no agent for|none of curl|the agent could not be fetched: )/,
  },
  {
    sign: 'listener-unreachable',
    final: true,
    pattern:
      /imgmgr: the agent could not be fetched from|imgmgr-agent: (?:the )?listener (?:cannot be reached|unreachable)/,
  },
  {
    sign: 'no-network',
    final: false,
    pattern: /udhcpc: no lease|no answer to DHCP|DHCPDISCOVER.*(?:No|no) (?:DHCPOFFERS|working leases)/,
  },
  {
    sign: 'cloud-init-failed',
    final: false,
    pattern: /cloud-init\[\d+\]:.*(?:Traceback|CRITICAL|failed run of stage)|Failed to start .*[Cc]loud-init/,
  },
  {sign: 'agent-started', final: false, pattern: /imgmgr-agent[ :]|IMGMGR-VERDICT /},
];

/** ANSI sequences and carriage returns gone, so that patterns and people can read it. */
export function plainConsole(text: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007]*\u0007|[@-Z\\-_])/g, '').replace(/\r+\n?/g, '\n');
}

/** What the console shows best; `silent` when it is empty, `booted` when nothing stands out. */
export function readConsole(text: string): ConsoleSign {
  const plain = plainConsole(text);
  if (plain.trim() === '') return 'silent';
  const sign = PATTERNS.find(({pattern}) => pattern.test(plain))?.sign ?? 'booted';
  return sign === 'listener-unreachable' && isOffline(plain) ? 'no-network' : sign;
}

/** Why the last try to reach us failed: without a route or a name there is no network, so the listener is not to blame. */
function isOffline(plain: string): boolean {
  const tries = [...plain.matchAll(/imgmgr: \w+ failed with code \d+: (.*)$/gm)];
  return /Network is unreachable|resolve host|name resolution/i.test(tries.at(-1)?.[1] ?? '');
}

/** True when the guest can no longer report, so that the wait may end at once. */
export function isBeyondHope(text: string): boolean {
  const plain = plainConsole(text);
  return PATTERNS.some(({final, pattern}) => final && pattern.test(plain));
}
