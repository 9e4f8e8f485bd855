// Statements of the recorder. `:run` is the number of the run's row, `:at` a time in milliseconds since the epoch.

/** An action as it is now; a phase that is not known stays. */
export const ACTION = `
INSERT INTO actions VALUES (:run, :cloud, :definition, :id, :kind, :version, :image, :planned, :state, :phase, :reason, :started, :ended, NULL, NULL,
  (SELECT count(*) FROM actions WHERE run = :run), :message, NULL, NULL)
ON CONFLICT DO UPDATE SET state = excluded.state, phase = iif(excluded.phase = '', phase, excluded.phase),
  reason = iif(excluded.phase = '', reason, excluded.reason), message = excluded.message, image = coalesce(excluded.image, image), started_ms = coalesce(excluded.started_ms, started_ms), ended_ms = excluded.ended_ms`;

/** The phase of the image that an action works on. */
export const PHASE = `
UPDATE actions SET phase = :phase, reason = :reason, image = coalesce(image, :image), percent = coalesce(:percent, percent)
WHERE run = :run AND cloud = :cloud AND definition = :definition AND id = :action`;

/** How far the bytes are. */
export const PROGRESS = `
UPDATE actions SET bytes = coalesce(:bytes, bytes), total = coalesce(:total, total), image = coalesce(image, :image),
  percent = coalesce(:percent, percent), average_bps = coalesce(:average, average_bps)
WHERE run = :run AND cloud = :cloud AND definition = :definition AND id = :action`;

/** A build as it is planned, or begins. */
export const BUILD = `
INSERT INTO builds VALUES (:run, :definition, :version, :state, :phase, NULL, :started, NULL, NULL, '[]')
ON CONFLICT DO UPDATE SET state = excluded.state, phase = excluded.phase, started_ms = excluded.started_ms WHERE state = 'PENDING'`;

/** It was planned as a build, and is here already. */
export const NO_BUILD = `
DELETE FROM builds WHERE run = :run AND definition = :definition AND version = :version AND state = 'PENDING'`;

/** A new boot of the image, where none is under way. */
export const BOOTING = `
INSERT INTO verifications SELECT :run, (SELECT count(*) FROM verifications WHERE run = :run), :cloud, :definition, :version, :image, NULL,
  'RUNNING', 'booting', NULL, :at, NULL, NULL, NULL, '[]'
WHERE NOT EXISTS (SELECT 1 FROM verifications WHERE run = :run AND cloud = :cloud AND image = :image AND state = 'RUNNING')`;

/** The end of a boot. */
export const VERDICT = `
UPDATE verifications SET state = :state, phase = :phase, reason = :reason, ended_ms = :at, datasource = :datasource, verdict = :verdict,
  cause = :cause, checks = :checks
WHERE run = :run AND cloud = :cloud AND image = :image AND state = 'RUNNING'`;

/** A sign of life, also of a run that was taken for lost. */
export const BEAT = `
UPDATE runs SET heartbeat_ms = :at, elapsed_ms = :elapsed, ended_ms = iif(state = 'LOST', NULL, ended_ms), state = iif(state = 'LOST', 'RUNNING', state)
WHERE n = :run`;

/** The end of a run. */
export const END = `
UPDATE runs SET state = :state, exit_code = :exit, counts = :counts, ended_ms = :at, phase = iif(:state = 'SUCCESS', 'finished', phase)
WHERE n = :run`;
