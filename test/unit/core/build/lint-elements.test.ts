import {describe, expect, it} from 'vitest';
import type {ElementTree} from '../../../../src/core/build/element-tree.ts';
import {lintElements} from '../../../../src/core/build/lint-elements.ts';

const HOOK = '#!/bin/bash\nset -eu\nset -o pipefail\ntrue\n';

type Files = Readonly<
  Record<string, string | {readonly text?: string; readonly mode?: number; readonly kind?: 'link'}>
>;

/** An element with a README.rst; hooks are executable unless a mode is given. */
function element(name: string, files: Files, own = true): ElementTree {
  const all: Files = {'README.rst': 'what it does\n', ...files};
  return {
    name,
    folder: `/elements/${name}`,
    own,
    hash: '',
    files: Object.entries(all).map(([path, content]) => {
      const {text, mode, kind = 'file'} = typeof content === 'string' ? {text: content} : content;
      const common = {path, sha256: '', mode: mode ?? (path.includes('.d/') ? 0o755 : 0o644)};
      return {...common, kind, ...(text === undefined ? {} : {text})};
    }),
  };
}

/** `path:line message` of what is found in an element alone. */
function found(files: Files, ...others: ElementTree[]): string[] {
  return lintElements([element('mine', files), ...others]).map(
    ({path, line, message}) => `${path}${line === undefined ? '' : `:${line}`} ${message}`,
  );
}

function hints(files: Files, ...others: ElementTree[]): string[] {
  return lintElements([element('mine', files), ...others]).map(({hint}) => hint);
}

describe('what is told and refuses nothing', () => {
  const advice = (files: Files): unknown[] => lintElements([element('mine', files)]).map((finding) => finding.advice);
  it.each<[string, Files]>([
    ['a missing number', {'install.d/mine': HOOK}],
    ['options that only catch slips', {'install.d/50-mine': '#!/bin/bash\nset -e\n'}],
    ['a name without .bash', {'environment.d/50-mine': 'export A=${A:-1}\n'}],
    ['a default that cannot be changed', {'environment.d/50-mine.bash': 'export A=1\n'}],
    ['an export without a value', {'environment.d/50-mine.bash': 'export A\n'}],
  ])('%s', (_, files) => expect(advice(files)).toEqual([true]));

  it.each<[string, Files]>([
    ['a hook that would be skipped', {'install.d/50-mine': {text: HOOK, mode: 0o644}}],
    ['a hook that goes on after an error', {'install.d/50-mine': '#!/bin/bash\nset -u\nset -o pipefail\n'}],
    ['a list that nobody reads', {'elements-deps': 'vm\n'}],
  ])('is not %s', (_, files) => expect(advice(files)).toEqual([undefined]));
});

describe('hooks that would not run', () => {
  it('finds a hook that is not executable', () => {
    expect(found({'install.d/50-mine': {text: HOOK, mode: 0o644}})).toEqual([
      'install.d/50-mine diskimage-builder skips a hook that is not executable',
    ]);
  });

  it.each(['50-mine.sh', '50 mine', '50-müne'])('finds a hook named %s', (name) => {
    expect(found({[`install.d/${name}`]: HOOK})).toEqual([
      `install.d/${name} diskimage-builder skips a hook whose name has other characters than letters, digits, _ and -`,
    ]);
  });

  it('offers a name that runs', () => {
    expect(hints({'install.d/50-mine.sh': HOOK})).toEqual(['rename it, to 50-mine for example']);
  });

  it.each(['mine', '5-mine'])('finds a hook without a number of two digits: %s', (name) => {
    expect(found({[`cleanup.d/${name}`]: HOOK})).toEqual([
      `cleanup.d/${name} its name has no number, which sets its order`,
    ]);
  });

  it.each([
    ['a hook in order', {'post-install.d/50-mine_2': HOOK}],
    ['a link, which has no mode of its own', {'install.d/50-mine': {mode: 0o777, kind: 'link'}}],
    ['a folder of files below a phase', {'install.d/files/mine.conf': {text: 'x', mode: 0o644}}],
    [
      'files outside the phases',
      {'bin/mine.sh': {text: 'x', mode: 0o644}, 'install-static': 'x', 'bin/x': 'install-static'},
    ],
    ['a list of packages in the older form', {'install.d/package-installs-mine': {text: 'curl\n', mode: 0o644}}],
  ] satisfies [string, Files][])('accepts %s', (_, files) => {
    expect(found(files)).toEqual([]);
  });
});

describe('hooks that would go on after an error', () => {
  it.each([
    ['no interpreter', 'set -euo pipefail\n', 'the first line names no interpreter'],
    ['no option', '#!/bin/bash\ntrue\n', 'it goes on after an error: errexit, nounset, pipefail are not set'],
    ['no nounset', '#!/bin/bash\nset -e -o pipefail\n', 'it goes on after an error: nounset is not set'],
    ['no pipefail', '#!/usr/bin/env bash\nset -eu\n', 'it goes on after an error: pipefail is not set'],
    ['no errexit in sh', '#!/bin/sh\nset -u\n', 'it goes on after an error: errexit is not set'],
    ['options only in a comment', '#!/bin/sh\n# set -eu\n', 'it goes on after an error: errexit, nounset are not set'],
    [
      'options that are taken back only',
      '#!/bin/sh\nset +eu\n',
      'it goes on after an error: errexit, nounset are not set',
    ],
  ])('finds %s', (_, text, message) => {
    expect(found({'install.d/50-mine': text})).toEqual([`install.d/50-mine:1 ${message}`]);
  });

  it.each([
    ['three options in one line', '#!/bin/bash\nset -euo pipefail\n'],
    ['two lines', '#!/bin/bash\nset -eu\nset -o pipefail\n'],
    ['one each', '#!/bin/bash\nset -e\n  set -u\nset -o pipefail\n'],
    ['long names', '#!/bin/bash\nset -o errexit -o nounset -o pipefail\n'],
    ['options of the first line', '#!/bin/bash -eu\nset -o pipefail\n'],
    ['sh, which has no pipefail', '#!/bin/sh\nset -eu\n'],
    ['another language', '#!/usr/bin/python3\n'],
  ])('accepts %s', (_, text) => {
    expect(found({'install.d/50-mine': text})).toEqual([]);
  });

  it('does not look into a program', () => {
    expect(found({'install.d/50-mine': {}})).toEqual([]);
  });
});

describe('files of environment.d', () => {
  it.each([
    ['set -e', 'set -e', 'it sets errexit in the shell that runs every phase'],
    ['set -x', 'set -x', 'it sets xtrace in the shell that runs every phase'],
    ['a long name', 'set -o xtrace', 'it sets xtrace in the shell that runs every phase'],
    ['a fixed value', 'export DIB_A=1', 'it overrules what the definition says about DIB_A'],
    [
      'the default of another variable',
      'export DIB_A=${DIB_B:-1}',
      'it overrules what the definition says about DIB_A',
    ],
    ['an export without value', 'export DIB_A', 'it exports DIB_A without giving it a value'],
  ])('finds %s', (_, line, message) => {
    expect(found({'environment.d/50-mine.bash': `# why\n${line}\n`})).toEqual([
      `environment.d/50-mine.bash:2 ${message}`,
    ]);
  });

  it('offers the form that leaves the last word to the definition', () => {
    expect(hints({'environment.d/50-mine.bash': 'export DIB_A=1\n'})).toEqual(['export DIB_A=${DIB_A:-1}']);
  });

  it.each([
    ['a default', 'export DIB_A=${DIB_A:-1}'],
    ['a default only where it is unset', 'export DIB_A=${DIB_A-1}'],
    ['a default in a line before', ': "${DIB_A:=1}"\nexport DIB_A'],
    ['a value where none is set', 'if [ ! -v DIB_A ]; then\n  export DIB_A=1\nfi'],
    ['positional parameters', 'set -- a b'],
  ])('accepts %s', (_, text) => {
    expect(found({'environment.d/50-mine.bash': {text: `${text}\n`, mode: 0o644}})).toEqual([]);
  });

  it('lets a distribution state what it is', () => {
    const files = {'element-provides': 'operating-system\n', 'environment.d/10-mine.bash': 'export DISTRO_NAME=mine\n'};
    expect(found(files)).toEqual([]);
    expect(found({...files, 'element-provides': 'something\n'})).toHaveLength(1);
  });

  it.each([
    ['50-mine', 'its name does not say that bash reads it'],
    ['mine.bash', 'its name has no number, which sets its order'],
    [
      '50-mi ne.bash',
      'diskimage-builder skips an environment file whose name has other characters than letters, digits, _ . -',
    ],
  ])('finds a file named %s', (name, message) => {
    expect(found({[`environment.d/${name}`]: ''})).toEqual([`environment.d/${name} ${message}`]);
  });
});

describe('the top of an element', () => {
  it.each([
    ['elements-deps', 'did you mean "element-deps"?'],
    ['package-install.yaml', 'did you mean "package-installs.yaml"'],
    ['installd', 'did you mean "install.d"'],
    ['README.md', 'did you mean "README.rst"?'],
    ['zzzzzzzzzz', 'remove it, or read it in a hook'],
  ])('finds %s, which nobody reads', (name, hint) => {
    expect(found({[name]: 'text'})).toEqual([
      `${name} diskimage-builder knows no "${name}" in an element and passes over it`,
    ]);
    expect(hints({[name]: 'text'})[0]).toContain(hint);
  });

  it('finds a folder that nobody reads once, whatever is in it', () => {
    expect(found({'instal.d/50-a': HOOK, 'instal.d/50-b': HOOK})).toHaveLength(1);
  });

  it.each([
    ['what diskimage-builder reads', {'element-deps': 'base\n', 'pkg-map': '{}', 'block-device-default.yaml': '[]'}],
    ['what its elements read', {'source-repository-mine': 'x', 'dracut.conf.d/mine.conf': 'x', '.gitignore': 'x'}],
    [
      'what a hook of the element reads',
      {'files/a.conf': 'x', 'extra-data.d/50-mine': `${HOOK}cp "$(dirname "$0")/../files/a.conf" /x\n`},
    ],
  ] satisfies [string, Files][])('accepts %s', (_, files) => {
    expect(found(files)).toEqual([]);
  });

  it('is not content with a name that only the README or the thing itself speaks of', () => {
    expect(found({'README.rst': 'see notes', 'notes/notes.txt': 'notes'})).toHaveLength(1);
  });

  it('finds a missing README.rst', () => {
    const tree = element('mine', {});
    expect(lintElements([{...tree, files: []}])).toEqual([
      {
        element: 'mine',
        path: '.',
        message: 'there is no README.rst',
        hint: 'say in it what the element does and which variables it reads',
        advice: true,
      },
    ]);
    expect(lintElements([tree])).toEqual([]);
  });

  it('finds an element that asks for itself, with the line', () => {
    expect(found({'element-deps': 'base\nmine\n'})).toEqual(['element-deps:2 "mine" asks for itself']);
  });

  it.each([
    ['static/etc/motd', 'static', 'install-static'],
    ['init-scripts/systemd/mine.service', 'init-scripts', 'dib-init-system'],
    ['package-installs.yaml', 'package-installs.yaml', 'package-installs'],
    ['package-installs.json', 'package-installs.json', 'package-installs'],
    ['svc-map', 'svc-map', 'svc-map'],
  ])('finds %s where the element that reads it is not selected', (path, name, reader) => {
    expect(found({[path]: 'x'})).toEqual([`${name} nothing reads ${name}`]);
    expect(hints({[path]: 'x'})).toEqual([`add ${reader} to element-deps`]);
    expect(found({[path]: 'x'}, element(reader, {}, false))).toEqual([]);
  });
});

describe('an element beside others', () => {
  it.each([
    ['a hook', 'install.d/50-same'],
    ['an environment file', 'environment.d/50-same.bash'],
    ['a program', 'bin/same'],
  ])('finds %s that two elements have, which ends the build', (_, path) => {
    const files = {[path]: '#!/usr/bin/python3\n'};
    expect(found(files, element('other', files, false))).toEqual([
      `${path} other has a file of the same name, which ends the build`,
    ]);
  });

  it('tells it for each own element', () => {
    const trees = [element('a', {'install.d/50-x': HOOK}), element('b', {'install.d/50-x': HOOK})];
    expect(lintElements(trees).map((finding) => finding.element)).toEqual(['a', 'b']);
  });

  it('accepts the same name in different phases, at the top, and deeper down', () => {
    const other = element('other', {'post-install.d/50-mine': HOOK, 'pkg-map': '{}', 'bin/x/y': 'x'}, false);
    expect(found({'install.d/50-mine': HOOK, 'pkg-map': '{}', 'bin/x/y': 'x'}, other)).toEqual([]);
  });

  it('finds growroot beside cloud-init’s growpart', () => {
    const growroot = element('growroot', {}, false);
    const custom = element('cloud-init-custom', {});
    expect(lintElements([growroot, custom])).toMatchObject([{element: 'cloud-init-custom', path: '.'}]);
    expect(lintElements([custom])).toEqual([]);
    expect(found({}, growroot)).toEqual([]);
  });

  it('says nothing of diskimage-builder’s elements', () => {
    expect(lintElements([element('theirs', {'install.d/x.sh': {text: 'x', mode: 0o644}, zzz: 'x'}, false)])).toEqual(
      [],
    );
  });

  it('sorts by element, path and line', () => {
    const bad = {'environment.d/50-b.bash': 'export B=1\nexport A=1\n', 'install.d/a': HOOK};
    const trees = [element('two', {'install.d/x': HOOK}), element('one', bad)];
    expect(lintElements(trees).map(({element: name, path, line}) => [name, path, line])).toEqual([
      ['one', 'environment.d/50-b.bash', 1],
      ['one', 'environment.d/50-b.bash', 2],
      ['one', 'install.d/a', undefined],
      ['two', 'install.d/x', undefined],
    ]);
  });
});

describe('secrets in an element', () => {
  const KEY = ['-----BEGIN OPENSSH', 'PRIVATE KEY-----'].join(' ');

  it.each([
    ['a private key', KEY, 'the line holds a private key'],
    ['an access key', ['id: AKIA', 'ABCDEFGHIJKLMNOP'].join(''), 'the line holds an access key'],
    ['a password', 'ROOT_PASSWORD=hunter2', 'ROOT_PASSWORD is named like a secret, and has a value'],
    ['a quoted password', 'export password="hunter2"', 'password is named like a secret, and has a value'],
    ['a password in YAML', '  password: hunter2', 'password is named like a secret, and has a value'],
    ['a default', 'export API_TOKEN=${API_TOKEN:-hunter2}', 'API_TOKEN is named like a secret, and has a value'],
    ['a URL with a password', 'curl https://me:hunter2@example.org/', 'the line holds a URL with a password'],
  ])('finds %s and does not repeat it', (_, line, message) => {
    const files = {'static/etc/x': `# why\n${line}\n`};
    const findings = lintElements([element('mine', files), element('install-static', {}, false)]);
    expect(findings).toMatchObject([{path: 'static/etc/x', line: 2, message}]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  it.each([
    'PASSWORD=$DIB_PASSWORD',
    'PASSWORD=${1}',
    'PASSWORD=',
    'lock_passwd: true',
    'ssh_pwauth: false',
    'PasswordAuthentication no',
    'API_TOKEN=<your token>',
    'DIB_IMGMGR_SSH_PASSWORDS=1',
    'curl https://$user:$password@example.org/',
    'case $line in *"PRIVATE KEY"*) exit 1 ;; esac',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@example.org',
  ])('accepts %s', (line) => {
    expect(found({'README.rst': `${line}\n`})).toEqual([]);
  });
});
