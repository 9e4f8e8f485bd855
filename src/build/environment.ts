import {secretIn} from '../core/build/secrets.ts';
import {ImgmgrError} from '../errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What every build gets unless its definition says otherwise; part of its inputs. No second network configuration besides the
 * definition's, no waiting in the boot loader, a journal of 64 MiB as a small disk needs. (The bootloader element adds both consoles.)
 */
export const DEFAULTS: Readonly<Record<string, string>> = {
  DIB_APT_MINIMAL_CREATE_INTERFACES: '0',
  DIB_GRUB_TIMEOUT: '0',
  DIB_JOURNAL_SIZE: '64',
  DIB_BOOTLOADER_DEFAULT_CMDLINE: 'quiet',
};

/** Only how fast a build is depends on these; the packages of a cached debootstrap are brought up to date by the build. */
export const CACHES: Readonly<Record<string, string>> = {
  DIB_DEBOOTSTRAP_CACHE: '1',
  DIB_DEBIAN_USE_DEBOOTSTRAP_CACHE: '1',
  DIB_APT_LOCAL_CACHE: '1',
};

/** Variables that say where things are fetched from. */
const PLACES = /^DIB_(?:APT_SOURCES_CONF|YUM_REPO_CONF|DEBIAN_SECURITY_SUBPATH)$/;

function isPlace(name: string): boolean {
  return PLACES.test(name) || (/^DIB_\w+$/.test(name) && name.includes('MIRROR'));
}

/**
 * The mirrors that the environment of this host names: they are no property of the image. CONFIG where one holds a password,
 * since the image would.
 */
export function mirrorsOf(env: Env): Record<string, string> {
  const named = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    isPlace(name) && value !== undefined && value !== '' ? [[name, value]] : [],
  );
  for (const [name, value] of named) {
    const secret = secretIn(name, value);
    if (secret !== undefined)
      throw new ImgmgrError(
        'CONFIG',
        `${name} ${secret}, and diskimage-builder writes its environment into the image`,
        {
          place: `environment variable ${name}`,
          hint: 'use a mirror that asks for no password, or a proxy in between',
        },
      );
  }
  return Object.fromEntries(named);
}
