import {spawnSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import {jsonText} from '../../../src/core/json-text.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {clean} from '../../../src/report/clean.ts';
import {createReporter} from '../../../src/report/reporter.ts';
import {xmlAttribute, xmlText} from '../../../src/report/xml.ts';
import {VERDICT} from './samples.ts';
import {collectingSink, emitToReport} from './streams.ts';

/** What services that run commands take for a command of theirs, as their runners look for it. */
const COMMAND = /^\s*::[\w-]+[^:]*::|##\[|##vso\[|##teamcity\[/m;

const COMMANDS = [
  '::error::all is lost',
  '  ::add-mask::a',
  '::warning file=a.c,line=1::x',
  '##[error]x',
  'said ##vso[task.setvariable variable=PATH]x',
  '##teamcity[buildStop]',
  'a\n::stop-commands::t',
  '###[error]',
];

describe('S8: commands of CI services', () => {
  it.each(COMMANDS)('S8: %j is told, not obeyed', async (command) => {
    expect(command).toMatch(COMMAND);
    for (const format of ['human', 'json', 'junit'] as const) {
      const sink = collectingSink();
      const answers = format === 'human' ? {answers: 'verdicts' as const} : {};
      const reporter = await createReporter({
        ...{sink, env: {CI: '1'}, format, verbosity: 'verbose', color: false, dryRun: true, ...answers},
      });
      const action = {id: command, kind: 'update', definition: command, reason: command, changes: [command]} as const;
      const error = new ImgmgrError('CLOUD_REFUSED', command, {hint: `a\n${command}`, place: command});
      const events: readonly Event[] = [
        {...VERDICT, definition: command, version: ''},
        {type: 'planned', cloud: command, actions: [action], unchanged: [], definitions: []},
        {
          type: 'artifact',
          definition: 'd',
          version: '1',
          inputs: '',
          files: [{format: 'raw', path: command, size: 1}],
          manifest: '',
          log: '',
          reused: false,
        },
        {type: 'difference', old: '', new: '', lines: [command]},
        {type: 'deletable', cloud: command, images: [{id: command, name: command, definition: '', reason: command}]},
        {type: 'warning', code: 'build', definition: 'd', message: command, hint: command},
        {type: 'cloud-failed', cloud: 'c', error},
        {type: 'finished', counts: {} as never, counted: [], exitCode: 1, ms: 1},
      ];
      events.forEach(emitToReport(sink, reporter));
      reporter.close();
      expect(sink.out()).not.toMatch(COMMAND);
      expect(sink.err()).not.toMatch(COMMAND);
    }
  });

  it('S8: what is none stays as it is', () => {
    for (const text of ['::1', '[::1]:80', 'std::string', '## Heading', 'a ## b [c]', '##', 'c::d::e']) {
      expect(clean(text)).toBe(text);
      expect(JSON.parse(jsonText({text}))).toEqual({text});
    }
    expect(xmlText('a::b ## c')).toBe('a::b ## c');
    expect(xmlAttribute('##[a]')).toBe('&#35;#[a]');
    expect(JSON.parse(jsonText({text: '##[error]'}))).toEqual({text: '##[error]'});
  });
});

describe('S9: warnings of Node', () => {
  it('S9: are not shown to an operator', () => {
    const preload = `data:text/javascript,${encodeURIComponent("setTimeout(() => process.emitWarning('from a stranger'), 1)")}`;
    const entry = new URL('../../../bin/imgmgr.ts', import.meta.url).pathname;
    const run = (...more: readonly string[]) =>
      spawnSync(process.execPath, ['--import', preload, entry, 'verify', ...more], {encoding: 'utf8'}).stderr;
    expect(run('--no-such-flag')).not.toContain('from a stranger');
    expect(run('--no-such-flag')).toContain('imgmgr');
  });
});
