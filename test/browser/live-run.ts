import type {SeenEvent} from '../../src/server/pages/run-event.ts';
import {IMAGE, ago} from './world.ts';

const CLOUD = {cloud: 'prod-a'};

function action(kind: string, definition: string, version: string): SeenEvent['action'] & object {
  return {id: `${definition} ${kind}`, kind, definition, version};
}

/** The events of a run that uploads one image, and found that another one has no network. */
export function liveRun(): SeenEvent[] {
  const debian = {...CLOUD, definition: 'Debian 12', version: '20261125', image: IMAGE};
  const alma = {...CLOUD, definition: 'AlmaLinux 9', version: '20261120', image: IMAGE};
  const kinds = ['acquire', 'verify', 'publish'] as const;
  const events: readonly Omit<SeenEvent, 'seq' | 'at'>[] = [
    {type: 'starting', command: 'manage'},
    {type: 'started', clouds: ['prod-a']},
    {
      ...{type: 'planned', ...CLOUD, unchanged: ['Fedora 43', 'Ubuntu 24.04']},
      actions: [
        ...kinds.map((kind) => action(kind, 'Debian 12', '20261125')),
        action('retire', 'Debian 12', '20261120'),
        ...kinds.map((kind) => action(kind, 'AlmaLinux 9', '20261120')),
        action('retire', 'AlmaLinux 9', '20261001'),
      ],
    },
    {
      ...{type: 'warning', ...CLOUD, definition: 'Debian 12', code: 'digest-from-source'},
      ...{message: 'the source has no list of digests', hint: 'name one with checksums_url'},
    },
    {type: 'action-started', ...CLOUD, action: action('acquire', 'AlmaLinux 9', '20261120')},
    {
      type: 'action-done',
      ...CLOUD,
      action: action('acquire', 'AlmaLinux 9', '20261120'),
      detail: 'method web-download',
    },
    {type: 'progress', ...alma, phase: 'booting'},
    {
      ...{type: 'verdict', ...alma},
      verdict: {
        ...{kind: 'fail', cause: 'no-network', message: 'the guest came up and has no address'},
        ...{hint: 'read its console below', checks: [], failed: []},
      },
    },
    {
      ...{type: 'action-failed', ...CLOUD, action: action('verify', 'AlmaLinux 9', '20261120')},
      error: {code: 'VERIFICATION', message: 'no-network'},
    },
    {type: 'action-started', ...CLOUD, action: action('acquire', 'Debian 12', '20261125')},
    {type: 'progress', ...debian, phase: 'uploading', bytes: 140_000_000, total: 346_030_080},
  ];
  return events.map((event, index) => ({...event, seq: index + 1, at: ago((events.length - index) / 4)}));
}
