import type {ServerInterface} from '../../ports/test-server-host.ts';
import type {Ticket} from '../../ports/report-desk.ts';
import type {Job} from '../../core/job.ts';
import {CHECK_IDS} from '../../core/verdict/checks.ts';
import {severityOf} from '../../core/verdict/judge.ts';
import type {Boot} from './verifier.ts';

/** What the agent leaves of the deadline, so that its report is here before the wait ends. */
const MARGIN_MS = 5_000;

/** What a job is made from besides the boot. */
export interface JobParts {
  readonly boot: Boot;
  readonly interfaces: readonly ServerInterface[];
  readonly ticket: Ticket;
  readonly address: string;
  readonly desk: {
    readonly certificate: string;
    readonly serverName: string;
    readonly agents: Readonly<Record<string, string>>;
    readonly now: () => number;
  };
  readonly deadlineMs: number;
  /** What of it is over, milliseconds. */
  readonly elapsedMs: number;
}

/** What the guest of a boot is asked to do. */
export function jobOf({boot, interfaces, ticket, address, desk, deadlineMs, elapsedMs}: JobParts): Job {
  const {verifier, task, place, datasource} = boot;
  const {options} = verifier.context.parts;
  const wanted = (check: string): boolean => severityOf(check, task.settings) !== undefined;
  return {
    version: 1,
    run: verifier.context.run,
    token: ticket.token,
    address,
    certificate: desk.certificate,
    server_name: desk.serverName,
    agents: desk.agents,
    deadline_seconds: Math.max(10, Math.round((deadlineMs - MARGIN_MS) / 1000)),
    until_unix_ms: Math.round(desk.now() + deadlineMs - elapsedMs),
    ...(wanted('start') && task.settings.start !== undefined && {start: task.settings.start}),
    ...(wanted('ready') && task.settings.ready !== undefined && {ready: task.settings.ready}),
    ...(options.lookup !== undefined && {lookup: options.lookup}),
    off: CHECK_IDS.filter((id) => !wanted(id)),
    expect: {
      disk_bytes: place.diskBytes,
      vcpus: place.flavor.vcpus,
      ram_mib: place.flavor.ramMib,
      interfaces: interfaces.map(({mac, addresses}) => ({mac, addresses})),
      ssh_key: options.sshKey ?? null,
      datasources: [datasource],
      properties: Object.fromEntries(
        Object.entries(task.image.properties).filter(
          ([key]) => /^(?:hw_|img_|os_|architecture$)/.test(key) && !key.startsWith('os_glance_'),
        ),
      ),
      silent_nameservers: place.silentNameservers ?? [],
    },
  };
}
