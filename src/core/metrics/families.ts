/** A value of a metric; times are seconds since 1970. An empty label is the same as none. */
export interface Sample {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What Prometheus is told of a metric. */
interface Family {
  readonly labels: readonly string[];
  readonly help: string;
}

const IMAGE = ['cloud', 'definition', 'version', 'image_id'] as const;
const RUN = ['cloud', 'verb'] as const;

/** Every metric, in the order in which they are written. All are gauges; names, labels and meanings stay as they are. */
export const FAMILIES = {
  imgmgr_build_info: {labels: ['version'], help: 'The version of imgmgr that wrote last; always 1.'},
  imgmgr_image_info: {labels: IMAGE, help: 'A current image, which bears the name of its definition; always 1.'},
  imgmgr_image_build_timestamp_seconds: {labels: IMAGE, help: 'When a current image was built, by image_build_date.'},
  imgmgr_image_published_timestamp_seconds: {labels: IMAGE, help: 'When a current image was published.'},
  imgmgr_image_verified_timestamp_seconds: {labels: IMAGE, help: 'When a current image passed its verification.'},
  imgmgr_image_red_timestamp_seconds: {
    labels: [...IMAGE, 'profile', 'by'],
    help: 'From when on a current image breaks an error rule of the profile if nothing changes; by says who can mend it.',
  },
  imgmgr_hold_until_timestamp_seconds: {
    labels: ['cloud', 'definition'],
    help: 'Until when a definition is held, over or not; without a definition: every one.',
  },
  imgmgr_wanted_missing: {
    labels: ['cloud', 'definition'],
    help: 'Versions that an enabled definition wants and that are not current.',
  },
  imgmgr_images: {labels: ['cloud', 'state'], help: 'Images of imgmgr on the cloud by their state.'},
  imgmgr_images_lost: {
    labels: ['cloud'],
    help: 'Images of imgmgr whose bytes are gone, as far as verify --presence or --deep found out.',
  },
  imgmgr_findings: {
    labels: ['cloud', 'profile', 'severity'],
    help: 'Findings of the deciding rules of the profile, without those that exceptions accept.',
  },
  imgmgr_run_timestamp_seconds: {labels: RUN, help: 'When the last run of the verb ended on the cloud.'},
  imgmgr_run_success_timestamp_seconds: {
    labels: RUN,
    help: 'When the last run of the verb ended on the cloud that did its work (exit code 0 or 3).',
  },
  imgmgr_run_exit_code: {
    labels: RUN,
    help: 'Exit code of the last run of the verb, as far as this cloud is concerned.',
  },
  imgmgr_run_duration_seconds: {
    labels: RUN,
    help: 'From the start of the last run of the verb to the end of its work on the cloud.',
  },
  imgmgr_observed_timestamp_seconds: {labels: ['cloud'], help: 'When the images of the cloud were last looked at.'},
  imgmgr_credential_expiry_timestamp_seconds: {
    labels: ['cloud'],
    help: 'When the application credential of the cloud ends.',
  },
} as const satisfies Readonly<Record<string, Family>>;

/** The name of a metric. */
export type MetricName = keyof typeof FAMILIES;
