/** Writes the JSON Schema of the definition files: `npm run schema`. */
import {writeFile} from 'node:fs/promises';
import {definitionsJsonSchema} from '../src/core/definition/schema.ts';

const path = new URL('../docs/images.schema.json', import.meta.url);
await writeFile(path, `${JSON.stringify(definitionsJsonSchema(), null, 2)}\n`);
