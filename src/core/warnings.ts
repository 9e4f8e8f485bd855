/**
 * The codes of warnings, each with one meaning; docs/cli.md has what to do about each. A code may be added; none changes its meaning.
 * Each is given in one place of src.
 */
export const WARNING_CODES = [
  // about images on a cloud
  'not-verified', // it is published, and no server was booted from it
  'changed-by-hand', // somebody changed what imgmgr manages, so it stays as it is
  'foreign-name', // an image of another project bears a name that is published
  'foreign-tag', // an image of another project carries our tag
  'copied-tag', // a snapshot, or a copy of an image of ours, carries our tag
  'incomplete-stamp', // an image carries our tag without all that belongs to it
  'definition-gone', // its definition is in no file that was read
  'min-disk-raised', // min_disk is larger than the definition says, since the disk is
  'protected-by-hand', // it could be deleted, and somebody protects it
  'in-use', // it could be deleted, and servers run on it
  'use-unknown', // it could be deleted, and nobody can say whether servers run on it
  'delete-refused', // the cloud refuses to delete it, since something depends on it
  'restore-failed', // after a refused deletion it is not what it was before
  'digest-unknown', // nothing says whether it has the bytes that are demanded
  'import-unchanged', // `import` found the same bytes under other properties
  'upstream-went-back', // `latest` is an older version than the published one
  'revoked-current', // its version is revoked, and nothing can take its place
  'revoked-unreadable', // it is marked as revoked in a form that imgmgr does not write
  'rollback-not-kept', // the next run publishes a listed version in place of the one that was gone back to
  // about what a run does
  'held', // nothing of it is published or taken out of use until a date
  'no-partition-table', // a raw disk is one file system, which no firmware can start
  'not-converted', // what was to be converted is no disk
  'import-fallback', // an import method failed, the next one is tried
  'import-restarted', // an image that an earlier run left cannot be gone on with, and is made again
  'export-not-compared', // the cloud has no digest of an image that is exported
  'bytes-from-store', // the source does not give the bytes again, so they come from the live image
  'publication-undone', // the predecessor could not be retired, so the publication was taken back
  'server-kept', // a failed test server stays, as it was asked for
  'cleanup-failed', // something that a run needs only while it goes on could not be removed
  'too-many-deletions', // a dry run plans more deletions than manage would do
  'plan-not-written', // some cloud could not be planned, so there is no plan file
  'no-definitions-enabled', // all selected definitions are disabled, or none was selected
  'catalogue-used', // no definitions are named or found, so those that came along are used
  'nothing-to-verify', // no selected definition has a current image
  'credential-expires', // the application credential that logs in ends soon
  'region-not-chosen', // the cloud has several regions, and nothing says which
  'local-shadowed', // clouds.yaml has a cloud named `local`, which is not used
  'evidence-lost', // the evidence of a verdict could not be kept
  'report-refused', // the listener refused a call
  // about the history of this host
  'history-lost', // this run is not, or not wholly, in the history
  'history-set-aside', // the history was damaged, and a new one begins
  'history-on-network', // other hosts may have its file system
  // about what other programs are told
  'webhook-failed', // some notifications did not reach the address of --webhook
  'metrics-not-written', // the metrics of a cloud stay as an earlier run left them
  // about builds
  'build', // an element could be better
  'build-damaged', // a stored build cannot be used
  'manifest-incomplete', // the packages of a build are not known
  'cache-unusable', // a build goes on without the cache of this host
  'cache-not-trimmed', // the cache of this host stays larger than allowed, or nobody can say how large it is
  'logs-not-removed', // old logs of builds stay
] as const;

/** A stable id of a warning; its text may change. */
export type WarningCode = (typeof WARNING_CODES)[number];

/** What is said, wherever it is found; `hint`: what to do, one sentence. */
export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
  readonly hint?: string;
}

/** Something of a run, named by `what`, outlives it. */
export function notRemoved({what, reason, hint}: {what: string; reason: string; hint: string}): Warning {
  return {code: 'cleanup-failed', message: `${what} could not be removed: ${reason}`, hint};
}

/** The metrics of a cloud do not show this run, or not wholly; an empty cloud: those of no cloud. */
export function metricsNotWritten(cloud: string, reason: string): Warning {
  return {
    code: 'metrics-not-written',
    message: `the metrics ${cloud === '' ? '' : `of ${cloud} `}are not up to date: ${reason}`,
    hint: 'the run goes on without; mend it before the next one, which writes them again',
  };
}

/** An image demands more disk than its definition; both GiB. */
export function minDiskRaised(image: string, {from, to}: {readonly from: number; readonly to: number}): Warning {
  return {
    code: 'min-disk-raised',
    message: `min_disk of ${image} is raised from ${from} to ${to} GiB, the size of its disk`,
    hint: 'raise min_disk in the definition',
  };
}
