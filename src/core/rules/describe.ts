import type {Rule} from './rule.ts';
import {RULES} from './registry.ts';
import {ruleOf} from './registry.ts';
import {ruleIdOf} from './ids.ts';
import {PROFILE_NAMES} from './rule-text.ts';

/** The text of `help RULE`: what is demanded, why, how to mend it, and how each profile counts it; undefined for what is no rule. */
export function describeRule(text: string): string | undefined {
  const id = ruleIdOf(text);
  if (id === undefined) return undefined;
  const {standard, section, says, matters, mend, differs, severity, testedBy, seenIn} = ruleOf(id);
  const counts = PROFILE_NAMES.flatMap((profile) => {
    const own = severity[profile];
    return own === undefined ? [] : [`${profile}: ${own}`];
  });
  return [
    id,
    '',
    `  Says      ${says}`,
    `  Matters   ${matters}`,
    `  Mend      ${mend}`,
    `  Written   ${standard}, ${section}`,
    `  Counts    ${counts.join(', ')}`,
    `  Tested    ${testedBy.length === 0 ? 'by no official run' : `in official runs for ${testedBy.join(' and ')}`}`,
    `  Seen in   ${placesText(seenIn)}`,
    ...(differs === undefined ? [] : [`  Differs   ${differs}`]),
    '',
  ].join('\n');
}

/** The text of `help rules`: every rule with its first sentence. */
export function listRules(): string {
  const width = Math.max(...RULES.map(({id}) => id.length));
  const lines = RULES.map(({id, says}: Rule) => `  ${id.padEnd(width)}  ${says}`);
  return ['Rules', '', ...lines, '', 'imgmgr help RULE says why it matters and how to mend it.', ''].join('\n');
}

/** Where a fault can exist, in words. */
export function placesText(seenIn: Rule['seenIn']): string {
  return seenIn.includes('definition') ? 'definitions and live images' : 'live images alone: no definition can have it';
}
