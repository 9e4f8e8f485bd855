import {describe, expect, test} from 'vitest';
import {badEndpoint, findEndpoint, noEndpoint} from '../../../src/openstack/catalog.ts';
import type {CatalogService, EndpointChoice} from '../../../src/openstack/catalog.ts';

const CATALOG: readonly CatalogService[] = [
  {
    type: 'image',
    endpoints: [
      {interface: 'public', region: 'North', url: 'https://north/image/'},
      {interface: 'internal', region: 'North', url: 'http://north.internal:9292'},
      {interface: 'public', region: 'South', url: 'https://south/image'},
    ],
  },
  {type: 'identity', endpoints: []},
];

function choice(change: Partial<EndpointChoice> = {}): EndpointChoice {
  return {name: 'c', interface: 'public', endpointOverrides: {}, ...change};
}

describe('the endpoint', () => {
  test.each([
    ['of the region and interface', choice({region: 'South'}), 'https://south/image'],
    [
      'with the old spelling of the interface',
      choice({region: 'North', interface: 'internalURL'}),
      'http://north.internal:9292',
    ],
    ['first of the catalog where no region is named', choice(), 'https://north/image'],
    ['that clouds.yaml overrides', choice({region: 'None', endpointOverrides: {image: 'http://mine/'}}), 'http://mine'],
    [
      'that clouds.yaml overrides, with our project filled in',
      choice({endpointOverrides: {image: 'http://mine/%(project_id)s'}, projectId: 'p1'}),
      'http://mine/p1',
    ],
    [
      'of the region that is named for this service alone',
      choice({region: 'North', services: {image: {region: 'South'}}}),
      'https://south/image',
    ],
    [
      'of the best interface that there is',
      choice({region: 'South', services: {image: {interfaces: ['internal', 'public']}}}),
      'https://south/image',
    ],
    ['of a type that is not in the catalog is none', choice({services: {image: {type: 'imagev2'}}}), undefined],
    ['of a region that does not exist is none', choice({region: 'West'}), undefined],
    ['of an interface that does not exist is none', choice({region: 'South', interface: 'admin'}), undefined],
  ])('%s', (_, wanted, url) => {
    expect(findEndpoint(CATALOG, 'image', wanted)).toBe(url);
  });
});

describe('a missing endpoint', () => {
  test('names the regions and interfaces that exist', () => {
    const error = noEndpoint(CATALOG, 'image', choice({region: 'West'}));
    expect(error.code).toBe('CONFIG');
    expect(error.message).toBe("cloud 'c' has no public image endpoint in region 'West' in its catalog");
    expect(error.hint).toContain("public in 'North', internal in 'North', public in 'South'");
  });

  test('names the services that exist where this one does not', () => {
    expect(noEndpoint(CATALOG, 'compute', choice()).hint).toContain('(image, identity)');
    expect(noEndpoint([], 'compute', choice()).hint).toContain('the catalog is empty');
  });

  test('one that is no address says how to get round it', () => {
    expect(badEndpoint('http://%(host)s', 'image', choice())).toMatchObject({
      code: 'CONFIG',
      hint: expect.stringContaining('image_endpoint_override') as unknown,
    });
  });
});
