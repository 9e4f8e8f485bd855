import {z} from 'zod';
import {BUILD_FORMATS} from '../build/spec.ts';
import {DEFINITION_FORMATS} from '../format/disk-formats.ts';
import {parseDigest} from '../release/digest.ts';
import {CHECK_IDS} from '../verdict/checks.ts';
import {parseSize} from '../limits.ts';
import {RULE_IDS} from '../rules/ids.ts';
import {digestList, download, filled, http, mirror, origin, script, text, url} from './text-schema.ts';
import {isCalendarDate, parseDuration, parseUntil} from '../time-text.ts';

const VISIBILITIES = ['public', 'private', 'community', 'shared'] as const;
const RETIRE_WAYS = ['renamed', 'hidden', 'renamed-by-date', 'deactivated', 'community'] as const;

const LARGEST = 2_147_483_647;

const count = () => z.int().min(0).max(LARGEST);

/** The error texts below are `what is wrong; what to do`. */
/** Nothing, or what YAML allows behind the day of a timestamp: https://yaml.org/type/timestamp.html */
const TIME_BEHIND =
  /^$|^(?:[Tt]|[ \t]+)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d*)?)?[ \t]*(?:Z|[+-]\d{1,2}(?::?[0-5]\d)?)?$/;
const date = () =>
  z
    .string({error: 'write it as YYYY-MM-DD'})
    .refine((value) => isCalendarDate(value.slice(0, 10)) && TIME_BEHIND.test(value.slice(10)), {
      error: 'is no date; write it as YYYY-MM-DD',
    });
const day = () =>
  z
    .string({error: 'write it as YYYY-MM-DD'})
    .refine(isCalendarDate, {error: 'is no day of the calendar; write it as YYYY-MM-DD'});
const UNTIL_FORMS = 'write a day as YYYY-MM-DD, or a moment as YYYY-MM-DDThh:mmZ';
const duration = () =>
  z
    .string({error: 'write a number with its unit, like 90s, 10m or 2h'})
    .refine((value) => parseDuration(value) !== undefined, {
      error: 'is no duration; write a number with its unit, like 90s, 10m or 2h',
    });

const size = () =>
  z
    .union([z.string(), z.int()], {error: 'write a number with its unit, like 20G'})
    .refine((value) => parseSize(String(value)) !== undefined, {
      error: 'is no size; write a number with its unit, like 512M, 20G or 1T',
    });

const isRegex = (value: string): boolean => {
  try {
    return new RegExp(value, 'm') instanceof RegExp;
  } catch {
    return false;
  }
};
const metaValue = z.union([z.string(), z.number(), z.boolean(), z.null()], {error: 'text'});
const meta = () => z.record(z.string(), metaValue);
const variables = () => z.record(z.string(), z.union([z.string(), z.number()], {error: 'text'}));

const version = z.strictObject({
  version: filled().describe(
    'Version of the image, quoted; natural order decides which is newest. "latest": whatever the source offers, identified by its digest.',
  ),
  url: origin().describe(
    'Where the image comes from; becomes the property image_source. oci:// is a container image with one file below /disk; image_source is then private. image:ID[@CLOUD] is an image of this cloud or of another entry of clouds.yaml; image_source is then private, too.',
  ),
  mirror_url: mirror().nullish().describe('Preferred for the bytes; image_source stays url.'),
  checksum: z
    .string()
    .refine((value) => parseDigest(value) !== undefined, {
      error: 'is no digest; write algorithm:hex, with md5, sha1, sha256, sha384 or sha512 and all of its digits',
    })
    .nullish()
    .describe('Digest of the file behind the URL, algorithm:hex.'),
  checksums_url: digestList().nullish().describe('List of digests with file names (SHA256SUMS).'),
  checksum_url: digestList().nullish().describe('File that holds one bare digest.'),
  allow_http_redirect: z
    .boolean()
    .nullish()
    .describe('The server may redirect from https to http; only with checksum, which then decides about the bytes.'),
  build_date: date().nullish().describe('Day of the build; becomes the property image_build_date.'),
  visibility: z.enum(VISIBILITIES).nullish().describe('Overrides the visibility of the image.'),
  hidden: z.boolean().nullish().describe('Publish this version with os_hidden.'),
  os_version: text().nullish().describe('Property os_version of this version (multi: true only).'),
  meta: meta().nullish().describe('Properties of this version; they win over those of the image, null takes one away.'),
  image_description: text().nullish().describe('Property image_description of this version.'),
  source: z
    .union([z.literal('private'), download()], {error: 'a URL or the word private'})
    .nullish()
    .describe('Shown as image_source instead of url.'),
  id: z
    .string()
    .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
      error: 'is no UUID in lowercase; write 8-4-4-4-12 hexadecimal digits',
    })
    .nullish()
    .describe('The Glance id that the image gets.'),
  revoked: filled()
    .nullish()
    .describe('Why this version is not wanted any more: it is not imported, and an older version takes its place.'),
});

const build = z
  .strictObject({
    elements: z.array(filled()).min(1).describe('Elements of diskimage-builder.'),
    environment: variables().nullish().describe('Environment variables of the build.'),
    containerfile: filled()
      .nullish()
      .describe('A Containerfile whose file system the image gets; relative to this file, not outside of its folder.'),
    context: filled().nullish().describe('What its COPY and ADD see. Default: the folder of the Containerfile.'),
    build_args: variables().nullish().describe('Values of the ARG instructions of the Containerfile; no secrets.'),
    packages: z.array(filled()).nullish().describe('Additional packages.'),
    release: filled().nullish().describe('Release of the distribution, as DIB_RELEASE.'),
    size: z
      .int()
      .min(1)
      .max(1024)
      .nullish()
      .describe('Size of the disk in GiB. Default: what the content needs, and a reserve.'),
    mkfs_options: filled().nullish().describe('Options of mkfs for the root file system.'),
    formats: z
      .array(z.enum(BUILD_FORMATS))
      .min(1)
      .nullish()
      .describe('What is made of the one disk. Default: the format of the image.'),
    compress: z.boolean().nullish().describe('Compress the qcow2: smaller, slower to make. Default: true.'),
    timeout: duration().nullish().describe('Limit of the whole build, like 60m. Default: 60m.'),
    source: download().nullish().describe('Shown as image_source. Default: private.'),
    elements_path: filled().nullish().describe('Folder with elements of your own; relative to this file.'),
  })
  .describe('Made here by diskimage-builder, instead of versions.');

const DATASOURCES = ['metadata', 'config-drive', 'nocloud'] as const;
const verify = z
  .strictObject({
    mode: z
      .enum(['agent', 'boot', 'none'])
      .nullish()
      .describe('agent: ask the guest; boot: the server has to come up; none: not verified.'),
    deadline: duration().nullish().describe('Limit from the creation of the server to the verdict, like 10m.'),
    flavor: filled().nullish().describe('Flavor of the test server.'),
    network: filled().nullish().describe('Network of the test server.'),
    root: z
      .literal('volume')
      .nullish()
      .describe('volume: the test server boots from a volume. Default: as the flavor and the cloud have it.'),
    start: script()
      .nullish()
      .describe('Command that runs in the background of the guest while ready is tried; it must not fail.'),
    ready: script().nullish().describe('Command that has to succeed in the guest, tried every 2 s until the deadline.'),
    console: filled()
      .refine((value) => isRegex(value), {error: 'is no regular expression; correct it'})
      .nullish()
      .describe('mode boot: a regular expression that the serial console has to show; default: login:.'),
    port: z.int().min(1).max(65_535).nullish().describe('mode boot: a TCP port of the server that has to answer.'),
    checks: z
      .partialRecord(
        z.enum(CHECK_IDS, {error: 'is no check; docs/checks.md lists them'}),
        z.union([z.boolean(), z.enum(['on', 'off', 'fail', 'warn', 'info'])], {error: 'on, off, fail, warn or info'}),
      )
      .nullish()
      .describe('Per check: off, on (its own severity), or the severity fail, warn, info.'),
    datasource: z
      .union([z.enum(DATASOURCES), z.array(z.enum(DATASOURCES)).min(1)], {
        error: 'metadata, config-drive, nocloud, or a list of these',
      })
      .nullish()
      .describe('Ways in which the guest gets its metadata; every listed one has to pass.'),
  })
  .describe('How the image is verified before it is published.');

const limits = z
  .strictObject({
    download: size().nullish().describe('Of the file as served, like 20G. Default: 64G.'),
    unpacked: size().nullish().describe('Of the file after unpacking. Default: 64G.'),
    virtual: size().nullish().describe('Of the disk that the image claims. Default: 256G.'),
  })
  .describe('What the image may have at most; units K, M, G, T of 1024.');

const exception = z.strictObject({
  rule: z.enum(RULE_IDS).describe('The rule that may be broken.'),
  reason: filled().describe('Why, for the readers of the report.'),
  until: day().describe('Last day (UTC) on which it is accepted.'),
});
const audit = z
  .strictObject({ignore: z.array(exception).describe('Findings that are accepted for a time.')})
  .describe('What the audit of this image leaves out.');

const share = z
  .strictObject({
    projects: z
      .array(
        z.string().regex(/^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/, {
          error: 'is no id of a project; write the one that "openstack project show NAME -f value -c id" prints',
        }),
      )
      .nullish()
      .describe('Ids of projects.'),
    domains: z.array(filled()).nullish().describe('Domains, by name or id: all of their projects.'),
  })
  .describe('Members of the published image; with visibility: shared.');

const hold = z
  .strictObject({
    until: z
      .string({error: UNTIL_FORMS})
      .refine((value) => parseUntil(value) !== undefined, {error: `is no such moment; ${UNTIL_FORMS}`})
      .describe('Last day (UTC), YYYY-MM-DD, or a moment like 2026-12-24T18:00Z.'),
    reason: filled().describe('Why, for those who read what a run reports.'),
  })
  .describe('Until then nothing is published, retired, deactivated or deleted.');

/** One entry of `images`. */
export const imageSchema = z.strictObject({
  name: filled().describe('The plain name of the image.'),
  enable: z.boolean().nullish().describe('false: not imported unless --force. Default: true.'),
  format: z.enum(DEFINITION_FORMATS).describe('disk_format in Glance.'),
  login: text().describe('User of the image; becomes the property image_original_user.'),
  password: text().nullish().describe('Preset password, for documentation only.'),
  min_disk: count().nullish().describe('GiB; raised to the virtual size of the image. Default: 0.'),
  min_ram: count().describe('MiB.'),
  status: z.enum(['active', 'deactivated']).describe('Status that the published image gets.'),
  visibility: z.enum(VISIBILITIES).describe('Who sees the published image.'),
  multi: z.boolean().describe('true: the newest version bears the plain name; false: every version is "name version".'),
  separator: text().nullish().describe('Between name and version. Default: one space.'),
  keep: z.boolean().nullish().describe('true: images of this definition are never deleted. Default: false.'),
  tags: z.array(filled()).describe('Tags of the current image.'),
  meta: meta().describe('Properties of the image; any key.'),
  versions: z.array(version).nullish().describe('What is to be there; may be empty.'),
  image_description: text().nullish().describe('Property image_description. Default: the name.'),
  shortname: text().nullish().describe('For tools that keep catalogues up to date.'),
  latest_url: url(/^(?:https?|ftps?):\/\/[^\s/]/i, 'http:, https: and ftp:')
    .nullish()
    .describe('For tools that keep catalogues up to date.'),
  latest_checksum_url: http().nullish().describe('For tools that keep catalogues up to date.'),
  build: build.nullish(),
  verify: verify.nullish(),
  limits: limits.nullish(),
  stores: z
    .array(filled())
    .min(1)
    .nullish()
    .describe("Glance stores that hold the bytes. Default: the cloud's default store."),
  share: share.nullish(),
  protected: z.boolean().nullish().describe('Guard the current image against deletion. Default: false.'),
  audit: audit.nullish(),
  hold: hold.nullish(),
  retire_as: z.enum(RETIRE_WAYS).nullish().describe('How a superseded image is retired. Default: renamed.'),
});

/** A whole file, its images not looked at; they are checked one by one. */
export const fileShape = z.strictObject({images: z.array(z.unknown()).min(1)});

/** The keys that are known at a path inside an entry of `images`. */
export function keysOfImage(path: readonly PropertyKey[]): readonly string[] {
  const [section, item] = path;
  if (section === undefined) return Object.keys(imageSchema.shape);
  if (section === 'versions' && item !== undefined) return Object.keys(version.shape);
  if (section === 'build') return Object.keys(build.shape);
  if (section === 'hold') return Object.keys(hold.shape);
  if (section === 'share') return Object.keys(share.shape);
  if (section === 'limits') return Object.keys(limits.shape);
  if (section === 'audit') return Object.keys(item === undefined ? audit.shape : exception.shape);
  return section === 'verify' ? Object.keys(verify.shape) : [];
}

/** An entry of `images` that fits the schema; null stands for an absent key. */
export type RawImage = z.infer<typeof imageSchema>;
/** An entry of `versions` that fits the schema. */
export type RawVersion = z.infer<typeof version>;
/** The section `build` that fits the schema. */
export type RawBuild = z.infer<typeof build>;
/** The section `verify` that fits the schema. */
export type RawVerify = z.infer<typeof verify>;

/** The section `audit` that fits the schema. */
export type RawAudit = z.infer<typeof audit>;
/** The section `share` that fits the schema. */
export type RawShare = z.infer<typeof share>;
/** The section `limits` that fits the schema. */
export type RawLimits = z.infer<typeof limits>;

/** The JSON Schema of a definition file, for editors; rules between several keys are not in it. */
export function definitionsJsonSchema(): Record<string, unknown> {
  const {$schema, ...rest} = z.toJSONSchema(z.strictObject({images: z.array(imageSchema).min(1)}), {io: 'input'});
  return {$schema, title: 'Image definitions of imgmgr', ...rest};
}
