import {describe, expect, it} from 'vitest';
import {FAMILIES} from '../../../../src/core/metrics/families.ts';
import {readSamples} from '../../../../src/core/metrics/read-samples.ts';
import {metricsText, sampleText} from '../../../../src/core/metrics/text.ts';
import {NOW_MS, RUN, observation} from './samples.ts';

describe('the text for Prometheus', () => {
  it('has everything that is known of many clouds, each metric once with what it means; no age, only timestamps', () => {
    const text = metricsText(
      [
        {cloud: 'prod-a', observation: observation({holds: [{untilMs: NOW_MS}]}), runs: [RUN]},
        {cloud: 'prod-b', runs: [{...RUN, exitCode: 4}]},
        {cloud: 'prod-c', observation: observation({credentialExpiresMs: NOW_MS}), runs: []},
      ],
      '1.2.3',
    );
    const names = text.split('\n').flatMap((line) => /^# TYPE (\w+) gauge$/.exec(line)?.[1] ?? []);
    expect(names).toEqual(Object.keys(FAMILIES));
    expect(text.split('\n').filter((line) => line.includes('prod-a') || line.includes('build_info{'))).toEqual([
      'imgmgr_build_info{version="1.2.3"} 1',
      'imgmgr_image_info{cloud="prod-a",definition="Debian 13",version="20260130",image_id="i-1"} 1',
      'imgmgr_image_build_timestamp_seconds{cloud="prod-a",definition="Debian 13",version="20260130",image_id="i-1"} 1769774400',
      'imgmgr_image_published_timestamp_seconds{cloud="prod-a",definition="Debian 13",version="20260130",image_id="i-1"} 1769857200',
      'imgmgr_image_verified_timestamp_seconds{cloud="prod-a",definition="Debian 13",version="20260130",image_id="i-1"} 1769853600',
      'imgmgr_image_red_timestamp_seconds{cloud="prod-a",definition="Debian 13",version="20260130",image_id="i-1",profile="scs-v1",by="update"} 1769947200',
      'imgmgr_hold_until_timestamp_seconds{cloud="prod-a"} 1769860800',
      'imgmgr_wanted_missing{cloud="prod-a",definition="Debian 13"} 0',
      ...['importing', 'pending', 'ready', 'current', 'retired', 'quarantined'].map(
        (state) => `imgmgr_images{cloud="prod-a",state="${state}"} ${{current: 1, retired: 2}[state] ?? 0}`,
      ),
      'imgmgr_images_lost{cloud="prod-a"} 0',
      'imgmgr_findings{cloud="prod-a",profile="scs-v1",severity="error"} 0',
      'imgmgr_findings{cloud="prod-a",profile="scs-v1",severity="warning"} 1',
      'imgmgr_findings{cloud="prod-a",profile="scs-v1",severity="info"} 3',
      'imgmgr_run_timestamp_seconds{cloud="prod-a",verb="manage"} 1769860800',
      'imgmgr_run_success_timestamp_seconds{cloud="prod-a",verb="manage"} 1769860800',
      'imgmgr_run_exit_code{cloud="prod-a",verb="manage"} 0',
      'imgmgr_run_duration_seconds{cloud="prod-a",verb="manage"} 12.346',
      'imgmgr_observed_timestamp_seconds{cloud="prod-a"} 1769860800',
    ]);
    expect(text).toContain('imgmgr_credential_expiry_timestamp_seconds{cloud="prod-c"} 1769860800\n');
  });

  it('escapes what would end a label or a line, and reads it back', () => {
    const definition = 'a"b\\n\\\n# HELP x\r{}",cloud="other"} 1 \u{1F427}';
    const samples = [
      {name: 'imgmgr_wanted_missing', labels: {cloud: 'c"\n', definition}, value: 2},
      {name: 'imgmgr_hold_until_timestamp_seconds', labels: {cloud: 'c"\n', definition: ''}, value: Infinity},
    ] as const;
    const text = sampleText(samples);
    expect(text.split('\n')).toHaveLength(7);
    expect(text).toContain('definition="a\\"b\\\\n\\\\\\n# HELP x\r{}\\",cloud=\\"other\\"} 1 \u{1F427}"} 2\n');
    expect(text).toContain('imgmgr_hold_until_timestamp_seconds{cloud="c\\"\\n"} +Inf\n');
    expect(readSamples(text, 'c"\n').toSorted((a, b) => a.value - b.value)).toEqual(samples);
  });
});

describe('what an earlier run wrote', () => {
  it('is read back whole, the version of that imgmgr apart', () => {
    const about = {cloud: 'prod-a', observation: observation({holds: [{untilMs: Infinity}]}), runs: [RUN]};
    const text = metricsText([about, {...about, cloud: 'prod-b'}], '1');
    expect(sampleText(readSamples(text, 'prod-a'))).toBe(
      metricsText([about], '1')
        .split('\n')
        .filter((line) => !line.includes('build_info'))
        .join('\n'),
    );
  });

  it.each([
    ['a metric of somebody else', 'node_load1{cloud="c"} 1'],
    ['a name that objects have', 'constructor{cloud="c"} 1'],
    ['another cloud', 'imgmgr_images{cloud="d",state="current"} 1'],
    ['a label that the metric has not', 'imgmgr_images{cloud="c",verb="x"} 1'],
    ['a label without a quotation mark', 'imgmgr_images{cloud="c",state=current} 1'],
    ['a label that does not end', 'imgmgr_images{cloud="c",state="current} 1'],
    ['an escape that is none', 'imgmgr_images{cloud="c",state="\\x41"} 1'],
    ['labels that do not end', 'imgmgr_images{cloud="c",state="current" 1'],
    ['no value', 'imgmgr_images{cloud="c",state="current"}'],
    ['no number', 'imgmgr_images{cloud="c",state="current"} NaN'],
    ['a number of another form', 'imgmgr_images{cloud="c",state="current"} 0x10'],
    ['an empty number', 'imgmgr_images{cloud="c",state="current"} '],
    ['a timestamp of its own', 'imgmgr_images{cloud="c",state="current"} 1 1769860800000'],
    ['a version', 'imgmgr_build_info{version="9"} 1'],
    ['nothing', ''],
  ])('leaves out a line with %s', (_, line) => {
    const good = 'imgmgr_images{cloud="c",state="retired"} 7';
    const {length} = readSamples(`${line}\n${good}`, 'c');
    expect(length).toBe(1);
  });

  it('counts once where a line is there twice, the later one', () => {
    const line = 'imgmgr_images{cloud="c",state="retired"}';
    expect(readSamples(`${line} 7\n${line} 8\n`, 'c')).toMatchObject([{value: 8}]);
  });
});
