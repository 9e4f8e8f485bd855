import type {FaultCause} from '../../core/verdict/judge.ts';

/**
 * What Nova's fault is about; undefined: the cloud, for a reason that is not known. A server in ERROR has no field for the cause, so
 * the text is the only witness.
 * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/exception.py (ImageUnacceptable, FlavorDiskSmallerThanImage, NoValidHost)
 */
export function faultCause(fault: string): FaultCause | undefined {
  if (fault.split('\n').some(isAboutImage)) return 'image';
  if (/quota|exceeded for (?:cores|instances|ram)/i.test(fault)) return 'quota';
  return /no valid host|maximum number of (?:re)?tries|NoValidHost/i.test(fault) ? 'no-valid-host' : undefined;
}

/** Nova's words for an image that does not fit, or cannot be read. */
function isAboutImage(line: string): boolean {
  const image = after(line, /image /i);
  return (
    /unacceptable|corrupt/i.test(image) ||
    /format/i.test(after(image, /not (?:be )?(?:in|of) /i)) ||
    /Flavor's disk is too small/i.test(line) ||
    /image/i.test(after(line, /is invalid/i))
  );
}

/** What follows the first place where the pattern is found. */
function after(text: string, pattern: RegExp): string {
  const found = pattern.exec(text);
  return found === null ? '' : text.slice(found.index + found[0].length);
}
