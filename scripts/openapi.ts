// Writes the document for the linters to read.
import { mkdirSync, writeFileSync } from 'node:fs';
import { toOpenApi } from '../packages/api-core/src/openapi';

const folder = 'node_modules/.cache/taskward';
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/openapi.json`, JSON.stringify(toOpenApi('https://tasks.example.org'), null, 2));
