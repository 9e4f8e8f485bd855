import {describe, expect, test} from 'vitest';
import {
  badEndpoint,
  findEndpoint,
  inRegion,
  noEndpoint,
  regionOf,
  regionsWithSameImages,
} from '../../../src/openstack/catalog.ts';
import type {CatalogService, EndpointChoice} from '../../../src/openstack/catalog.ts';
import {cloudEntry} from '../../fakes/cloud-entry.ts';

const CATALOG: readonly CatalogService[] = [
  {
    type: 'image',
    endpoints: [
      {interface: 'public', region: 'North', url: 'https://north/image/'},
      {interface: 'internalURL', region: 'North', url: 'http://north.internal:9292'},
      {interface: 'public', region: 'South', url: 'https://south/image'},
    ],
  },
  {type: 'identity', endpoints: []},
];

function choice(change: Partial<EndpointChoice> = {}): EndpointChoice {
  const auth = {type: 'token', authUrl: 'https://k', token: 't', scope: {type: 'system'}} as const;
  return {...cloudEntry({name: 'c', auth}), ...change};
}

describe('the endpoint', () => {
  test.each([
    ['of the region and interface', choice({region: 'South'}), 'https://south/image'],
    [
      'with the old spelling of the interface',
      choice({region: 'North', interfaces: ['internal']}),
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
      choice({region: 'North', serviceRegions: {image: 'South'}}),
      'https://south/image',
    ],
    [
      'of the best interface that there is',
      choice({region: 'South', serviceInterfaces: {image: ['internal', 'public']}}),
      'https://south/image',
    ],
    ['of a type that is not in the catalog is none', choice({catalogTypes: {image: 'imagev2'}}), undefined],
    ['of a region that does not exist is none', choice({region: 'West'}), undefined],
    ['of an interface that does not exist is none', choice({region: 'South', interfaces: ['admin']}), undefined],
  ])('%s', (_, wanted, url) => {
    expect(findEndpoint(CATALOG, 'image', wanted)).toBe(url);
  });
});

const TWO_NAMES: readonly CatalogService[] = [
  {type: 'image', name: 'glance-old', endpoints: [{interface: 'public', region: 'North', url: 'https://old'}]},
  {type: 'image', name: 'glance', endpoints: [{interface: 'public', region: 'North', url: 'https://new'}]},
];

describe('L: image_service_name', () => {
  test('chooses the service of that name', () => {
    expect(findEndpoint(TWO_NAMES, 'image', choice({catalogNames: {image: 'glance'}}))).toBe('https://new');
    expect(findEndpoint(TWO_NAMES, 'image', choice())).toBe('https://old');
  });

  test('means nothing where the catalog has no names, as in keystoneauth', () => {
    const named = choice({catalogNames: {image: 'glance'}});
    expect(findEndpoint(CATALOG, 'image', named)).toBe('https://north/image');
  });

  test('of a service that is not there is refused with the names that are', () => {
    const named = choice({region: 'North', catalogNames: {image: 'nope'}});
    expect(findEndpoint(TWO_NAMES, 'image', named)).toBeUndefined();
    expect(noEndpoint(TWO_NAMES, 'image', named)).toMatchObject({
      message: "cloud 'c' has no public image endpoint of a service named 'nope' in region 'North' in its catalog",
      hint: "its image services are named 'glance-old', 'glance': correct image_service_name in clouds.yaml, or remove it",
    });
  });
});

describe('R15: regions with the same images', () => {
  const shared: readonly CatalogService[] = [
    {
      type: 'image',
      endpoints: [
        {interface: 'public', region: 'North', url: 'https://image/'},
        {interface: 'internal', region: 'North', url: 'http://image.internal'},
        {interface: 'public', region: 'South', url: 'https://image'},
        {interface: 'internal', region: 'East', url: 'http://image.internal'},
        {interface: 'public', region: 'West', url: 'https://other'},
      ],
    },
  ];

  test('are those with one of the addresses of our image service, on any interface', () => {
    expect(regionsWithSameImages(shared, choice({region: 'North'}))).toEqual(['North', 'South', 'East']);
    expect(regionsWithSameImages(shared, choice({region: 'West'}))).toEqual(['West']);
  });

  test('are found by an address that clouds.yaml gives, too', () => {
    const overridden = choice({region: 'None', endpointOverrides: {image: 'https://other'}});
    expect(regionsWithSameImages(shared, overridden)).toEqual(['West']);
  });

  test('are looked at without what clouds.yaml says for the own region', () => {
    const own = choice({region: 'North', endpointOverrides: {image: 'x'}, serviceRegions: {image: 'West'}});
    expect(findEndpoint(shared, 'image', inRegion(own, 'South'))).toBe('https://image');
  });
});

describe('R4: the region of a service', () => {
  test('where none is chosen is the first of the catalog, and the others are known', () => {
    expect(regionOf(CATALOG, 'image', choice())).toEqual({region: 'North', others: ['South']});
    expect(regionOf(CATALOG, 'image', choice({interfaces: ['internal']}))).toEqual({region: 'North', others: []});
  });

  test('where one is chosen is that', () => {
    expect(regionOf(CATALOG, 'image', choice({region: 'South'}))).toEqual({region: 'South', others: []});
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
