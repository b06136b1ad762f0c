import { type Balancer, type BalancerOptions, startBalancer } from './balancer.ts';
import { Member, type MemberListener } from './member.ts';

/** Hosts behind a balancer and workers: processes of their own, each started again when it ends. */
export interface Cluster {
  balancer: Balancer;
  hosts: Member[];
  workers: Member[];
  stop(): Promise<void>;
}

export interface ClusterOptions extends BalancerOptions {
  /** Two when absent. */
  hosts?: number;
  workers?: number;
  /** Gives who hears of the process of this name. */
  hearing?(name: string): MemberListener;
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);

/** @param settings of every process: of the servers they share, at least. */
export async function startCluster(
  settings: Record<string, string>,
  { hosts: hostCount = 2, workers: workerCount = 2, hearing = () => ({}), ...balancing }: ClusterOptions = {},
): Promise<Cluster> {
  const balancer = await startBalancer(balancing);
  const env = { PUBLIC_URL: balancer.url, ...settings };
  const hosts = numbered('host', hostCount).map((name) => {
    let address: string | undefined;
    const ready = (url: string) => {
      if (address !== undefined) balancer.targets.delete(address);
      address = new URL(url).host;
      balancer.targets.add(address);
    };
    return new Member(name, { ...env, ROLE: 'host' }, { ...hearing(name), ready });
  });
  const workers = numbered('worker', workerCount).map(
    (name) => new Member(name, { ...env, ROLE: 'worker' }, hearing(name)),
  );
  const members = [...hosts, ...workers];
  const stop = async () => {
    await Promise.all(members.map((member) => member.stop()));
    await balancer.close();
  };
  try {
    await Promise.all(members.map((member) => member.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { balancer, hosts, workers, stop };
}
