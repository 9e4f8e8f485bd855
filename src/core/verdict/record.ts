import {fnv1a} from '../fnv1a.ts';
import type {Form} from '../image/form.ts';
import type {Image} from '../image/image.ts';
import {remembered} from '../image/record.ts';
import type {Verdict} from './verdict.ts';

/** What is remembered of a verdict on the image itself. */
export interface RecordedVerdict {
  readonly kind: 'pass' | 'fail';
  readonly cause: string;
  /** Ids of the checks that failed it, as far as they fit. */
  readonly failed: readonly string[];
  readonly agent: string;
  readonly at: string;
  /** Hash of the boot-relevant values that it was booted with. */
  readonly boot: string;
}

/** Who gave a verdict, and when, by the server's clock. */
export interface VerdictContext {
  readonly run: string;
  readonly at: Date;
  /** {@link bootHash} of the form that was booted. */
  readonly boot: string;
}

const LONGEST_VALUE = 255;
const BOOT_KEY = /^(?:hw_|img_|trait:)|^(?:os_type|os_secure_boot|architecture|hypervisor_type)$/;

/** What is kept of a verdict, by the names that the image's record knows; each at most 255 characters, nothing of the console. */
export function verdictProperties(verdict: Verdict, {run, at, boot}: VerdictContext): Record<string, string> {
  return {
    imgmgr_verdict: verdict.kind === 'pass' ? 'pass' : 'fail',
    imgmgr_verdict_cause: verdict.cause,
    imgmgr_verdict_checks: shortened(verdict.failed),
    imgmgr_verdict_agent: verdict.agentVersion?.slice(0, LONGEST_VALUE) ?? 'none',
    imgmgr_verdict_at: `${at.toISOString().slice(0, 19)}Z`,
    imgmgr_verdict_run: run,
    imgmgr_boot: boot,
  };
}

const UNSEEN = 'no-witness ';

/** After so many boots without a witness an image is not booted again by itself. */
export const MOST_UNSEEN = 3;

/** How often in a row the image was booted without a report and without a console. */
export function unseenBoots(image: Pick<Image, 'properties'>): number {
  const text = remembered(image, 'imgmgr_verdict') ?? '';
  const count = text.startsWith(UNSEEN) ? Number(text.slice(UNSEEN.length)) : 0;
  return Number.isSafeInteger(count) ? count : 0;
}

/** One more of them, in the place of a verdict, which it is not: {@link readVerdict} sees none. */
export function unseenProperties(image: Pick<Image, 'properties'>): Record<string, string> {
  return {imgmgr_verdict: `${UNSEEN}${unseenBoots(image) + 1}`};
}

/** The verdict that an image carries; undefined: none, or an unreadable one. */
export function readVerdict(image: Pick<Image, 'properties'>): RecordedVerdict | undefined {
  const kind = remembered(image, 'imgmgr_verdict');
  if (kind !== 'pass' && kind !== 'fail') return undefined;
  const read = (name: string): string => remembered(image, `imgmgr_${name}`) ?? '';
  return {
    kind,
    cause: read('verdict_cause'),
    failed: read('verdict_checks')
      .split(' ')
      .filter((id) => id !== '' && id !== 'none'),
    agent: read('verdict_agent'),
    at: read('verdict_at'),
    boot: read('boot'),
  };
}

/**
 * What of an image's boot properties a form has otherwise, in words: `boot property changed (min_ram 128 → 256)`. Where the image shows no
 * difference, since somebody has changed it by hand: `boot properties changed`.
 */
export function bootChange(image: Pick<Image, 'properties' | 'minDisk' | 'minRam'>, form: BootForm): string {
  const [before, after] = [bootPairs(image), bootPairs(form)];
  const changes = [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .sort()
    .map((key) => `${key} ${before.get(key) ?? 'none'} → ${after.get(key) ?? 'none'}`);
  if (changes.length === 0) return 'boot properties changed';
  return `boot ${changes.length === 1 ? 'property' : 'properties'} changed (${changes.join(', ')})`;
}

/** True for a property that a boot depends on. */
export function isBootProperty(key: string): boolean {
  return BOOT_KEY.test(key);
}

function bootPairs({properties, minDisk, minRam}: BootForm): ReadonlyMap<string, string> {
  const own = Object.entries(properties).filter(([key]) => BOOT_KEY.test(key));
  return new Map([...own, ['min_disk', String(minDisk)], ['min_ram', String(minRam)]]);
}

/** What a boot depends on is in it. */
type BootForm = Pick<Form, 'properties' | 'minDisk' | 'minRam'>;

/**
 * Stands for everything in a form that a boot depends on: `hw_*`, `img_*`, `os_type`, `os_secure_boot`, `trait:*`,
 * architecture, hypervisor_type, min_disk, min_ram. 16 hexadecimal digits; no protection against forgery is needed.
 */
export function bootHash(form: BootForm): string {
  const pairs = Object.entries(form.properties).filter(([key]) => BOOT_KEY.test(key));
  const text = JSON.stringify([pairs.sort(([a], [b]) => (a < b ? -1 : 1)), form.minDisk, form.minRam]);
  return fnv1a(text);
}

/** Booted with the values that the form has now; an image from before verdicts were kept counts as such. */
export function wasBootedAs(image: Pick<Image, 'properties'>, form: BootForm): boolean {
  const boot = remembered(image, 'imgmgr_boot');
  return boot === undefined || boot === bootHash(form);
}

function shortened(ids: readonly string[]): string {
  let text = '';
  for (const id of ids) {
    const longer = text === '' ? id : `${text} ${id}`;
    if (longer.length > LONGEST_VALUE - 4) return `${text} …`;
    text = longer;
  }
  return text === '' ? 'none' : text;
}
