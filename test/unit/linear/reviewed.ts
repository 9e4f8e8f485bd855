/** Expressions that are put together at run time, by file and text, with the reason why hostile text costs no more than its length. */
export const REVIEWED_EXPRESSIONS: Readonly<Record<string, string>> = {
  "src/core/definition/schema.ts new RegExp(value, 'm')": 'compiled to see whether it is one, never run',
  "src/core/definition/filter.ts new RegExp(source, inline.replace(/[^ims]/g, ''))":
    "the operator's own --filter, on names of at most 255 characters",
  'src/core/build/due.ts new RegExp(`^${day}\\\\.(\\\\d+)$`)':
    'eight digits, a dot and one loop, anchored at both ends',
  'src/core/build/manifest.ts new RegExp(`^[0-9a-f]{${digits}}$`)': 'no loop: 64 or 128 digits',
  'src/core/format/vmdk-descriptor.ts new RegExp(`^ddb\\\\.(${KEYS}) ?= ?"[^"]*"( #[ -~]*)?$`)':
    'anchored; the two loops are parted by a quotation mark that the first one cannot take',
  'src/core/json-text.ts /[\\u007f-\\u009f\\p{Zl}\\p{Zp}\\p{Bidi_Control}\\p{Noncharacter_Code_Point}]|#(?=#\\w*\\[)/gu':
    'the look ahead ends at the next number sign, so none reads what another has read',
  'src/report/clean.ts /^( *):(?=:[\\w-]+[^:]*::)/': 'anchored, so that it looks ahead once; a colon parts its loops',
  'src/report/clean.ts /##(?=\\w*\\[)/g':
    'the look ahead ends at the next number sign, so none reads what another has read',
  'src/report/xml.ts /##(?=\\w*\\[)/g':
    'the look ahead ends at the next number sign, so none reads what another has read',
  'src/secrets/structured.ts /"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"/g':
    'the text is valid JSON: each quotation mark with which a match begins has another with which it ends',
  "src/workflow/verification/watch-server.ts new RegExp(wanted ?? (port === undefined ? 'login:' : '(?!)'))":
    "the definition's own pattern, on the first 512 characters of each line",
};

/** Modules that scan text and are not in the table themselves, by the reason. Every expression in them is proven all the same. */
export const REVIEWED_MODULES: readonly (readonly [reason: string, modules: readonly string[]])[] = [
  [
    'in the browser, on texts that the server has cut, each read once; the filter and the search are by words of the user',
    [
      ...['clock', 'images-filter', 'live', 'log-lines', 'log-search', 'main', 'offer-command', 'path'],
      ...['run-steps', 'text'],
    ].map((name) => `src/server/pages/${name}.ts`),
  ],
  [
    'requests, of which node takes 16 KiB of headers and the server 64 KiB of body, and rows of our own history, each read once',
    [
      'plans/answer',
      'plans/store',
      'reading/ask',
      'reading/clouds',
      'reading/images',
      'runs/child',
      'runs/own-run',
      'runs/registry',
      'runs/rows',
      'service/builds',
      'service/runs',
      'verbs/command-line',
      'verbs/read-body',
      'web/body',
      'web/events',
      'web/handler',
      'web/identify',
      'web/match',
      'web/pages',
      'options',
      'serve',
      'access/attempts',
      'access/own-address',
      'access/by-token',
      'access/glob',
      'access/identity',
      'access/logins',
      'access/proxy',
      'access/tokens',
    ].map((name) => `src/server/${name}.ts`),
  ],
  ['lines of files and rows, each read once', ['src/history/reader.ts', 'src/host/file-lines.ts']],
  [
    'ids of fixed length, and a text of 255 characters',
    ['common', 'runs', 'verbs'].map((name) => `src/server/contract/${name}.ts`),
  ],
  [
    "the operator's own words: command line, environment, settings, a name or path given to a build",
    [
      'src/cli/serve.ts',
      ...[
        'confirm',
        'help-layout',
        'io',
        'notify',
        'parse',
        'plan-flags',
        'program',
        'commands/completion',
        'commands/hold',
        'commands/import',
        'commands/rollback',
        'commands/doctor',
        'settings/read',
        'settings/table',
        'settings/value',
      ].map((name) => `src/cli/${name}.ts`),
      ...[
        'src/app/ad-hoc-image.ts',
        'src/app/object-image.ts',
        'src/app/inspect.ts',
        'src/sources/create-inspector.ts',
        'src/sources/ova-manifest.ts',
        'src/app/local-file.ts',
        'src/app/show.ts',
        'src/app/history.ts',
        'src/app/history-log.ts',
        'src/config/settings.ts',
        'src/compose/deliver-build.ts',
      ],
      ...['src/history/evidence.ts', 'src/history/probe.ts', 'src/report/sarif.ts', 'src/metrics/textfile.ts'],
      ...['cloud-auth', 'cloud-endpoints', 'cloud-entry', 'cloud-environment', 'cloud-files', 'cloud-settings'].map(
        (name) => `src/config/${name}.ts`,
      ),
      ...['cloud-tls', 'definitions', 'fill-in', 'named-files', 'tls-files'].map((name) => `src/config/${name}.ts`),
      ...['dib-command', 'environment', 'requirements', 'work-folder'].map((name) => `src/build/${name}.ts`),
      ...[
        'src/core/definition/filter.ts',
        'src/core/format/disk-formats.ts',
        'src/core/format/layout.ts',
        'src/core/limits.ts',
        'src/core/shard.ts',
        'src/http/proxy.ts',
        'src/report/color.ts',
      ],
    ],
  ],
  [
    'files of the kernel and of tools of this host, names that imgmgr itself gave to files',
    [
      ...['archive', 'container', 'loops', 'preflight', 'stand-ins', 'strays', 'tool', 'users'].map(
        (name) => `src/build/${name}.ts`,
      ),
      ...['free-bytes', 'lock', 'pinned', 'process', 'temporary', 'trusted-folder'].map(
        (name) => `src/host/${name}.ts`,
      ),
      ...['shelf', 'qemu/process', 'qemu/relay', 'qemu/server-folders', 'qemu/test-servers'].map(
        (name) => `src/local/${name}.ts`,
      ),
      ...['src/verify/agents.ts', 'src/compose/host-checks.ts', 'src/local/doctor.ts', 'src/sources/doctor.ts'],
      'src/sources/targets/file.ts',
    ],
  ],
  [
    'text that imgmgr makes itself: scripts, certificates, file systems, times, its own plan',
    [
      'src/host/certificate.ts',
      ...['fetch-script', 'user-data'].map((name) => `src/verify/${name}.ts`),
      ...['plan/latest', 'plan/new-build', 'plan/releases', 'plan/retire', 'status/scale', 'verdict/checks'].map(
        (name) => `src/core/${name}.ts`,
      ),
      ...[
        'src/local/qemu/iso.ts',
        'src/core/build/due.ts',
        'src/core/origin-text.ts',
        'src/core/build/manifest-diff.ts',
        'src/cli/help.ts',
      ],
      'src/cli/metrics.ts',
      // The files of proto/, and words of their enums.
      ...['src/api/json.ts', 'src/api/types.ts'],
      ...['fish', 'shell', 'tree', 'zsh'].map((name) => `src/cli/completion/${name}.ts`),
      ...['src/workflow/acquire/byte-source.ts', 'src/workflow/verification/job.ts', 'src/openstack/glance/patch.ts'],
      ...['src/report/answer.ts', 'src/report/audit-text.ts', 'src/report/status-text.ts'],
      ...['open-database', 'schema', 'sqlite'].map((name) => `src/history/${name}.ts`),
    ],
  ],
  [
    'a property, name, tag, flavor key or address of a cloud: each is split or tested once',
    [
      ...[
        'image/form',
        'lease',
        'image/members',
        'hold',
        'image/naming',
        'image/publication',
        'metrics/observation',
        'image/revocation',
        'release/find-image',
        'release/same-bytes',
      ].map((name) => `src/core/${name}.ts`),
      ...[
        'catalog',
        'clock',
        'id',
        'image-store',
        'login',
        'session',
        'glance/api',
        'glance/name-filter',
        'glance/refusals',
        'keystone/api',
      ].map((name) => `src/openstack/${name}.ts`),
      ...['neutron/api', 'test-servers/callback', 'test-servers/choose-flavor', 'test-servers/start'].map(
        (name) => `src/openstack/${name}.ts`,
      ),
      'src/workflow/sure-writes.ts',
      'src/workflow/export/choose-image.ts',
      ...['existing-images', 'sweep-servers'].map((name) => `src/workflow/verification/${name}.ts`),
      'src/local/qemu/machine.ts',
    ],
  ],
  [
    'headers, which Node limits to 16 KiB together, addresses, and names of symbols of at most 500 characters; each is tested once, secrets are spelled once',
    [
      ...['judged-lookup', 'learn', 'line'].map((name) => `src/http/${name}.ts`),
      ...['credential', 'download', 'ticket'].map((name) => `src/verify/${name}.ts`),
      ...[
        'src/api/admission.ts',
        'src/api/reflection.ts',
        'src/core/oci-reference.ts',
        'src/openstack/objects/look.ts',
        'src/workflow/run/sweep-objects.ts',
        'src/core/object-reference.ts',
        'src/sources/address.ts',
        'src/secrets/spellings.ts',
        'src/sources/kinds/http.ts',
        'src/sources/kinds/oci/authorization.ts',
        'src/sources/targets/oci/push.ts',
        'src/sources/listen/upload-listener.ts',
        'src/finders/upstream-digest.ts',
        'src/workflow/run/resolve-releases.ts',
      ],
    ],
  ],
  [
    'one pass over text whose length is bounded before: a console of 64 KiB, the end of what a tool wrote, an element file of 1 MiB, a manifest or a header of a tar file of a few MiB',
    [
      ...['src/openstack/test-server-host.ts', 'src/local/qemu/console.ts', 'src/local/qemu/runner.ts'],
      ...['src/build/element-trees.ts', 'src/build/run-dib.ts', 'src/build/artifact-store.ts'],
      ...['kinds/oci/disk-folder', 'kinds/oci/login', 'kinds/oci/manifest', 'kinds/oci/registry', 'tar', 'zip'].map(
        (name) => `src/sources/${name}.ts`,
      ),
      ...['src/sources/decompress.ts', 'src/workflow/verification/watch-server.ts'],
      ...['src/report/error-text.ts', 'src/report/human.ts', 'src/report/log.ts'],
      ...['read-rows', 'recorder', 'read-log'].map((name) => `src/history/${name}.ts`),
      ...['history-log', 'history-text', 'table'].map((name) => `src/report/${name}.ts`),
    ],
  ],
];

/** Modules whose work is counted through one of the table that imports them, directly or through others. */
export const COUNTED_THROUGH: Readonly<Record<string, string>> = {
  'src/config/config-value.ts': 'src/config/config-file.ts',
  'src/config/yaml-position.ts': 'src/config/yaml.ts',
  'src/config/yaml-scalar.ts': 'src/config/yaml.ts',
  'src/config/yaml-tabs.ts': 'src/config/yaml.ts',
  'src/core/build/element-layout.ts': 'src/core/build/lint-elements.ts',
  'src/core/build/lint-element-files.ts': 'src/core/build/lint-elements.ts',
  'src/core/build/read-json.ts': 'src/core/build/manifest.ts',
  'src/core/build/secrets.ts': 'src/core/build/lint-elements.ts',
  'src/core/definition/convert.ts': 'src/core/definition/read.ts',
  'src/core/definition/build-rules.ts': 'src/core/definition/read.ts',
  'src/core/definition/meta.ts': 'src/core/definition/read.ts',
  'src/core/definition/problems.ts': 'src/core/definition/read.ts',
  'src/core/definition/schema.ts': 'src/core/definition/read.ts',
  'src/core/definition/text-schema.ts': 'src/core/definition/read.ts',
  ...Object.fromEntries(
    [
      ...['imgmgr/known-properties', 'imgmgr/rules', 'openstack/rules', 'openstack/vocabulary'],
      ...['dates', 'licensing', 'origin', 'promises', 'recency', 'technical'].map((name) => `scs-0102/${name}`),
      ...['scs-0104/rules', 'scs-0104/standard-images'],
    ].map((name) => [`src/core/rules/${name}.ts`, 'src/core/rules/audit.ts']),
  ),
  'src/core/release/digest-index.ts': 'src/core/release/digest-list.ts',
  'src/core/format/prefix.ts': 'src/core/format/inspect.ts',
  'src/core/format/refused.ts': 'src/core/format/inspect.ts',
  'src/core/format/text-vmdk.ts': 'src/core/format/inspect.ts',
  'src/core/format/vhd.ts': 'src/core/format/inspect.ts',
  'src/core/format/vhdx.ts': 'src/core/format/inspect.ts',
  'src/core/normalized.ts': 'src/core/release/version.ts',
  'src/secrets/automaton.ts': 'src/secrets/registry.ts',
};

/** The one place that brings text into a normal form of Unicode. */
export const NORMALIZES = 'src/core/normalized.ts';
