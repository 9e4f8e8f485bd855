import type {VerificationHost} from '../app/ports.ts';
import {stateDir} from '../config/settings.ts';
import {evidenceFinder, evidenceKeeper} from '../history/evidence.ts';
import {probePort} from '../host/probe-port.ts';
import type {OpenReportDesk} from '../ports/report-desk.ts';
import {agentsOf} from './files.ts';
import type {ContextParts} from './context-parts.ts';

/** Constructs listener and evidence files; nothing listens yet, and gRPC, a third of the program, is loaded with the first listener. */
export async function openVerification(parts: ContextParts): Promise<VerificationHost> {
  const {caller, secrets} = parts;
  const {userData} = await import('../verify/user-data.ts');
  const folder = stateDir(caller.env, caller.home, caller.uid);
  return {
    openDesk: lazyDesk(parts),
    userData: (job, {ignoreBaked}) => userData(job, {ignoreBaked}),
    keepEvidence: evidenceKeeper({folder, scrub: (text) => secrets.scrub(text)}),
    findEvidence: evidenceFinder(folder),
    probePort,
  };
}

/** What the listeners of a run refuse is counted together. */
function lazyDesk({caller, emit, secrets}: ContextParts): OpenReportDesk {
  const construct = async (): Promise<OpenReportDesk> => {
    const {countedRefusals, createReportDeskOpener} = await import('../verify/report-desk.ts');
    const refused = countedRefusals((message) =>
      emit({type: 'warning', code: 'report-refused', message, hint: REFUSED_HINT}),
    );
    return createReportDeskOpener({
      agentFolder: agentsOf(caller),
      ...{onRefused: refused, onReportRefused: refused, secrets},
    });
  };
  let constructed: Promise<OpenReportDesk> | undefined;
  return async (request) => (await (constructed ??= construct()))(request);
}

const REFUSED_HINT = 'only the guest under test should call; limit who can reach the listener (firewall, --listen)';
