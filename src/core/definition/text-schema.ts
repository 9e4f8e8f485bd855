import {z} from 'zod';
import {objectKind, parseObjectReference} from '../object-reference.ts';
import {isOciUrl, parseOciReference} from '../oci-reference.ts';

// The error texts are `what is wrong; what to do`.

const LONGEST = 255;

/** Text that Glance can store: no control characters, nothing beyond the basic plane (glance/common/utils.py, no_4byte_params). */
export const text = () =>
  z
    .string()
    .max(LONGEST)
    .refine((value) => !/[\p{Cc}\u{10000}-\u{10FFFF}]/u.test(value), {
      error: 'holds a control character or one that Glance cannot store; use other characters',
    });
/** The same, with more than blanks. */
export const filled = () => text().regex(/\S/, {error: 'is empty; give it a value', abort: true});
/** A script of a shell, of one line or of many. */
export const script = () =>
  z
    .string()
    .max(4096)
    .regex(/\S/, {error: 'is empty; give it a value', abort: true})
    .refine((value) => !/[^\P{Cc}\n\t]/u.test(value), {error: 'holds a control character; remove it'});

/** An address of these kinds, without blanks and credentials. */
export const url = (shape: RegExp, kinds: string) =>
  z
    .string()
    .regex(shape, {
      error: ({input}) => liveObject(input) ?? `is no ${kinds} URL; begin it with one of these`,
      abort: true,
    })
    .regex(/^\S+$/, {error: 'holds a blank; write %20 for it'})
    .refine((value) => !/^[a-z]+:\/\/[^/?#]*@/i.test(value), {
      error: 'holds a user name or password, which property image_source would show to everybody; remove it',
    });
/** An address of a web server. */
export const http = () => url(/^https?:\/\/[^\s/]/i, 'http or https');
/** What SCS-0102 takes as image_source, and files of this host. */
export const download = () =>
  url(/^(?:(?:https?|ftps?):\/\/[^\s/]|file:(?:\/\/\/)?[^\s/]|file:\/[^/])/i, 'http, https, ftp or file');
/** What bytes of an image are read from, beside what {@link origin} reads. */
export const mirror = () =>
  containerOrNot(
    url(
      /^(?:(?:https?|ftps?):\/\/[^\s/]|oci:\/\/|file:(?:\/\/\/)?[^\s/]|file:\/[^/])/i,
      'http, https, ftp, oci or file',
    ),
  );
/** What bytes of an image are read from. */
export const origin = () =>
  containerOrNot(
    url(
      /^(?:(?:https?|ftps?):\/\/[^\s/]|oci:\/\/|image:[^\s/]|file:(?:\/\/\/)?[^\s/]|file:\/[^/])/i,
      'http, https, ftp, oci, image or file',
    ),
  ).refine((value) => objectKind(value) === undefined || parseObjectReference(value) !== undefined, {
    error: 'names no image of a cloud; write image:ID, with @CLOUD for one of another entry of clouds.yaml',
  });
/** What digests are read from. */
export const digestList = () =>
  url(/^(?:https?:\/\/[^\s/]|file:(?:\/\/\/)?[^\s/]|file:\/[^/])/i, 'http, https or file');

function containerOrNot(address: z.ZodString) {
  return address.refine((value) => !isOciUrl(value) || parseOciReference(value) !== undefined, {
    error: 'names no container image; write oci://registry/repository:tag, with @sha256:… for one that never changes',
  });
}

/** Why what is written by people is no source of a definition, where it is one of the command line. */
function liveObject(value: unknown): string | undefined {
  const kind = typeof value === 'string' ? objectKind(value) : undefined;
  if (kind === undefined || kind === 'image') return undefined;
  return `is a ${kind.replace('-', ' ')}, and a definition would publish what is on it again and again, whoever wrote it meanwhile; import it once: imgmgr import ${kind}:ID`;
}
