/** A step of a line. */
export type StepName = 'build' | 'files' | 'candidate' | 'upload' | 'boot' | 'checks' | 'published';

/** The steps that an action takes an image through, by the kind of the action; the others have none. */
export const STEPS_OF = {
  acquire: ['candidate', 'upload'],
  resume: ['candidate', 'upload'],
  verify: ['boot', 'checks'],
  publish: ['published'],
} as const satisfies Readonly<Record<string, readonly StepName[]>>;

/** The steps of a kind of action, in their order. */
export function stepsOf(kind: string | undefined): readonly StepName[] {
  return kind !== undefined && Object.hasOwn(STEPS_OF, kind) ? STEPS_OF[kind as keyof typeof STEPS_OF] : [];
}

/** Those of a build on this host. */
export const BUILD_STEPS: readonly StepName[] = ['build', 'files'];

const ORDER: readonly StepName[] = [...BUILD_STEPS, 'candidate', 'upload', 'boot', 'checks', 'published'];

/** What a step is called. */
export const STEP_WORDS: Readonly<Record<StepName, string>> = {
  build: 'Build',
  files: 'Image files',
  candidate: 'Candidate',
  upload: 'Upload',
  boot: 'Boot',
  checks: 'Checks',
  published: 'Published',
};

/** Sorts steps as they follow each other. */
export function inOrder(one: StepName, other: StepName): number {
  return ORDER.indexOf(one) - ORDER.indexOf(other);
}

/** What a kind of action is called. */
export function kindText(kind: string): string {
  return kind === 'acquire' ? 'import' : kind;
}
