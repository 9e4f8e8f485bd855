import {describe, expect, it} from 'vitest';
import {formatOciReference, ociArchitecture, parseOciReference} from '../../../src/core/oci-reference.ts';

const SHA = `sha256:${'a'.repeat(64)}`;

describe('an address in a container registry', () => {
  it.each([
    ['oci://registry.example.org/team/debian:13', 'registry.example.org', 'team/debian', '13', undefined],
    ['oci://registry.example.org:5000/a', 'registry.example.org:5000', 'a', 'latest', undefined],
    ['oci://[::1]:5000/a_b/c__d/e--f.g:v1.2_3-x', '[::1]:5000', 'a_b/c__d/e--f.g', 'v1.2_3-x', undefined],
    [`oci://localhost/a@${SHA}`, 'localhost', 'a', undefined, SHA],
    [`OCI://Quay.IO/a/b:1@${SHA}`, 'quay.io', 'a/b', '1', SHA],
  ])('%s', (url, registry, repository, tag, digest) => {
    expect(parseOciReference(url)).toEqual({
      ...{registry, name: registry, repository},
      ...(tag !== undefined && {tag}),
      ...(digest !== undefined && {digest}),
    });
  });

  it.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])('%s is Docker Hub', (host) => {
    const hub = {registry: 'registry-1.docker.io', name: 'docker.io', tag: 'latest'};
    expect(parseOciReference(`oci://${host}/debian`)).toEqual({...hub, repository: 'library/debian'});
    expect(parseOciReference(`oci://${host}/team/debian`)).toEqual({...hub, repository: 'team/debian'});
  });

  it.each([
    ...['https://registry.example.org/a', 'oci:registry.example.org/a', 'oci://registry.example.org', 'oci:///a'],
    ...['oci://registry.example.org/', 'oci://registry.example.org/a//b', 'oci://registry.example.org/../a'],
    ...['oci://registry.example.org/A', 'oci://registry.example.org/a.', 'oci://registry.example.org/a___b'],
    ...['oci://registry.example.org/a..b', 'oci://registry.example.org/a/./b', 'oci://registry.example.org/a:'],
    ...['oci://registry.example.org/a:b:c', 'oci://registry.example.org/a:-x', 'oci://me:secret@example.org/a'],
    ...['oci://registry.example.org/a@sha256:abc', `oci://registry.example.org/a@${SHA}@${SHA}`],
    ...[
      'oci://registry.example.org/a?x=1',
      'oci://registry.example.org/a#b',
      'oci://-x/a',
      'oci://a b/c',
      'oci://example.org:65536/a',
    ],
    ...[`oci://registry.example.org/a@md5:${'a'.repeat(32)}`, `oci://example.org/${'a/'.repeat(200)}a`],
  ])('%s names no image', (url) => expect(parseOciReference(url)).toBeUndefined());

  it('is written with the digest that was read', () => {
    const of = parseOciReference('oci://index.docker.io/debian:13');
    expect(of && formatOciReference(of, SHA)).toBe(`oci://docker.io/library/debian:13@${SHA}`);
  });
});

it.each([
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['s390x', 's390x'],
  ['loong64', 'loong64'],
])('the processor %s is %s', (glance, oci) => expect(ociArchitecture(glance)).toBe(oci));
