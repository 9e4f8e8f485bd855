import {readdirSync, readFileSync} from 'node:fs';
import {readdir, readFile, stat} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {loadDefinitions} from '../../src/config/definitions.ts';
import type {Definition, Version} from '../../src/core/definition/definition.ts';
import {audit} from '../../src/core/rules/audit.ts';
import {definitionSubjects} from '../../src/core/rules/definition-subjects.ts';
import {builtInProfile} from '../../src/core/rules/profile.ts';
import {subjectSet} from '../../src/core/rules/subject-set.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const {
  definitions: all,
  written,
  problems,
  files: allFiles,
} = await loadDefinitions(`${root}images`, {readFile, readdir, stat});
const definitions = all.filter(({build}) => build === undefined);
/** For trying imgmgr out; no distribution. */
const TINY = 'Tiny Guest';
const built = all.filter(({build, name}) => build !== undefined && name !== TINY);
const files = allFiles.filter((file) => !/\/(?:built|tiny-guest)\.yml$/.test(file));
const listed = definitions.flatMap((definition) => definition.versions.map((version) => ({definition, version})));
const nameOf = ({definition, version}: (typeof listed)[number]): string => `${definition.name} ${version.version}`;

/** Every definition that openstack-image-manager 0.20261007.0 ships in etc/images. */
const PEER = [
  ...[
    'AlmaLinux 8',
    'AlmaLinux 9',
    'AlmaLinux 10',
    'CentOS 7',
    'CentOS Stream 8',
    'CentOS Stream 9',
    'CentOS Stream 10',
  ],
  ...[
    'Cirros',
    'Debian 10',
    'Debian 11',
    'Debian 12',
    'Debian 13',
    'Fedora 37',
    'Flatcar Container Linux',
    'Garden Linux',
  ],
  ...['openSUSE Leap 15.6', 'openSUSE Leap 16.0', 'OPNsense', 'Rocky 8', 'Rocky 9', 'Rocky 10', 'Talos Linux'],
  ...['Ubuntu 14.04', 'Ubuntu 16.04', 'Ubuntu 16.04 Minimal', 'Ubuntu 18.04', 'Ubuntu 18.04 Minimal', 'Ubuntu 20.04'],
  ...[
    'Ubuntu 20.04 Minimal',
    'Ubuntu 22.04',
    'Ubuntu 22.04 Minimal',
    'Ubuntu 24.04',
    'Ubuntu 24.04 Minimal',
    'Ubuntu 26.04',
  ],
  ...['Ubuntu 26.04 Minimal', 'Ubuntu Core 26'],
];

/** Off in the catalogue; all others are imported by a plain run. */
const OFF = [
  ...['AlmaLinux 8', 'CentOS 7', 'CentOS Stream 8', 'Debian 10', 'Debian 11', 'Fedora 37', 'Fedora 44'],
  ...[
    'Flatcar Container Linux',
    'Garden Linux',
    'openSUSE Leap 15.6',
    'OPNsense',
    'Rocky 8',
    'Talos Linux',
    'Ubuntu 14.04',
  ],
  ...[
    'Ubuntu 16.04',
    'Ubuntu 16.04 Minimal',
    'Ubuntu 18.04',
    'Ubuntu 18.04 Minimal',
    'Ubuntu 20.04',
    'Ubuntu 20.04 Minimal',
  ],
];

/** What the catalogue uses of the values that SCS-0102 permits. */
const SCS: Readonly<Record<string, RegExp>> = {
  architecture: /^x86_64$/,
  os_distro: /^[a-z]+$/,
  os_version: /^\d[\d.]*$/,
  os_purpose: /^(generic|minimal|k8snode|network)$/,
  hypervisor_type: /^qemu$/,
  hw_disk_bus: /^(scsi|virtio)$/,
  hw_rng_model: /^virtio$/,
  replace_frequency: /^(yearly|quarterly|monthly|weekly|daily|critical_bug|never)$/,
  uuid_validity: /^(none|last-\d+)$/,
  provided_until: /^(none|\d{4}-\d\d-\d\d)$/,
};

describe('the catalogue as a whole', () => {
  test('loads without a problem', () => {
    expect(problems).toEqual([]);
    expect(allFiles).toHaveLength(readdirSync(`${root}images`).length);
  });

  test('has every definition of the peer, under the same name', () => {
    const names = new Set(definitions.map(({name}) => name));
    expect(PEER.filter((name) => !names.has(name))).toEqual([]);
  });

  test('has no definition that is not accounted for: it is on, or off on purpose', () => {
    expect(
      definitions
        .filter(({enabled}) => !enabled)
        .map(({name}) => name)
        .sort(),
    ).toEqual([...OFF].sort());
  });

  test('offers at most one generic image per distribution, version and architecture', () => {
    const generic = listed
      .filter(({definition}) => definition.meta['os_purpose'] === 'generic')
      .map(({definition: {meta, ...definition}, version}) =>
        [meta['os_distro'], osVersion({meta, ...definition}, version), meta['architecture']].join(' '),
      );
    expect(generic.length).toBeGreaterThan(0);
    expect(generic).toHaveLength(new Set(generic).size);
  });
});

describe('the audit', () => {
  const subjects = written.flatMap((one) => definitionSubjects(one, 'oldgeneric'));
  const findings = (now: number): string[] =>
    audit({set: subjectSet(subjects, true), profile: builtInProfile(), now})
      .filter(({decides, severity, ignored}) => decides && severity !== 'info' && ignored === undefined)
      .map(({rule, message}) => `${rule}: ${message}`);

  test('finds nothing, neither on the day of these facts nor a year later', () => {
    expect(findings(Date.UTC(2026, 10, 26))).toEqual([]);
    const later = findings(Date.UTC(2027, 9, 31));
    expect(later.filter((finding) => !finding.startsWith('imgmgr/end-of-life'))).toEqual([]);
  });

  test('would find what is wrong', () => {
    expect(findings(0).length).toBeGreaterThan(10);
  });
});

describe('where the facts come from', () => {
  test.each(files)('%s says in its first lines which repository and state of it was read', (file) => {
    const head = readFileSync(file, 'utf8').split('\nimages:\n')[0] ?? '';
    expect(head).toMatch(/[\w.-]+\/[\w.-]+(?:@[0-9a-f]{40} |\s+release \d[\d.]*\s+\(sdist sha256:[0-9a-f]{64}\))/);
  });

  test.each(files)('%s gives a reason wherever it switches a definition off', (file) => {
    const text = readFileSync(file, 'utf8');
    expect(text.match(/^ {4}# off: .+\n {4}enable: false$/gm) ?? []).toHaveLength(
      (text.match(/enable: false/g) ?? []).length,
    );
  });
});

describe.each(listed.map((entry) => [nameOf(entry), entry] as const))('%s', (_name, {definition, version}) => {
  test('has a digest: fixed, or for latest the one that upstream publishes', () => {
    const upstream = version.checksumsUrl ?? version.checksumUrl;
    if (version.version === 'latest') {
      expect(upstream).toBeDefined();
      expect(version.checksum).toBeUndefined();
    } else {
      expect(version.checksum?.algorithm).toMatch(/^sha(256|512)$/);
      expect(upstream).toBeUndefined();
    }
  });

  test('is fetched by https only, from addresses without blanks or placeholders', () => {
    const urls = [version.url, version.mirrorUrl, version.checksumsUrl, version.checksumUrl].filter(
      (url) => url !== undefined,
    );
    for (const url of urls) expect(url).toMatch(/^https:\/\/[a-z0-9.-]+\/[\w./-]+$/);
  });

  test('tells the day of its build, unless upstream tells it or it is off', () => {
    expect(version.version === 'latest' || !definition.enabled || version.buildDate !== undefined).toBe(true);
  });

  // https://docs.scs.community/standards/scs-0102-v1-image-metadata
  test('is described as SCS-0102 demands', () => {
    const {meta} = definition;
    const described: Readonly<Record<string, string | undefined>> = {
      ...meta,
      os_version: osVersion(definition, version),
    };
    const wrong = Object.entries(SCS).filter(([key, values]) => !values.test(described[key] ?? ''));
    expect(wrong.map(([key]) => `${key}: ${described[key]}`)).toEqual([]);
    expect(meta['hw_scsi_model']).toBe(meta['hw_disk_bus'] === 'scsi' ? 'virtio-scsi' : undefined);
    expect(definition.minDiskGib).toBeGreaterThan(0);
    expect(definition.minRamMib).toBeGreaterThanOrEqual(64);
    expect(definition.login).not.toBe('');
  });
});

describe.each(built.map((definition) => [definition.name, definition] as const))('%s', (_name, definition) => {
  const {build, meta} = definition;

  test('is off, since building needs root and diskimage-builder on this host', () => {
    expect(definition.enabled).toBe(false);
  });

  test('can be verified without fetching an agent, and is configured by cloud-init', () => {
    expect(build?.elements).toEqual(expect.arrayContaining(['vm', 'agent-install', 'cloud-init-custom']));
    expect(build?.elements.some((element) => element.startsWith('block-device-'))).toBe(true);
    expect(build?.release).toBeDefined();
    expect(definition.login).toBe({debian: 'debian', ubuntu: 'ubuntu'}[meta['os_distro'] ?? ''] ?? 'cloud-user');
  });

  test('is described as SCS-0102 demands, and gets its updates', () => {
    const wrong = Object.entries(SCS).filter(([key, values]) => !values.test(meta[key] ?? ''));
    expect(wrong.map(([key]) => `${key}: ${meta[key]}`)).toEqual([]);
    expect(['daily', 'weekly', 'monthly']).toContain(meta['replace_frequency']);
  });

  test('stands in docs/catalogue.md', () => {
    const page = readFileSync(`${root}docs/catalogue.md`, 'utf8');
    const elements = build?.elements.filter((element) => !element.includes('custom') && element !== 'agent-install');
    expect(page).toContain(
      `| ${definition.name} | ${definition.login} | ${build?.release} | ${elements?.join(', ')} |`,
    );
  });
});

test('the guest for trying imgmgr out is off, and described as SCS-0102 demands', () => {
  const {enabled, meta = {}} = all.find(({name}) => name === TINY) ?? {};
  expect(enabled).toBe(false);
  expect(Object.entries(SCS).filter(([key, values]) => !values.test(meta[key] ?? ''))).toEqual([]);
});

describe('docs/catalogue.md', () => {
  const rows = readFileSync(`${root}docs/catalogue.md`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '));

  test.each(definitions.map((definition) => [definition.name, definition] as const))(
    'shows %s as it is',
    (_name, definition) => {
      const [version] = definition.versions;
      const host = version && new URL(version.url).host;
      const digest = version?.checksum?.algorithm ?? 'upstream';
      const start = `| ${definition.name} | ${definition.login} | ${host} | ${digest} | ${definition.enabled ? 'on' : 'off'} |`;
      expect(rows.filter((row) => row.startsWith(start))).toHaveLength(1);
    },
  );

  test('has no row for a definition that is gone', () => {
    expect(rows.filter((row) => / \| (on|off) \|/.test(row))).toHaveLength(definitions.length);
  });
});

/** Images of `multi: false` are described by their version; of the others by `meta` (core/form.ts). */
function osVersion(definition: Pick<Definition, 'multi' | 'meta'>, version: Version): string | undefined {
  return definition.multi ? (version.osVersion ?? definition.meta['os_version']) : version.version;
}
