// Writes what comes from the tables of parameters and topics: config/attendseg.yaml, docs/parameters.md, docs/topics.md.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parameterFile, parameterPage, topicPage } from '../dist/node/reference.js';

const pages = {
  'config/attendseg.yaml': parameterFile(),
  'docs/parameters.md': parameterPage(),
  'docs/topics.md': topicPage(),
};
for (const [path, text] of Object.entries(pages)) {
  writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
}
