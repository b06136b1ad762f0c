import type { Config } from '../../config.ts';
import { type Check, inTime, note, ok, wrong } from './check.ts';

/** Whether what the plain workflows of WORKFLOWS set is registered; undefined when they set nothing, or who knows is away. */
export async function checkSearchAttributes(config: Config): Promise<Check | undefined> {
  const needed = await neededBy(config.WORKFLOWS);
  if (config.TEMPORAL_ADDRESS === undefined || needed.length === 0) return undefined;
  try {
    const types = await inTime(registered(config, config.TEMPORAL_ADDRESS));
    const missing = needed.filter(({ name }) => !types.has(name));
    if (missing.length === 0) return ok('search attributes', 'all that agents set are registered');
    const each = missing.map(({ code, name }) => `${name}, which ${code} sets`);
    const hint = 'temporal operator search-attribute create --name NAME --type TYPE';
    return wrong('search attributes', `not registered in the namespace: ${each.join('; ')}`, hint);
  } catch {
    // Whether Temporal answers at all is another check.
    return note('search attributes', 'Temporal does not tell which are registered');
  }
}

async function neededBy(folder: string): Promise<{ code: string; name: string }[]> {
  try {
    const { loadAgents } = await import('../../agents/loader.ts');
    return (await loadAgents(folder)).flatMap(({ definition: { code, plain } }) =>
      Object.keys(plain?.searchAttributes ?? {}).map((name) => ({ code, name })),
    );
  } catch {
    // Another check says what is wrong with the agents.
    return [];
  }
}

async function registered(config: Config, address: string) {
  const [{ connectTemporal }, { registeredAttributes }] = await Promise.all([
    import('../../temporal/connection.ts'),
    import('../../temporal/search-attributes.ts'),
  ]);
  const connection = await connectTemporal(config, address);
  try {
    return await registeredAttributes(connection, config.TEMPORAL_NAMESPACE);
  } finally {
    await connection.close();
  }
}
