import type {VerificationHost} from '../app/ports.ts';
import {stateDir} from '../config/settings.ts';
import {evidenceFinder, evidenceKeeper} from '../history/evidence.ts';
import {probePort} from '../host/probe-port.ts';
import {agentsOf} from './files.ts';
import type {ContextParts} from './context-parts.ts';

/** Constructs listener and evidence files; nothing listens yet. */
export async function openVerification({caller, emit, secrets}: ContextParts): Promise<VerificationHost> {
  const {countedRefusals, createReportDeskOpener, userData} = await import('../verify/create-verify.ts');
  const refused = countedRefusals((message) =>
    emit({type: 'warning', code: 'report-refused', message, hint: REFUSED_HINT}),
  );
  const folder = stateDir(caller.env, caller.home, caller.uid);
  return {
    openDesk: createReportDeskOpener({
      agentFolder: agentsOf(caller),
      ...{onRefused: refused, onReportRefused: refused, secrets},
    }),
    userData: (job, {ignoreBaked}) => userData(job, {ignoreBaked}),
    keepEvidence: evidenceKeeper({folder, scrub: (text) => secrets.scrub(text)}),
    findEvidence: evidenceFinder(folder),
    probePort,
  };
}

const REFUSED_HINT = 'only the guest under test should call; limit who can reach the listener (firewall, --listen)';
