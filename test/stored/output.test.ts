import {expect, it} from 'vitest';
import {createJson, JSON_SCHEMA_VERSION} from '../../src/report/json.ts';
import {EVERY_EVENT} from '../unit/report/samples.ts';
import {collectingSink, emitTo} from '../unit/report/streams.ts';
import {fieldsOfTypes} from './fields.ts';
import {copyStored, fixture, openStored, stored} from './fixture.ts';

type Lines = readonly Readonly<Record<string, unknown>>[];

const RECORDED = JSON.parse(fixture('output.json')) as {
  readonly schema: readonly number[];
  readonly types: Readonly<Record<string, readonly string[]>>;
};

/** One of each event, as it is printed. */
function samples(): Lines {
  const sink = collectingSink();
  const emit = emitTo(sink, createJson({sink, verbosity: 'verbose'}));
  EVERY_EVENT.forEach((event) => emit(event));
  return read(sink.out());
}

/** A run that rotates one definition and quarantines an image of another. */
async function ran(): Promise<Lines> {
  const desk = await openStored('published');
  try {
    copyStored(desk, 'state');
    desk.cloud.compute.life = {console: 'Kernel panic - not syncing: VFS: Unable to mount root fs'};
    const images = await stored(desk, 'published-3');
    const argv = [
      'manage',
      '--cloud',
      'admin',
      '--images',
      images,
      '--verify',
      '--json',
      '--filter',
      '^(Broken|Unproven)$',
    ];
    const {code, out} = await desk.print(...argv);
    expect(code).toBe(5);
    return read(out);
  } finally {
    await desk.close();
  }
}

function read(text: string): Lines {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Lines[number]]));
}

it('JSON lines keep every type and field of commit 1098701; only what takes one away may raise the number of their format, once', async () => {
  const now = fieldsOfTypes([...samples(), ...(await ran())]);
  const gone = Object.entries(RECORDED.types).flatMap(([type, fields]) =>
    fields.filter((field) => now[type]?.includes(field) !== true).map((field) => `${type}: ${field}`),
  );
  expect(RECORDED.schema).toEqual([1]);
  expect([gone, JSON_SCHEMA_VERSION]).toEqual([[], 1]);
});
