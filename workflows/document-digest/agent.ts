import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'document-digest',
  name: 'Document digest',
  description:
    'Reads a text, Markdown, CSV or JSON document and gives its word counts, keywords and outline, telling how far it is. A crash does not make it begin again.',
  version: '1.0.0',
  workflow: 'documentDigest',
  inputModes: ['text/plain', 'text/markdown', 'text/csv', 'application/json'],
  outputModes: ['text/plain', 'text/markdown', 'application/json'],
  review: { riskLevel: 'low', costPerCallUnits: 2 },
  skills: [
    {
      id: 'digest-document',
      name: 'Digest a document',
      description: 'Counts words, finds keywords and writes an outline of a text or of an uploaded file.',
      tags: [
        'document',
        'digest',
        'summary',
        'keywords',
        'outline',
        'word count',
        'file',
        'markdown',
        'csv',
        'json',
      ],
      examples: ['# Minutes\nWe met on Monday …', 'Give me the keywords of the attached report'],
    },
  ],
});
