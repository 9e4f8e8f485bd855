import type {ScalarKind} from '../core/definition/yaml-node.ts';

/** What a scalar's text means. */
export interface ScalarMeaning {
  readonly type: ScalarKind;
  readonly value: string | number | boolean | null;
}

/**
 * The meaning that PyYAML's SafeLoader gives to an unquoted scalar, except that a timestamp stays its text; undefined for
 * the few texts that PyYAML cannot read at all (`=`, `0b_`).
 * https://github.com/yaml/pyyaml/blob/6.0/lib/yaml/resolver.py#L170
 */
export function meaningOfPlain(text: string): ScalarMeaning | undefined {
  if (text === '=') return undefined;
  if (NULL.test(text)) return {type: 'null', value: null};
  if (BOOLEAN.test(text)) return {type: 'boolean', value: TRUE.test(text)};
  if (FLOAT.test(text)) return {type: 'float', value: floatValue(text)};
  if (INTEGER.test(text)) return integerMeaning(text);
  if (TIMESTAMP.test(text)) return {type: 'timestamp', value: text};
  return {type: 'text', value: text};
}

/** The meaning under an explicit tag such as `!!str`; undefined when the tag is unknown or the text does not fit it. */
export function meaningUnderTag(tag: string, text: string): ScalarMeaning | undefined {
  if (tag === '!!str') return {type: 'text', value: text};
  if (tag === '!!null') return {type: 'null', value: null};
  if (tag === '!!bool') return BOOLEAN_ANY_CASE.test(text) ? {type: 'boolean', value: TRUE.test(text)} : undefined;
  if (tag === '!!timestamp') return TIMESTAMP.test(text) ? {type: 'timestamp', value: text} : undefined;
  if (tag === '!!int') return INTEGER.test(text) ? integerMeaning(text) : undefined;
  if (tag === '!!float')
    return FLOAT.test(text) || INTEGER.test(text) ? {type: 'float', value: floatValue(text)} : undefined;
  return undefined;
}

const NULL = /^(?:~|null|Null|NULL|)$/;
const BOOLEAN = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const BOOLEAN_ANY_CASE = /^(?:yes|no|true|false|on|off)$/i;
const TRUE = /^(?:yes|true|on)$/i;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INTEGER =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const TIMESTAMP =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

function integerMeaning(text: string): ScalarMeaning | undefined {
  const {sign, digits} = splitSign(text);
  const value = sign * magnitude(digits) + 0; // no negative zero
  return Number.isNaN(value) ? undefined : {type: 'integer', value};
}

function magnitude(digits: string): number {
  if (digits === '0') return 0;
  if (digits.startsWith('0b')) return Number.parseInt(digits.slice(2), 2);
  if (digits.startsWith('0x')) return Number.parseInt(digits.slice(2), 16);
  if (digits.startsWith('0')) return Number.parseInt(digits, 8);
  return sexagesimal(digits);
}

function floatValue(text: string): number {
  const {sign, digits} = splitSign(text.toLowerCase());
  if (digits === '.inf') return sign * Number.POSITIVE_INFINITY;
  if (digits === '.nan') return Number.NaN;
  return sign * sexagesimal(digits);
}

/** `1:30` counts in sixties, as hours and minutes do. */
function sexagesimal(digits: string): number {
  return digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

function splitSign(text: string): {sign: 1 | -1; digits: string} {
  const bare = text.replaceAll('_', '');
  return {sign: bare.startsWith('-') ? -1 : 1, digits: bare.replace(/^[-+]/, '')};
}
