import {parseYaml} from '../src/config/yaml.ts';
import {plainValue} from '../src/core/definition/yaml-node.ts';

/** The document as plain values, null where the text is empty. Throws what is wrong with the YAML first. */
export function loadPlainYaml(text: string, file: string): unknown {
  const {root, problems} = parseYaml(text, file);
  if (problems[0]) throw new Error(`${file}: ${problems[0].message}`);
  return root ? plainValue(root) : null;
}
