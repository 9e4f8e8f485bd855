/** Writes docs/audit.md from the rules: `npm run rules`. */
import {writeFile} from 'node:fs/promises';
import {auditPage} from './audit-page.ts';

await writeFile(new URL('../docs/audit.md', import.meta.url), auditPage());
