import { describe, expect, it } from 'vitest';
import { agentsIn } from '../../src/agents/agents-file.ts';
import { AgentCatalog, publish } from '../../src/agents/catalog.ts';
import {
  type AgentVersion,
  type GivenAgent,
  PublishedAgents,
  type PublishedStore,
  publishing,
} from '../../src/agents/published.ts';
import { agentOf } from '../support/agents.ts';

const skill = { id: 'do', name: 'Do', description: 'Does it.', tags: ['test'] };

const given = (more: Record<string, unknown> = {}): GivenAgent => ({
  code: 'shout',
  name: 'Shout',
  description: 'Says it louder.',
  version: '1.0.0',
  skills: [skill],
  plain: { workflowType: 'Shout', taskQueue: 'company' },
  ...more,
});

const versionOf = (agent: GivenAgent, more: Partial<AgentVersion> = {}): AgentVersion => ({
  code: agent.code,
  version: agent.version,
  given: agent,
  newest: true,
  publishedBy: 'key:admin',
  publishedAt: new Date(0),
  ...more,
});

const ENDED = { drainingSince: new Date(1), unpublishedAt: new Date(2) };

describe('publishing a version', () => {
  it.each<[string, GivenAgent, AgentVersion[], unknown]>([
    ['the first', given(), [], 'add'],
    ['another one', given({ version: '2' }), [versionOf(given())], 'add'],
    ['the same again', given(), [versionOf(given())], 'keep'],
    ['the same, deprecated', given({ deprecated: 'Use roar.' }), [versionOf(given())], 'amend'],
    [
      'the same while it is unpublished',
      given(),
      [versionOf(given(), { drainingSince: new Date() })],
      'amend',
    ],
    ['the same once it was unpublished', given(), [versionOf(given(), ENDED)], 'amend'],
    [
      'other content once it was unpublished',
      given({ name: 'Roar' }),
      [versionOf(given(), ENDED)],
      {
        code: 'shout',
        problem: 'version: 1.0.0 is published with other content; give this one a version of its own',
      },
    ],
    [
      'other content',
      given({ name: 'Roar' }),
      [versionOf(given())],
      {
        code: 'shout',
        problem: 'version: 1.0.0 is published with other content; give this one a version of its own',
      },
    ],
    [
      'one that was replaced',
      given(),
      [versionOf(given({ version: '2' })), versionOf(given(), { newest: false })],
      { code: 'shout', problem: 'version: 1.0.0 was published, and a newer one after it' },
    ],
  ])('%s', (_what, agent, known, what) => {
    expect(publishing(agent, known)).toEqual(what);
  });
});

/** A record of which tests say what it holds. */
class MemoryStore implements PublishedStore {
  held: AgentVersion[] = [];
  versions = async () => this.held;
  publish = async (agents: readonly GivenAgent[]) => {
    this.held = agents.map((agent) => versionOf(agent));
    return { changed: agents.map(({ code }) => code) };
  };
  unpublish = async (code: string) => {
    this.held = this.held.map((each) => ({ ...each, drainingSince: new Date() }));
    return this.held.some((each) => each.code === code);
  };
}

describe('agents published at run time', () => {
  const setUp = () => {
    const catalog = new AgentCatalog([agentOf('echo', { taskQueue: 'mine' })]);
    const store = new MemoryStore();
    const unserved: string[] = [];
    const published = new PublishedAgents({
      store,
      catalog,
      changed: async () => {},
      unserved: (code, problem) => unserved.push(`${code}: ${problem}`),
    });
    return { catalog, store, published, unserved };
  };
  const who = { by: 'key:admin' };

  it('are served beside those of the files, and are the same objects while they are the same', async () => {
    const { catalog, published } = setUp();
    const before = catalog.version();
    await published.publish({ agents: [given()] }, who);
    const agent = catalog.get('shout');
    expect(agent?.definition.name).toBe('Shout');
    expect(catalog.version()).not.toBe(before);
    await published.refresh();
    expect(catalog.get('shout')).toBe(agent);
  });

  it('are prepared before they are seen', async () => {
    const { catalog, published } = setUp();
    const seen: unknown[] = [];
    catalog.onPublish(async (agents) => {
      seen.push(
        agents.map(({ definition }) => definition.code),
        catalog.get('shout'),
      );
    });
    await published.publish({ agents: [given()] }, who);
    expect(seen).toEqual([['shout'], undefined]);
  });

  it('take no new tasks while they are unpublished', async () => {
    const { catalog, published } = setUp();
    await published.publish({ agents: [given()] }, who);
    expect(await published.unpublish('shout', who)).toBe(true);
    expect(catalog.get('shout')?.definition.draining).toBe(true);
    expect(catalog.offered().map(({ definition }) => definition.code)).toEqual(['echo']);
    expect(catalog.publishes('shout', undefined)).toBe(true);
  });

  it('are there for their ended tasks once they were unpublished, and no agents any more', async () => {
    const { catalog, store, published } = setUp();
    const before = catalog.version();
    store.held = [versionOf(given(), ENDED)];
    await published.refresh();
    expect(catalog.has('shout', undefined)).toBe(true);
    expect(catalog.publishes('shout', undefined)).toBe(false);
    expect(catalog.published().map(({ definition }) => definition.code)).toEqual(['echo']);
    expect(catalog.version()).toBe(before);
    store.held = [versionOf(given())];
    await published.refresh();
    expect(catalog.publishes('shout', undefined)).toBe(true);
  });

  it.each([
    [
      'a code of the files',
      [given({ code: 'echo' })],
      'code: is taken by an agent of the deployment’s files',
    ],
    ['a code twice', [given(), given({ version: '2' })], 'code: is there twice'],
    [
      'a queue of the files',
      [given({ plain: { workflowType: 'Shout', taskQueue: 'mine' } })],
      'taskQueue: "mine" is polled by this host\'s own workers',
    ],
  ])('clash: %s', async (_what, agents, problem) => {
    expect(await setUp().published.publish({ agents }, who)).toMatchObject({ problem });
  });

  it('of which a later deployment has one in its files are not served, and it is said', async () => {
    const { catalog, store, published, unserved } = setUp();
    store.held = [versionOf(given({ code: 'echo' })), versionOf(given({ plain: {} }))];
    await published.refresh();
    // Said once.
    await published.refresh();
    expect(catalog.get('echo')?.definition.name).toBe('echo');
    expect(catalog.get('shout')).toBeUndefined();
    expect(unserved).toEqual([
      'echo: the deployment’s files have an agent of this code',
      expect.stringMatching(/^shout: agent "shout": plain\.workflowType: /),
    ]);
  });
});

it.each([
  [{}, 'agents: '],
  [{ agents: [{ name: 'x' }] }, 'agents.0.code: '],
  [{ agents: [given({ workflow: 'shout' })] }, 'agent "shout": workflow: needs a folder of its own'],
  [
    { agents: [given({ plain: { workflowType: 'X', taskQueue: 'agents' } })] },
    'agent "shout": plain.taskQueue: ',
  ],
  [{ agents: [given({ input: { type: 'nothing' } })] }, 'agent "shout": input: '],
  [{ agents: [given({ draining: true })] }, 'agent "shout": Unrecognized key: "draining"'],
  [{ agents: [given({ name: 'a\0b' })] }, 'agent "shout": name: is not well-formed text'],
  [{ agents: [given({ version: '1\ud800' })] }, 'agent "shout": version: is not well-formed text'],
  [
    { agents: [given({ skills: [{ ...skill, tags: ['a', '\udc00'] }] })] },
    'agent "shout": skills.0.tags.1: is not well-formed text',
  ],
  [
    { agents: [given({ skills: [{ ...skill, examples: ['\0'] }] })] },
    'agent "shout": skills.0.examples.0: is not well-formed text',
  ],
  [
    { agents: [given({ review: { riskLevel: 'low', dataClasses: ['\0'] } })] },
    'agent "shout": review.dataClasses.0: is not well-formed text',
  ],
  [
    { agents: [given({ plain: { workflowType: 'X', taskQueue: 'x', memo: { 'a\0': 'b' } } })] },
    'agent "shout": plain.memo: has a name that is not well-formed text',
  ],
  [
    { agents: [given({ input: { type: 'object', properties: { x: { title: 'a\ud800' } } } })] },
    'agent "shout": input.properties.x.title: is not well-formed text',
  ],
])('what is no agent is told by its field: %o', (value, problem) => {
  expect(() => agentsIn(value).map(publish)).toThrow(problem);
});

it('text of every alphabet is well-formed', () => {
  expect(agentsIn({ agents: [given({ name: 'Größe 価格 😀', description: 'a\tb\nc' })] })).toHaveLength(1);
});
