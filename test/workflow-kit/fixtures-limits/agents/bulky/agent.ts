import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'bulky',
  name: 'Bulky',
  description: 'Gives an artifact of so many bytes.',
  version: '1.0.0',
  workflow: 'bulky',
  skills: [{ id: 'give', name: 'Give', description: 'Gives bytes.', tags: ['bytes'] }],
});
