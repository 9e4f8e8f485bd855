import type {YamlNode, YamlScalar} from '../core/definition/yaml-node.ts';

/** A value of a configuration file; numbers are their Python text, since the SDK makes text of them anyway. */
export type ConfigValue = string | boolean | null | readonly ConfigValue[] | ConfigMap;

export interface ConfigMap {
  readonly [key: string]: ConfigValue;
}

/** The same while it is being put together. */
export type ConfigDraft = Record<string, ConfigValue>;

/** What the SDK takes the YAML for: `3` is "3", `1.10` is "1.1", `0777` is "511", `yes` is true, a date is its text. */
export function configValue(node: YamlNode): ConfigValue {
  if (node.kind === 'list') return node.items.map(configValue);
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map(({key, value}) => [key.source, configValue(value)]));
  return scalarValue(node);
}

/** The same for parsed JSON whose numbers are text already. */
export function configValueOfJson(value: unknown): ConfigValue {
  if (Array.isArray(value)) return value.map(configValueOfJson);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, configValueOfJson(v)]));
  return typeof value === 'boolean' || typeof value === 'string' ? value : null;
}

export function isConfigMap(value: ConfigValue | undefined): value is ConfigMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `new` over `old`, mappings merged at every depth: how secure.yaml comes over clouds.yaml. */
export function mergeDeep(old: ConfigMap, over: ConfigMap): ConfigMap {
  const merged: ConfigDraft = {...old};
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isConfigMap(value) && isConfigMap(before) ? mergeDeep(before, value) : value;
  }
  return merged;
}

/** `over` over `old`, where only `auth` is merged and everything else replaced: how an entry comes over its profile. */
export function mergeCloud(old: ConfigMap, over: ConfigMap): ConfigMap {
  const merged: ConfigDraft = {...old};
  for (const [key, value] of Object.entries(over)) {
    if (key !== 'auth') merged[key] = value;
    else if (value !== null)
      merged[key] = isConfigMap(merged[key]) && isConfigMap(value) ? {...merged[key], ...value} : value;
  }
  return merged;
}

/** Every key with underscores instead of dashes, at every depth of mappings; of two that meet, the later one stays. */
export function withUnderscores(map: ConfigMap): ConfigMap {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [
      key.replaceAll('-', '_'),
      isConfigMap(value) ? withUnderscores(value) : value,
    ]),
  );
}

/** Python's text of a float: `1e+16`, `1.0`, `1e-05`, `nan`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function scalarValue({type, value, source}: YamlScalar): ConfigValue {
  if (type === 'float') return pythonFloat(Number(value));
  if (type === 'integer') return integerText(Number(value), source);
  return typeof value === 'number' ? String(value) : value;
}

/** A decimal beyond 2^53 (an id of digits alone) keeps all its digits. */
function integerText(value: number, source: string): string {
  if (Number.isSafeInteger(value)) return String(value);
  const digits = source.replaceAll('_', '').replace(/^\+/, '');
  return /^-?[1-9][0-9]*$/.test(digits) ? digits : Number.isFinite(value) ? BigInt(value).toString() : source;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
