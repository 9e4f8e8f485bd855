import {countsOf} from '../core/counts.ts';
import type {DoctorEvent} from '../core/doctor.ts';
import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';

/** Show what is known before anything is asked: settings, or the rules of a role. */
export interface ShowDoctorRequest {
  readonly answers: readonly DoctorEvent[];
}

/** Emits the answers; asks nobody. */
export async function* showDoctor(
  {answers}: ShowDoctorRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  emit({type: 'started', command: 'doctor', clouds: [], run: ports.run});
  for (const answer of answers) emit(answer);
  yield await Promise.resolve({cloud: '', counts: countsOf({}), errors: [], changesPending: false});
}
