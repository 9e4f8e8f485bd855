import type {Action, DefinitionPlan} from '../../core/plan/plan.ts';
import {ImgmgrError} from '../../errors.ts';
import {whichMayDelete} from '../publish/delete-image.ts';
import type {CloudRun} from '../types.ts';
import type {CloudPlan} from './observe.ts';

/** What of a plan may be done: without `--yes`, and where nobody can be asked, deletions are listed and not done. */
export function allowedActions({options}: Pick<CloudRun, 'options'>, plan: DefinitionPlan): readonly Action[] {
  const {policy, confirmDelete, dryRun} = options;
  return policy.yes || (confirmDelete && !dryRun)
    ? plan.actions
    : plan.actions.filter((action) => action.kind !== 'delete');
}

/** The plans without what is kept because it is in use: a dry run asks about that, as the real one would, for all images at once. */
export async function withoutKept(run: CloudRun, plans: readonly DefinitionPlan[]): Promise<readonly DefinitionPlan[]> {
  const {ports, options, emit} = run;
  const allowed = plans.map((plan) => allowedActions(run, plan));
  const images = allowed.flat().flatMap((action) => (action.kind === 'delete' ? [action.image] : []));
  const may = await whichMayDelete({ports, emit, deleteInUse: options.policy.deleteInUse}, images);
  const kept = new Set(images.filter((_, at) => may[at] !== true).map(({id}) => id));
  return plans.map((plan, at) => {
    const actions = (allowed[at] ?? []).filter((action) => action.kind !== 'delete' || !kept.has(action.image.id));
    return {...plan, actions, unchanged: plan.unchanged + (allowed[at]?.length ?? 0) - actions.length};
  });
}

/** Asks before deletions, and refuses too many of them, before anything at all is written. LIMIT where they are declined. */
export async function guardDeletions(run: CloudRun, plan: CloudPlan): Promise<void> {
  const {policy, confirmDelete} = run.options;
  const images = plan.definitions.flatMap((one) =>
    allowedActions(run, one).flatMap((action) =>
      action.kind === 'delete'
        ? [{id: action.image.id, name: action.image.name ?? '', reason: action.summary.reason}]
        : [],
    ),
  );
  const many = images.length > policy.maxDelete;
  if (images.length === 0 || (policy.yes && !many)) return;
  if (confirmDelete && (await confirmDelete(images, run.ports.store.cloud))) return;
  if (many)
    throw new ImgmgrError('LIMIT', `${images.length} images would be deleted, --max-delete is ${policy.maxDelete}`, {
      hint: 'look at the list with dry-run, then raise --max-delete',
    });
  throw new ImgmgrError('LIMIT', 'declined: nothing was deleted and nothing else was done');
}

/** Warns in a dry run of more deletions than {@link guardDeletions} lets pass without a question. */
export function warnOfTooMany({options, ports, emit}: CloudRun, definitions: readonly DefinitionPlan[]): void {
  const {maxDelete} = options.policy;
  const count = definitions.flatMap(({actions}) => actions.filter(({kind}) => kind === 'delete')).length;
  if (count <= maxDelete) return;
  emit({
    type: 'warning',
    cloud: ports.store.cloud,
    code: 'too-many-deletions',
    message: `${count} images would be deleted, --max-delete is ${maxDelete}: manage refuses that, or asks on a terminal`,
    hint: 'look at the list, then raise --max-delete',
  });
}

/** Lists what could be deleted where deletion was asked for, and nobody can be asked to confirm it. */
export function listDeletable(run: CloudRun, plan: CloudPlan): void {
  const {policy, confirmDelete} = run.options;
  if (!policy.delete || policy.yes || confirmDelete) return;
  const images = plan.definitions.flatMap((one) =>
    one.deletable.map(({image}) => {
      const planned = one.actions.find((action) => action.kind === 'delete' && action.image.id === image.id);
      return {
        id: image.id,
        name: image.name ?? '',
        definition: one.definition.name,
        ...(planned && {reason: planned.summary.reason}),
      };
    }),
  );
  if (images.length > 0) run.emit({type: 'deletable', cloud: run.ports.store.cloud, images});
}
