import {parseYaml} from '../../../../src/config/yaml.ts';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import {readDefinitions} from '../../../../src/core/definition/read.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import type {ImageState} from '../../../../src/core/image/stamp.ts';
import {readStamp, stampProperties} from '../../../../src/core/image/stamp.ts';
import type {OwnImage} from '../../../../src/core/release/release.ts';
import {image} from '../rules/subjects.ts';
import type {Changes} from '../rules/subjects.ts';

/** Definitions as the texts of `definition` in ../rules/subjects.ts say. */
export function parsed(...texts: readonly string[]): readonly Definition[] {
  const {root} = parseYaml(['images:', ...texts, ''].join('\n'), 'images.yml');
  return readDefinitions(root ? [root] : []).definitions;
}

/** An image of ours: of `Ubuntu 24.04`, version 20261124, current, unless told otherwise. */
export function own(
  {
    id = 'aaaaaaaa-0000-4000-8000-000000000001',
    definition = 'Ubuntu 24.04',
    version = '20261124',
    state = 'current',
  }: {
    readonly id?: string;
    readonly definition?: string;
    readonly version?: string;
    readonly state?: ImageState;
  } = {},
  {changes = {}, properties = {}}: {readonly changes?: Partial<Image>; readonly properties?: Changes} = {},
): OwnImage {
  const stamp = stampProperties({
    ...{definition, version, state, run: 'r', keys: [], adHoc: false},
    applied: {visibility: 'public', osHidden: false, status: 'active', protected: false},
  });
  const made = image(
    {id, ...(state === 'retired' && {name: `${definition} (${version})`}), ...changes},
    {...stamp, ...(state === 'retired' && {os_purpose: 'oldgeneric'}), ...properties},
  );
  const read = readStamp(made);
  if (!read) throw new Error('the image has no stamp');
  return {image: made, stamp: read};
}
