import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';
import {FAMILIES} from '../../../../src/core/metrics/families.ts';

const PAGE = readFileSync(new URL('../../../../docs/monitoring.md', import.meta.url), 'utf8');

it('docs/monitoring.md names every metric with its labels, in their order, and no other', () => {
  const rows = [...PAGE.matchAll(/^\| `(imgmgr_\w+)` \| ([^|]*) \|/gm)];
  expect(rows.map(([, name]) => name)).toEqual(Object.keys(FAMILIES));
  const image = FAMILIES.imgmgr_image_info.labels.map((label) => `\`${label}\``).join(', ');
  expect(rows.map(([, , labels = '']) => labels.replace('the same', image).replaceAll(/[`,]/g, ''))).toEqual(
    Object.values(FAMILIES).map(({labels}) => labels.join(' ')),
  );
});
