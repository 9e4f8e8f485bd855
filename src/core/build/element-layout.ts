/** The folders whose files diskimage-builder runs; in the order of a build. */
export const PHASES: ReadonlySet<string> = new Set([
  'root.d',
  'extra-data.d',
  'pre-install.d',
  'install.d',
  'post-install.d',
  'post-root.d',
  'block-device.d',
  'pre-finalise.d',
  'finalise.d',
  'cleanup.d',
]);

/** What may lie at the top of an element, because diskimage-builder or one of its elements reads it. */
export const TOP_LEVEL_NAMES: readonly string[] = [
  ...PHASES,
  'environment.d',
  'README.rst',
  'element-deps',
  'element-provides',
  'package-installs.yaml',
  'package-installs.json',
  'pkg-map',
  'svc-map',
  'bin',
  'static',
  'init-scripts',
  'block-device-default.yaml',
  'test-elements',
  'releasenotes',
  // Of ramdisks and their tools.
  'init.d',
  'udev.d',
  'binary-deps.d',
  'ramdisk-install.d',
  'dracut.conf.d',
  'dracut-drivers.d',
  'modprobe.d',
  // Of single elements: container images, yum, os-refresh-config.
  'containerfiles',
  'yum.repos.d',
  'os-refresh-config',
  'tests',
  '__init__.py',
];

const PATTERNS = [/^block-device-[a-z0-9_]+\.yaml$/, /^source-repository-[^/]+$/, /^\./];

/** Whether something reads a file or folder of this name at the top of an element; hidden ones are nobody's business. */
export function isTopLevelName(name: string): boolean {
  return TOP_LEVEL_NAMES.includes(name) || PATTERNS.some((pattern) => pattern.test(name));
}
