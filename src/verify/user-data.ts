import type {Job} from '../core/job.ts';
import {fetchScript} from './fetch-script.ts';
import {downloadKey} from './ticket.ts';

/** Where the script works; the defaults are those of a guest. */
export interface UserDataOptions {
  /** Fetch the agent although the image has one. */
  readonly ignoreBaked?: boolean;
  /** Folder of the job. */
  readonly runFolder?: string;
  /** The agent of an image that was built with one. */
  readonly baked?: string;
  /** Where lines for the diagnosis go. */
  readonly console?: string;
  /** Folders for the agent where the folder of the job is mounted noexec, separated by blanks. */
  readonly otherFolders?: string;
  /** There where systemd runs. */
  readonly systemdMark?: string;
  /** Pauses between the tries to fetch the agent, seconds. */
  readonly pauses?: readonly number[];
}

const UNIT = 'imgmgr-agent';
const BOUNDARY = 'imgmgr-test-server';

/**
 * User-data that hands the job to the agent and returns: a POSIX shell script, or, where a public key has to reach the guest, a
 * cloud-init multipart of it and a `#cloud-config`. Holds the token; the script keeps it off command lines.
 */
export function userData(job: Job, options: UserDataOptions = {}): string {
  const script = scriptFor(job, options);
  const key = job.expect.ssh_key;
  if (key === null) return script;
  const parts = [
    ['text/cloud-config', `#cloud-config\nssh_authorized_keys:\n  - ${asciiJson(key)}\n`],
    ['text/x-shellscript', script],
  ] as const;
  return [
    `Content-Type: multipart/mixed; boundary="${BOUNDARY}"\nMIME-Version: 1.0\n\n`,
    ...parts.map(
      ([type, text]) =>
        `--${BOUNDARY}\nContent-Type: ${type}; charset="us-ascii"\nContent-Transfer-Encoding: 7bit\n\n${text}\n`,
    ),
    `--${BOUNDARY}--\n`,
  ].join('');
}

function scriptFor(job: Job, options: UserDataOptions): string {
  const {ignoreBaked = false, runFolder = '/run/imgmgr', baked = '/usr/local/sbin/imgmgr-agent'} = options;
  const {systemdMark = '/run/systemd/system', otherFolders = '/var/tmp /usr/local/sbin'} = options;
  const {pauses = [1, 2, 3, 5, 5, 10, 10, 15, 15, 20]} = options;
  const unit = ignoreBaked ? `${UNIT}-injected` : UNIT;
  return `#!/bin/sh
# Asks this test server for its report; nothing here is for other servers.
umask 077
run=${quote(runFolder)}
baked=${quote(baked)}
console=${quote(options.console ?? '/dev/console')}
systemd=${quote(systemdMark)}
say() { { echo "imgmgr: $*" >>"$console"; } 2>/dev/null || echo "imgmgr: $*"; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
mkdir -p "$run" && chmod 700 "$run" || die "cannot make $run"
# A unit that waits for the job must never see half of it.
cat >"$run/job.new" <<'IMGMGR_JOB' || die "cannot write the job"
${asciiJson(job)}
IMGMGR_JOB
mv "$run/job.new" "$run/job.json" || die "cannot write the job"
# The shell as first program, since SELinux lets systemd start nothing from /run; it tells what the agent itself cannot tell.
watch='"$0" run; code=$?; [ $code -lt 129 ] || echo "imgmgr: the agent was killed by signal $((code - 128))"; exit $code'
start() {
  if [ -d "$systemd" ] && has systemd-run; then
    for more in --collect ''; do
      systemd-run --no-block $more --unit=${unit} -p StandardOutput=journal+console -p StandardError=journal+console \\
        /bin/sh -c "$watch" "$1" >/dev/null 2>&1 && return
    done
  fi
  [ -w "$console" ] || console=/dev/null
  if has setsid; then setsid /bin/sh -c "$watch" "$1" </dev/null >>"$console" 2>&1 &
  elif has nohup; then nohup /bin/sh -c "$watch" "$1" </dev/null >>"$console" 2>&1 &
  else (trap '' HUP; /bin/sh -c "$watch" "$1" </dev/null >>"$console" 2>&1 &)
  fi
}
${ignoreBaked ? 'if [ -d "$systemd" ]; then systemctl mask --runtime imgmgr-agent.service >/dev/null 2>&1; fi' : bakedScript()}
${fetchScript({address: job.address, agents: job.agents, certificate: job.certificate, key: downloadKey(job.token), otherFolders, pauses})}
start "$agent"
exit 0
`;
}

function bakedScript(): string {
  return `if [ -x "$baked" ]; then
  if [ -d "$systemd" ] && systemctl is-enabled --quiet ${UNIT}.service 2>/dev/null; then exit 0; fi
  start "$baked"
  exit 0
fi`;
}

/** On one line and in ASCII, which passes through any heredoc and any mail part. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
