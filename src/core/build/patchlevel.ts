import type {Package} from './packages.ts';

/**
 * The point release that packages are of, for SCS-0102's `patchlevel`: `12.15` on Debian, `9.6` on Rocky Linux, AlmaLinux and RHEL;
 * undefined where no package says it for certain. Debian numbers each point release in the version of base-files
 * (https://salsa.debian.org/debian/base-files, debian/changelog: 12.4+deb12u15 is Debian 12.15).
 */
export function patchlevelOf(packages: readonly Package[]): string | undefined {
  const versionOf = (name: string): string | undefined => packages.find((each) => each.name === name)?.version;
  const debian = /\+deb(?<release>\d+)u(?<point>\d+)$/.exec(versionOf('base-files') ?? '')?.groups;
  if (debian) return `${debian['release'] ?? ''}.${debian['point'] ?? ''}`;
  for (const name of ['rocky-release', 'almalinux-release', 'redhat-release']) {
    const [point] = /^\d+\.\d+/.exec(versionOf(name) ?? '') ?? [];
    if (point !== undefined) return point;
  }
  return undefined;
}
