import {readNetworkTables} from './console-tables.ts';
import {consoleLines} from './console-text.ts';

/** What a serial console shows of a guest that does not call. */
export type ConsoleSign =
  | 'silent'
  | 'no-bootable-device'
  | 'boot-loader-prompt'
  | 'no-root-device'
  | 'no-timer'
  | 'kernel-panic'
  | 'emergency-mode'
  | 'root-read-only'
  | 'cloud-init-failed'
  | 'no-datasource'
  | 'no-network'
  | 'agent-not-fetched'
  | 'listener-unreachable'
  | 'agent-killed'
  | 'agent-started'
  | 'booted';

/** Words of one line, in this order, letter case aside. No pattern: the work must grow with the length of the line alone. */
interface Clue {
  readonly words: readonly string[];
  /** The line begins with the first of them. */
  readonly first?: true;
  /** Words that make the line mean something else. */
  readonly without?: readonly string[];
}

interface Rule {
  readonly sign: ConsoleSign;
  /** The guest cannot report any more: nothing is to be waited for. */
  readonly final: boolean;
  readonly clues: readonly Clue[];
}

/** An empty drive answers its first read with an error, which says nothing of the root disk. */
const REMOVABLE = ['dev fd0', 'dev sr0'];

// In the order in which they explain: the first that is found is the cause.
const RULES: readonly Rule[] = [
  rule('no-root-device', true, [
    any('gave up waiting for root'),
    any('gave up waiting for suspend/resume'),
    any('alert!', 'does not exist'),
    any('vfs: cannot open root device'),
    any('vfs: unable to mount root fs'),
    any('cannot find root device'),
    any('no root device'),
  ]),
  // The kernel waits for some ticks of its timer; a hypervisor that emulates and is busy delivers them too late. KVM's guests do not look.
  // https://bugs.launchpad.net/nova/+bug/1939108, https://github.com/cirros-dev/cirros/issues/69
  rule('no-timer', true, [any("kernel panic - not syncing: io-apic + timer doesn't work")]),
  rule('kernel-panic', true, [
    any('kernel panic - not syncing'),
    any('attempted to kill init'),
    any('synchronous exception'),
  ]),
  rule('no-bootable-device', true, [
    any('no bootable device'),
    any('boot failed: not a bootable disk'),
    any('fatal: no bootable medium'),
    any('operating system not found'),
  ]),
  rule('boot-loader-prompt', true, [start('grub>'), start('grub rescue>')]),
  rule('no-root-device', true, [start('(initramfs)')]),
  rule('emergency-mode', true, [
    any('you are in emergency mode'),
    any('you are in rescue mode'),
    any('entering emergency mode'),
    any('fsck failed'),
    {words: ['blk_update_request: i/o error'], without: REMOVABLE},
  ]),
  rule('agent-killed', true, [
    any('imgmgr: the agent was killed'),
    any('imgmgr-agent', 'code=killed'),
    any('imgmgr-agent', 'signal: killed'),
    any('killed process ', ' (imgmgr-agent'),
  ]),
  // cloud-init keeps there what it knows of the server; without it no user data are run.
  rule('root-read-only', true, [any('errno 30', 'read-only file system', '/var/lib/cloud')]),
  rule('agent-not-fetched', true, [
    any('imgmgr: no agent for'),
    any('imgmgr: none of curl'),
    any('imgmgr: the agent could not be fetched: '),
  ]),
  rule('listener-unreachable', true, [
    {words: ['imgmgr: the agent could not be fetched'], without: ['could not be fetched:']},
    any('imgmgr-agent: listener cannot be reached'),
    any('imgmgr-agent: the listener cannot be reached'),
    any('imgmgr-agent: listener unreachable'),
  ]),
  rule('no-datasource', true, [
    any('cloud-init', 'finished at', 'datasource datasourcenone'),
    any('can not apply stage final, no datasource found'),
  ]),
  rule('no-network', false, [
    any('udhcpc: no lease'),
    any('no answer to dhcp'),
    any('dhcpdiscover', 'no dhcpoffers'),
    any('dhcpdiscover', 'no working leases'),
  ]),
  rule('root-read-only', false, [any('errno 30', 'read-only file system'), any('remounting filesystem read-only')]),
  rule('cloud-init-failed', false, [
    any('cloud-init[', 'traceback'),
    any('cloud-init[', 'critical'),
    any('cloud-init[', 'failed run of stage'),
    any('failed to start ', 'cloud-init'),
  ]),
  rule('agent-started', false, [any('imgmgr-agent '), any('imgmgr-agent:'), any('imgmgr-verdict ')]),
];

/**
 * What the console shows best; `silent` when it is empty, `booted` when nothing stands out. `reached`: the guest has called this host, so
 * it has a network.
 */
export function readConsole(text: string, {reached} = {reached: false}): ConsoleSign {
  const lines = wordyLines(text);
  if (lines.length === 0) return 'silent';
  const lower = lines.map((line) => line.toLowerCase());
  const shown = RULES.find(({clues}) => clues.some((clue) => lower.some((line) => fits(line, clue))))?.sign ?? 'booted';
  // Tries whose last one has not come yet.
  const sign = shown === 'booted' && !reached && lastRound(lines).length > 0 ? 'listener-unreachable' : shown;
  return !reached && HIDES_THE_NETWORK.has(sign) && isOffline(lines) ? 'no-network' : sign;
}

/** True when the guest can no longer report, so that the wait may end at once. */
export function isBeyondHope(text: string): boolean {
  const lower = wordyLines(text).map((line) => line.toLowerCase());
  return RULES.some(({final, clues}) => final && clues.some((clue) => lower.some((line) => fits(line, clue))));
}

/** Signs that a guest without a network shows, too: its network is the cause then. */
const HIDES_THE_NETWORK: ReadonlySet<ConsoleSign> = new Set([
  'listener-unreachable',
  'no-datasource',
  'cloud-init-failed',
  'agent-started',
  'booted',
]);

const OFFLINE_WORDS = ['network is unreachable', 'resolve host', 'name resolution'];

/** By cloud-init's own tables, or by any tool of the last round of tries: busybox says "reset by peer" of a network that is not there. */
function isOffline(lines: readonly string[]): boolean {
  const tables = readNetworkTables(lines);
  if (tables !== undefined && tables !== 'online') return true;
  return lastRound(lines).some((said) => OFFLINE_WORDS.some((words) => said.includes(words)));
}

/** What the tools said that the fetch script tried last, each once, and what a baked agent said of the listener; in small letters. */
function lastRound(lines: readonly string[]): string[] {
  let round = new Map<string, string>();
  for (const line of lines) {
    const {tool, said} = tryOf(line.toLowerCase()) ?? {};
    if (tool === undefined || said === undefined) continue;
    if (round.has(tool)) round = new Map();
    round.set(tool, said);
  }
  return [...round.values()];
}

function tryOf(line: string): {readonly tool: string; readonly said: string} | undefined {
  const at = line.indexOf('imgmgr: ');
  const end = at < 0 ? -1 : line.indexOf(' failed with code ', at);
  if (end >= 0) return {tool: line.slice(at + 'imgmgr: '.length, end), said: line.slice(end)};
  const agent = line.indexOf('imgmgr-agent: listener cannot be reached');
  return agent < 0 ? undefined : {tool: 'imgmgr-agent', said: line.slice(agent)};
}

function wordyLines(text: string): string[] {
  return consoleLines(text)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function fits(line: string, {words, first, without = []}: Clue): boolean {
  if (first === true && !line.startsWith(words[0] ?? '')) return false;
  let at = 0;
  for (const word of words) {
    const found = line.indexOf(word, at);
    if (found < 0) return false;
    at = found + word.length;
  }
  return !without.some((word) => line.includes(word));
}

function rule(sign: ConsoleSign, final: boolean, clues: readonly Clue[]): Rule {
  return {sign, final, clues};
}

function any(...words: readonly string[]): Clue {
  return {words};
}

function start(word: string): Clue {
  return {words: [word], first: true};
}
