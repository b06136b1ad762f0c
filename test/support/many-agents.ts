import type { AgentDefinition } from '../../src/agents/definition.ts';
import { agentOf, skillOf } from './agents.ts';

/** What the agents do, to what and where: 20 × 50 × 100 of them, each with words of its own besides. */
const ACTIONS = {
  approval: 'Approves',
  archive: 'Archives',
  audit: 'Audits',
  classification: 'Classifies',
  comparison: 'Compares',
  correction: 'Corrects',
  delivery: 'Delivers',
  estimate: 'Estimates',
  export: 'Exports',
  forecast: 'Forecasts',
  inspection: 'Inspects',
  negotiation: 'Negotiates',
  reconciliation: 'Reconciles',
  refund: 'Refunds',
  reminder: 'Reminds of',
  renewal: 'Renews',
  scheduling: 'Schedules',
  summary: 'Summarises',
  translation: 'Translates',
  validation: 'Validates',
};
const SUBJECTS =
  `invoice contract payroll expense shipment warranty insurance visa mortgage inventory purchase complaint subscription
  timesheet vaccination prescription recipe lecture exam passport parcel customs tender patent trademark podcast newsletter
  photograph blueprint sensor turbine elevator vehicle flight hotel restaurant museum library orchestra donation grant pension
  dividend loan voucher ticket firmware backup certificate incident`.split(/\s+/);
const PLACES =
  `Albania Algeria Angola Argentina Armenia Australia Austria Azerbaijan Bahrain Bangladesh Belgium Bolivia Botswana
  Brazil Bulgaria Cambodia Cameroon Canada Chile China Colombia Croatia Cuba Cyprus Denmark Ecuador Egypt Estonia Ethiopia
  Finland France Gabon Georgia Germany Ghana Greece Guatemala Haiti Honduras Hungary Iceland India Indonesia Ireland Israel
  Italy Jamaica Japan Jordan Kazakhstan Kenya Kuwait Laos Latvia Lebanon Liberia Libya Lithuania Luxembourg Madagascar Malawi
  Malaysia Malta Mexico Moldova Mongolia Morocco Mozambique Namibia Nepal Netherlands Nicaragua Nigeria Norway Pakistan Panama
  Paraguay Peru Philippines Poland Portugal Qatar Romania Rwanda Senegal Serbia Singapore Slovakia Slovenia Somalia Spain
  Sweden Switzerland Tanzania Thailand Tunisia Turkey Uganda Ukraine Uruguay`.split(/\s+/);
const SYSTEMS = [
  'SAP',
  'Oracle',
  'Salesforce',
  'Workday',
  'ServiceNow',
  'Jira',
  'Zendesk',
  'HubSpot',
  'NetSuite',
];
const SYLLABLES =
  `ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru
  sa se si so su ta te ti to tu va ve vi vo vu za ze zi zo zu han sen ter mar lin vik`.split(/\s+/);

export const MOST_AGENTS = Object.keys(ACTIONS).length * SUBJECTS.length * PLACES.length;
/** Who sees the agents that not everyone may see: one in twenty. */
export const LIMITED_TO = { callers: ['key:boss'], scopes: ['audit'] };

/** So many different agents, among them those of these codes, which everyone may see. */
export function manyAgents(count: number, among: readonly string[]): AgentDefinition[] {
  const wanted = new Set(among);
  const agents: AgentDefinition[] = [];
  let others = count - wanted.size;
  for (let n = 0; n < MOST_AGENTS; n++) {
    // In an order in which the first ones are as different as all are.
    const [code, agent] = agentAt((n * 37_573) % MOST_AGENTS);
    if (wanted.has(code)) agents.push(agent(false));
    else if (others-- > 0) agents.push(agent(n % 20 === 7));
  }
  return agents;
}

function agentAt(n: number): [code: string, agent: (limited: boolean) => AgentDefinition] {
  const actions = Object.entries(ACTIONS);
  const [action, does] = actions[n % actions.length] as [string, string];
  const subject = SUBJECTS[Math.floor(n / actions.length) % SUBJECTS.length] as string;
  const place = PLACES[Math.floor(n / actions.length / SUBJECTS.length)] as string;
  const system = SYSTEMS[n % SYSTEMS.length] as string;
  const code = `${subject}-${action}-${place.toLowerCase()}`;
  const agent = (limited: boolean) =>
    agentOf(code, {
      name: `${subject[0]?.toUpperCase()}${subject.slice(1)} ${action} for ${place}`,
      description: `${does} each ${subject} of customers in ${place} by the rules of ${surname(n)}, asks ${surname(n * 7 + 3)}
        when something is missing and reports to the office of ${surname(n * 13 + 5)}.`,
      skills: [
        skillOf({
          id: action,
          name: `${does} by the book`,
          description: `Reads from ${system}, keeps a record and tells whoever waits.`,
          tags: [subject, system.toLowerCase()],
          examples: [`What is the state of case ${surname(n * 17 + 11)}?`],
        }),
      ],
      ...(limited ? { access: LIMITED_TO } : {}),
    });
  return [code, agent];
}

/** One of some 30,000 made-up names. */
function surname(n: number): string {
  const count = SYLLABLES.length;
  const seed = (n * 7_919) % 30_011;
  return [
    seed % count,
    Math.floor(seed / count) % count,
    (Math.floor(seed / count / count) * 5 + seed) % count,
  ]
    .map((index) => SYLLABLES[index])
    .join('');
}
