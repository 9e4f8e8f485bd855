import {RULES} from '../src/core/rules/registry.ts';
import type {Rule} from '../src/core/rules/rule.ts';
import {PROFILE_NAMES} from '../src/core/rules/rule-text.ts';
import {placesText} from '../src/core/rules/describe.ts';

const GROUPS = [
  ['openstack', 'OpenStack', 'The vocabulary, types and limits of Glance and Nova.'],
  [
    'scs-0102',
    'SCS-0102',
    'Image metadata: version 1.1 (in force) and the draft of version 2. Judged are the images that users are offered: public or community, and not hidden.',
  ],
  ['scs-0104', 'SCS-0104', 'Standard images: version 1 (in force) and the draft of version 2.'],
  ['imgmgr', 'imgmgr', 'What neither says, and operators want to know.'],
] as const;

/** docs/audit.md: every rule, made from the code. */
export function auditPage(): string {
  const differing = RULES.filter(({differs}) => differs !== undefined);
  const liveOnly = RULES.filter(({seenIn}) => !seenIn.includes('definition'));
  return [
    ...HEAD,
    ...GROUPS.flatMap(([group, title, about]) => [
      `## ${title}`,
      '',
      about,
      '',
      ...RULES.filter(({id}) => id.startsWith(`${group}/`)).flatMap(section),
    ]),
    '## What only a live image shows',
    '',
    'No definition can have these faults, so `validate` does not report them:',
    '',
    ...liveOnly.map(({id, says}) => `- \`${id}\`: ${says}`),
    '',
    '## Where imgmgr and the official tests differ',
    '',
    'On purpose, each with its reason:',
    '',
    ...differing.map(({id, differs = ''}) => `- \`${id}\`: ${differs}`),
    '- Hidden images, and those that are neither public nor community, are not judged by the rules of SCS: the official tests do not list them either.',
    '',
    '## What is not judged',
    '',
    ...NOT_JUDGED,
    '',
  ].join('\n');
}

function section({id, standard, section: where, says, matters, mend, severity, testedBy, seenIn}: Rule): string[] {
  const counts = PROFILE_NAMES.flatMap((profile) => {
    const own = severity[profile];
    return own === undefined ? [] : [`${own} (${profile})`];
  });
  return [
    `### ${id}`,
    '',
    `${says} ${matters}`,
    '',
    `- Counts as: ${counts.join(', ')}`,
    `- Written in: ${standard}, ${where}`,
    `- Official runs: ${testedBy.length === 0 ? 'none tests it' : `tested for ${testedBy.join(' and ')}`}`,
    `- Seen in: ${placesText(seenIn)}`,
    `- Mend it: ${mend}`,
    '',
  ];
}

const HEAD = [
  '# The audit',
  '',
  'Made from the code: `npm run rules`. `imgmgr help RULE` shows one rule, `imgmgr help rules` lists all.',
  '',
  'Rules judge images. One function each judges definitions, images that are about to be made, and live images. `imgmgr validate` applies them to',
  'definitions, without a cloud and without a network: [the command line](cli.md#judging-validate-status-show-manage-dry-run). `imgmgr status` applies them to the images',
  'of clouds, from listings alone: [status](cli.md#status-status---wide-also-history).',
  '',
  '## Profiles',
  '',
  'A profile says which rules count, and how much.',
  '',
  '| profile | what decides |',
  '|---|---|',
  '| `openstack` | the vocabulary of Glance and Nova, and the rules of imgmgr |',
  '| `scs-v1` (default) | besides, SCS-0102 v1.1 and SCS-0104 v1: the certificate in force |',
  '| `scs-v2` | besides `openstack`, SCS-0102 v2 and SCS-0104 v2, which are drafts |',
  '',
  'Findings of the others are shown as `info` and never set the exit code. What no official run tests is folded to one line per rule, unless it counts or `-v` is given.',
  '',
  'A file of your own extends one of them: `imgmgr validate --profile audit.yml`.',
  '',
  '```yaml',
  'extends: scs-v1',
  'sources:                       # further beginnings of image_source, by standard image',
  '  Ubuntu 24.04: [https://mirror.example.org/ubuntu/]',
  'purposes: [database]           # further values of os_purpose',
  'oldgeneric: archive            # the word for superseded generic images; default: oldgeneric',
  'rules:                         # off, error, warning or info',
  '  scs-0102/hw_scsi_model: off',
  '  scs-0102/min_ram-low: error',
  'exceptions:                    # for images that have no definition: name or id',
  '  - {image: Windows 2022, rule: scs-0102/recency, reason: no newer build yet, until: 2027-01-31}',
  '```',
  '',
  'Unknown keys, rules and severities, an exception without a reason, and one whose date has passed are errors with their place (exit 2).',
  '',
  '## Exceptions',
  '',
  'A definition accepts a finding for a time, with a reason:',
  '',
  '```yaml',
  'audit:',
  '  ignore:',
  '    - {rule: scs-0102/hw_scsi_model, reason: the driver comes with the next release, until: 2027-01-31}',
  '```',
  '',
  'The finding is counted and shown as ignored through that day (UTC). From the next day on it counts again, and the exception is a finding itself.',
  '',
  '## What lies ahead',
  '',
  'Rules that depend on the time say from when on they find something, if nothing else changes: builds that become too old, promises, maintenance and exceptions',
  'that end. `validate` and `status` look a quarter (92 days) ahead.',
  '',
  'Definitions that are disabled, or that list no version, publish nothing: the time and other images do not count for them.',
  '',
];

const NOT_JUDGED = [
  '- The form of names (recommended in SCS-0102 v1.1): free text.',
  '- `patchlevel`: nobody but the builder of an image knows whether all patches are in.',
  '- The recommended `hw_*` and `os_secure_boot`, where they are absent: whether a feature is supported is known to the guest alone. Their values are judged.',
  '- Whether users may upload images of their own (SCS-0104): that is a matter of the cloud.',
];
