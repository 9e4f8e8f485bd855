import {expect, it} from 'vitest';
import {basesOf} from '../../../../src/core/build/containerfile.ts';

const PINNED = `debian@sha256:${'a'.repeat(64)}`;

it.each<[string, string, readonly string[]]>([
  ['one image', 'FROM debian:12', ['debian:12']],
  ['small letters, flags and blanks', '  from  --platform=linux/amd64   debian:12  as  base ', ['debian:12']],
  ['a digest', `FROM ${PINNED}\n`, [PINNED]],
  ['an image of two stages once', 'FROM a AS one\nFROM a AS two\n', ['a']],
  ['no stage for an image', 'FROM a AS Build\nFROM build\nCOPY --from=BUILD /x /y\nCOPY --from=0 /x /y', ['a']],
  ['scratch for no image', 'FROM scratch\nADD root.tar /', []],
  ['an image to copy from', 'FROM a\nCOPY --chown=1:1 --from=b:1 /x /y', ['a', 'b:1']],
  ['an image to mount', 'FROM a\nRUN --mount=type=bind,from=c,target=/c \\\n  true', ['a', 'c']],
  ['what goes on in the next line', 'FROM \\\n# not this\n\n  a:1 AS x\nRUN echo \\\nFROM b', ['a:1']],
  ['an image behind a command in backticks', 'FROM a\nRUN echo `date`\nFROM b', ['a', 'b']],
  ['an image behind a shift of bits', 'FROM a\nRUN echo $((1<<2))\nFROM b', ['a', 'b']],
  ['no comment', '# FROM b\nFROM a', ['a']],
  ['a copy in an instruction for later', 'FROM a\nONBUILD COPY --from=d /x /y', ['a', 'd']],
])('finds %s', (_, text, images) => {
  expect(basesOf(text)).toEqual({images});
});

it('says where an image is named by a variable', () => {
  expect(basesOf('ARG BASE=a\n\nFROM ${BASE}\nFROM $OTHER')).toEqual({
    images: [],
    variable: {text: '${BASE}', line: 3},
  });
});

it.each([
  ['# escape=`\nFROM a', 'a directive (# escape=, # syntax=)', 1],
  ['# Syntax = docker/dockerfile:1\nFROM a', 'a directive (# escape=, # syntax=)', 1],
  ['FROM a\nRUN <<EOF\nFROM b\nEOF', 'a here-document (<<)', 2],
  ['FROM a\nCOPY <<-"END" /x\nFROM b\nEND', 'a here-document (<<)', 2],
])('says what it does not read: %j', (text, unread, line) => {
  expect(basesOf(text).unread).toEqual({text: unread, line});
});
