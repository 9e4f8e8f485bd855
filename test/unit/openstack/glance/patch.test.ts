import {expect, test} from 'vitest';
import {createBody, patchOperations} from '../../../../src/openstack/glance/patch.ts';
import {imageOf} from './image.ts';

const live = imageOf({properties: {there: '1', 'a/b~c': '1'}});

test('base fields are replaced, the visibility first', () => {
  expect(
    patchOperations(live, {
      name: 'n',
      osHidden: false,
      visibility: 'public',
      protected: true,
      diskFormat: 'raw',
      minDisk: 0,
      minRam: 1,
      tags: [],
    }),
  ).toEqual([
    {op: 'replace', path: '/visibility', value: 'public'},
    {op: 'replace', path: '/os_hidden', value: false},
    {op: 'replace', path: '/name', value: 'n'},
    {op: 'replace', path: '/protected', value: true},
    {op: 'replace', path: '/disk_format', value: 'raw'},
    {op: 'replace', path: '/min_disk', value: 0},
    {op: 'replace', path: '/min_ram', value: 1},
    {op: 'replace', path: '/tags', value: []},
  ]);
});

test('properties are added, present or not; only present ones are removed; their names are escaped', () => {
  expect(
    patchOperations(live, {set: {there: '2', 'n/m~o': '3'}, remove: ['there', 'absent', 'a/b~c', 'toString']}),
  ).toEqual([
    {op: 'add', path: '/there', value: '2'},
    {op: 'add', path: '/n~1m~0o', value: '3'},
    {op: 'remove', path: '/there'},
    {op: 'remove', path: '/a~1b~0c'},
  ]);
});

test('nothing named, nothing changed', () => {
  expect(patchOperations(live, {})).toEqual([]);
  expect(patchOperations(live, {remove: ['absent']})).toEqual([]);
});

test('a new image is private whatever its properties say', () => {
  const body = createBody({
    name: 'n',
    osHidden: true,
    tags: ['t'],
    properties: {visibility: 'public', os_hidden: 'no', name: 'x', k: 'v'},
  });
  expect(body).toEqual({name: 'n', visibility: 'private', os_hidden: true, tags: ['t'], k: 'v'});
  expect(
    createBody({
      id: 'i',
      name: 'n',
      osHidden: false,
      tags: [],
      properties: {},
      diskFormat: 'raw',
      minDisk: 1,
      minRam: 2,
    }),
  ).toEqual({
    id: 'i',
    name: 'n',
    visibility: 'private',
    os_hidden: false,
    tags: [],
    disk_format: 'raw',
    container_format: 'bare',
    min_disk: 1,
    min_ram: 2,
  });
});
