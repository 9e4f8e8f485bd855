/** Series as promtool writes them (`VALUExCOUNT`: one for each hour), the hour at which is looked, and the labels of the alerts that fire then. */
export interface AlertCase {
  readonly alert: string;
  readonly title: string;
  readonly series: Readonly<Record<string, string>>;
  readonly hour: number;
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const RUN = 'imgmgr_run_timestamp_seconds{cloud="a",verb="manage"}';
const SUCCESS = 'imgmgr_run_success_timestamp_seconds{cloud="a",verb="manage"}';
const EXIT_CODE = 'imgmgr_run_exit_code{cloud="a",verb="manage"}';
const OBSERVED = 'imgmgr_observed_timestamp_seconds{cloud="a"}';
const IMAGE = 'cloud="a",definition="D",version="1",image_id="i"';
const CLOUD = {cloud: 'a', severity: 'warning'};

/** The same value for 80 hours, and the time of the hour itself. */
const always = (value: number): string => `${value}x80`;
const EVERY_HOUR = `0+${HOUR}x80`;

/** For every alert: when it fires, and when it does not. */
export const ALERT_CASES: readonly AlertCase[] = [
  ...cases('ImgmgrNotRunning', {
    'the last run ended more than 30 hours ago': [{[RUN]: always(0)}, 32, [CLOUD]],
    'the last run ended less than 30 hours ago': [{[RUN]: always(0)}, 30, []],
    'another host ran it': [{[RUN]: always(0), [RUN.replace('}', ',instance="b"}')]: EVERY_HOUR}, 32, []],
    'another verb ran, which is not enough': [
      {[RUN]: always(0), [RUN.replace('manage', 'status')]: EVERY_HOUR},
      32,
      [CLOUD],
    ],
    'there are no metrics of any run': [{}, 1, [{verb: 'manage', severity: 'warning'}]],
  }),
  ...cases('ImgmgrBlind', {
    'runs go on, and see nothing': [{[RUN]: EVERY_HOUR, [OBSERVED]: always(0)}, 32, [CLOUD]],
    'runs go on, and never saw anything': [{[RUN]: EVERY_HOUR}, 2, [CLOUD]],
    'runs go on and see': [{[RUN]: EVERY_HOUR, [OBSERVED]: EVERY_HOUR}, 32, []],
    'nothing runs, which is another alert': [{[RUN]: always(0), [OBSERVED]: always(0)}, 32, []],
    'only what looks at no cloud has run': [{[RUN.replace('manage', 'build')]: EVERY_HOUR}, 2, []],
  }),
  ...cases('ImgmgrTurnsRed', {
    'an image is red in six days': [
      {[`imgmgr_image_red_timestamp_seconds{${IMAGE},profile="scs-v1",by="update"}`]: always(6 * DAY + HOUR)},
      1,
      [{...CLOUD, definition: 'D', version: '1', profile: 'scs-v1', by: 'update'}],
    ],
    'an image is red already': [
      {[`imgmgr_image_red_timestamp_seconds{${IMAGE},profile="scs-v1",by="you"}`]: always(0)},
      1,
      [{...CLOUD, definition: 'D', version: '1', profile: 'scs-v1', by: 'you'}],
    ],
    'an image is red in eight days': [
      {[`imgmgr_image_red_timestamp_seconds{${IMAGE},profile="scs-v1",by="update"}`]: always(8 * DAY)},
      1,
      [],
    ],
    'the next manage mends it': [
      {[`imgmgr_image_red_timestamp_seconds{${IMAGE},profile="scs-v1",by="manage"}`]: always(0)},
      1,
      [],
    ],
  }),
  ...cases('ImgmgrQuarantined', {
    'an image is in quarantine': [{'imgmgr_images{cloud="a",state="quarantined"}': always(1)}, 1, [CLOUD]],
    'none is': [
      {
        'imgmgr_images{cloud="a",state="quarantined"}': always(0),
        'imgmgr_images{cloud="a",state="retired"}': always(1),
      },
      1,
      [],
    ],
  }),
  ...cases('ImgmgrBehind', {
    'a version is missing for two days': [{[wanted('D')]: always(1)}, 49, [{...CLOUD, definition: 'D'}]],
    'a version is missing for a day': [{[wanted('D')]: always(1)}, 25, []],
    'none is missing': [{[wanted('D')]: always(0)}, 49, []],
    'the definition is held': [
      {[wanted('D')]: always(1), 'imgmgr_hold_until_timestamp_seconds{cloud="a",definition="D"}': always(90 * DAY)},
      49,
      [],
    ],
    'every definition is held, until it is lifted': [
      {[wanted('D')]: always(1), 'imgmgr_hold_until_timestamp_seconds{cloud="a"}': Array(60).fill('Inf').join(' ')},
      49,
      [],
    ],
    'another definition is held, or the hold is over': [
      {
        [wanted('D')]: always(1),
        'imgmgr_hold_until_timestamp_seconds{cloud="a",definition="E"}': always(90 * DAY),
        'imgmgr_hold_until_timestamp_seconds{cloud="a",definition="D"}': always(0),
      },
      50,
      [{...CLOUD, definition: 'D'}],
    ],
  }),
  ...cases('ImgmgrStuck', {
    'an image is half made for a day': [
      {'imgmgr_images{cloud="a",state="importing"}': always(1)},
      25,
      [{...CLOUD, state: 'importing', what: 'image'}],
    ],
    'an image is half made for some hours': [{'imgmgr_images{cloud="a",state="pending"}': always(1)}, 20, []],
    'a candidate waits, as a hold wants it': [{'imgmgr_images{cloud="a",state="ready"}': always(1)}, 60, []],
    'runs go on and never succeed': [{[RUN]: EVERY_HOUR, [EXIT_CODE]: always(1)}, 7, [{...CLOUD, what: 'run'}]],
    'runs go on, and the last success is three days old': [
      {[RUN]: EVERY_HOUR, [SUCCESS]: always(0), [EXIT_CODE]: always(75)},
      72,
      [{...CLOUD, what: 'run'}],
    ],
    'runs succeed': [{[RUN]: EVERY_HOUR, [SUCCESS]: EVERY_HOUR, [EXIT_CODE]: always(0)}, 72, []],
    'runs end with an image in quarantine': [{[RUN]: EVERY_HOUR, [SUCCESS]: always(0), [EXIT_CODE]: always(5)}, 72, []],
    'nothing runs, which is another alert': [{[RUN]: always(0), [SUCCESS]: always(0)}, 72, []],
  }),
  ...cases('ImgmgrHoldExpired', {
    'a hold is over': [
      {'imgmgr_hold_until_timestamp_seconds{cloud="a",definition="D"}': always(HOUR)},
      3,
      [{cloud: 'a', severity: 'info', definition: 'D'}],
    ],
    'the hold of every definition is over': [
      {'imgmgr_hold_until_timestamp_seconds{cloud="a"}': always(HOUR)},
      3,
      [{cloud: 'a', severity: 'info'}],
    ],
    'a hold lasts': [{'imgmgr_hold_until_timestamp_seconds{cloud="a",definition="D"}': always(3 * HOUR)}, 3, []],
  }),
  ...cases('ImgmgrCredentialExpires', {
    'it ends in 13 days': [{'imgmgr_credential_expiry_timestamp_seconds{cloud="a"}': always(13 * DAY)}, 1, [CLOUD]],
    'it has ended': [{'imgmgr_credential_expiry_timestamp_seconds{cloud="a"}': always(0)}, 1, [CLOUD]],
    'it ends in 15 days': [{'imgmgr_credential_expiry_timestamp_seconds{cloud="a"}': always(15 * DAY)}, 1, []],
  }),
];

function wanted(definition: string): string {
  return `imgmgr_wanted_missing{cloud="a",definition="${definition}"}`;
}

type Row = readonly [AlertCase['series'], AlertCase['hour'], AlertCase['fires']];

function cases(alert: string, rows: Readonly<Record<string, Row>>): readonly AlertCase[] {
  return Object.entries(rows).map(([title, [series, hour, fires]]) => ({alert, title, series, hour, fires}));
}
