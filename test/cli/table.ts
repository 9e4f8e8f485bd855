import {expect} from 'vitest';
import type {FakeCloudOptions} from '../fakes/fake-cloud.ts';
import type {ImageRecord, ImageView} from '../fakes/glance/image-table.ts';
import type {Desk, Ran} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

type Words = Readonly<Record<string, string>>;

/** A desk with short words for the rows of the behaviour table; every command runs on the cloud `admin`. */
export interface Table extends Desk {
  /** Serves made-up bytes of a version as `/x-VERSION.img` and gives the address. */
  serve(version: string, bytes?: Uint8Array): string;
  /** The text of a definition X whose versions (`1`, or `- {version: …}` as it stands) are served. */
  x(versions: readonly string[], changes?: Words, meta?: Words): string;
  /** The same with `multi: false` and `last-1`. */
  n(versions: readonly string[], changes?: Words, meta?: Words): string;
  /** Runs a command over these definitions (one text, or several). */
  run(command: string, text: string | readonly string[], ...flags: readonly string[]): Promise<Ran>;
  /** `manage --no-verify` over these definitions. */
  manage(text: string | readonly string[], ...flags: readonly string[]): Promise<Ran>;
  /** The last command once more: the same exit code, no write, the same cloud. */
  expectQuiet(): Promise<void>;
  /** `name | visibility | hidden | deactivated | os_purpose`, sorted; what is not so is left out. */
  show(): string[];
  names(): string[];
  /** The one image of this name (of this version, where several bear it). */
  named(name: string, version?: string): ImageView;
  /** Changes an image as an operator would, past imgmgr. */
  byHand(name: string, fields: Partial<ImageRecord>): void;
}

export async function openTable(options: FakeCloudOptions = {}, more: Words = {}): Promise<Table> {
  const desk = await openDesk(options, more);
  let last: {readonly argv: readonly string[]; readonly code: number} | undefined;

  const run = async (argv: readonly string[]): Promise<Ran> => {
    const ran = await desk.imgmgr(...argv);
    last = {argv, code: ran.code};
    return ran;
  };
  const serve = (version: string, bytes: Uint8Array = Buffer.alloc(50_000, `version ${version} `)): string => {
    desk.upstream.put(`/x-${version}.img`, bytes);
    return `${desk.upstream.url}/x-${version}.img`;
  };
  const x = (versions: readonly string[], changes: Words = {}, meta: Words = {}): string =>
    yaml(
      versions.map((version) => (version.startsWith('- ') ? version : listed(version, serve(version)))),
      changes,
      meta,
    );
  const show = (): string[] => desk.cloud.views().map(line).sort();
  const named = (name: string, version?: string): ImageView => {
    const found = desk.cloud
      .views()
      .filter((view) => view['name'] === name && (version === undefined || view['internal_version'] === version));
    expect(found, `images named ${name}`).toHaveLength(1);
    return found[0] ?? {};
  };

  return {
    ...desk,
    serve,
    x,
    n: (versions, changes = {}, meta = {}) =>
      x(versions, {multi: 'false', ...changes}, {uuid_validity: 'last-1', ...meta}),
    run: async (command, text, ...flags) => {
      const images = await desk.write(together([text].flat()));
      return run([command, '--cloud', 'admin', '--images', images, ...flags]);
    },
    manage: async (text, ...flags) => {
      const images = await desk.write(together([text].flat()));
      return run(['manage', '--cloud', 'admin', '--images', images, '--no-verify', ...flags]);
    },
    expectQuiet: async () => {
      expect(last).toBeDefined();
      const before = desk.cloud.views();
      desk.cloud.clearLog();
      const {code} = await desk.imgmgr(...(last?.argv ?? []));
      expect([code, desk.cloud.writes(), desk.cloud.views()]).toEqual([last?.code, [], before]);
    },
    show,
    names: () =>
      desk.cloud
        .views()
        .map((view) => String(view['name']))
        .sort(),
    named,
    byHand: (name, fields) => {
      desk.cloud.images.change(String(named(name)['id']), 'an operator', (record) => Object.assign(record, fields));
    },
  };
}

/** Several texts of `images:` as one. */
function together(texts: readonly string[]): string {
  return `images:\n${texts.map((text) => text.replace(/^images:\n/, '')).join('')}`;
}

function line(view: ImageView): string {
  return [
    view['name'],
    view['visibility'],
    ...(view['os_hidden'] === true ? ['hidden'] : []),
    ...(view['status'] === 'active' ? [] : [view['status']]),
    view['os_purpose'] ?? '-',
  ].join(' | ');
}

/** Property or field of an image, one after the other. */
export function fields(view: ImageView, ...keys: readonly string[]): unknown[] {
  return keys.map((key) => view[key]);
}
