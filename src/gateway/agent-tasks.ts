import { type AgentTask, outcomeOf } from '../calls/outcome.ts';
import { decideSwitches } from '../policy/decide.ts';
import type { ReceiptStore } from '../receipts/ports.ts';
import type { JsonObject, StoredReceipt } from '../receipts/receipt.ts';
import type { Json, TaskState } from '../tasks/task.ts';
import type { AgentLink, Answer, AnswerList, TaskRef } from './agent-call.ts';
import { type GatewayAgent, type Switches, switchesOf } from './agents.ts';
import type { Credentials, GivenCredential } from './credentials.ts';
import type { InvokeAgentResponse } from './gateway.ts';
import { asGatewayError, refusedByPolicy, taskNotFound } from './gateway-error.ts';
import { invokeSchema, type TaskListRequest } from './requests.ts';

/** A task of a caller, and the credential it gave. */
export interface CallerTask extends Omit<TaskRef, 'credential'> {
  given: GivenCredential;
}

/** Whose tasks are listed. */
export type TaskViewer = Pick<TaskRef, 'caller' | 'seesAll'>;

/** What is asked of the record of receipts. */
export type TaskReceipts = Pick<ReceiptStore, 'ofTask' | 'tasksOf' | 'find'>;

/**
 * The tasks of agents. A task of an agent elsewhere, which knows but one caller, is that of whoever's receipts name it.
 * These calls leave no receipt; only blocks and revocations stand against them.
 */
export class AgentTasks {
  readonly #link: AgentLink;
  readonly #receipts: TaskReceipts;
  readonly #switches: Switches;
  readonly #credentials: Credentials;

  constructor(options: {
    link: AgentLink;
    receipts: TaskReceipts;
    switches: Switches;
    credentials: Credentials;
  }) {
    this.#credentials = options.credentials;
    this.#link = options.link;
    this.#receipts = options.receipts;
    this.#switches = options.switches;
  }

  /** @throws GatewayError 403, 404, 502. */
  async get(ref: CallerTask, historyLength: number): Promise<InvokeAgentResponse> {
    await this.#allow(ref.agent);
    await this.#mustSee(ref);
    return this.#envelope(ref, await this.#link.get(await this.#with(ref), historyLength));
  }

  /**
   * @param again an earlier try of the same request may have canceled it.
   * @throws GatewayError 403, 404, 409 when it has ended, 502.
   */
  async cancel(
    ref: CallerTask,
    { signal, again }: { signal: AbortSignal; again: boolean },
  ): Promise<InvokeAgentResponse> {
    await this.#allow(ref.agent);
    await this.#mustSee({ ...ref, seesAll: false });
    const own = { ...(await this.#with(ref)), seesAll: false };
    const canceled = async (): Promise<Answer | undefined> => {
      const found = await this.#link.get(own, 0);
      return found.task.status.state === 'canceled' ? found : undefined;
    };
    const before = again ? await canceled() : undefined;
    const answer =
      before ??
      (await this.#link.cancel(own, signal).catch(async (error: unknown) => {
        // What an earlier try has asked for may have come to pass only now.
        const now = again && asGatewayError(error).code === 'task_ended' ? await canceled() : undefined;
        if (now === undefined) throw error;
        return now;
      }));
    return this.#envelope(ref, answer);
  }

  /** A page of the caller's tasks as the `output` of the call. @throws GatewayError 400, 403, 502. */
  async list(
    agent: GatewayAgent,
    viewer: TaskViewer,
    { context_id, status, page_size, page_token, ...given }: TaskListRequest,
  ): Promise<InvokeAgentResponse> {
    await this.#allow(agent);
    const states = status === 'running' ? RUNNING : status && [status];
    const listed = await this.#link.list({
      agent,
      ...viewer,
      contextId: context_id,
      credential: await this.#credential(agent, viewer.caller, given),
      states,
      limit: page_size,
      pageToken: page_token,
    });
    const { tasks, nextPageToken, raw } = await this.#seen(agent, viewer, inState(states, listed));
    return {
      agent_id: agent.agentId,
      status: 'completed',
      output: {
        tasks: tasks.map((task) => ({ agent_id: agent.agentId, ...outcomeOf(task) })),
        next_page_token: nextPageToken ?? null,
      },
      raw,
    };
  }

  /** The task as it stands and after each change, until it ends. @throws GatewayError 403, 404, 502. */
  async *subscribe(
    ref: CallerTask,
    signal: AbortSignal,
  ): AsyncGenerator<InvokeAgentResponse, void, undefined> {
    await this.#allow(ref.agent);
    await this.#mustSee(ref);
    let begun: StoredReceipt | undefined;
    for await (const answer of this.#link.subscribe(await this.#with(ref), signal)) {
      begun ??= await this.#receiptOf(ref, answer.task);
      yield envelopeOf(ref, answer, begun);
    }
  }

  /** @throws GatewayError 404 when an agent elsewhere would show a task that is somebody else's. */
  async #mustSee({ agent, caller, seesAll, taskId }: CallerTask): Promise<void> {
    if (agent.remote === undefined || seesAll) return;
    const own = await this.#receipts.tasksOf(caller, agent.agentId, [taskId]);
    if (!own.has(taskId)) throw taskNotFound();
  }

  async #seen(agent: GatewayAgent, viewer: TaskViewer, list: AnswerList): Promise<AnswerList> {
    if (agent.remote === undefined || viewer.seesAll) return list;
    const ids = list.tasks.map(({ id }) => id);
    const own = await this.#receipts.tasksOf(viewer.caller, agent.agentId, ids);
    return onlyOf(own, list);
  }

  async #with(ref: CallerTask): Promise<TaskRef> {
    const { given, ...task } = ref;
    return { ...task, credential: await this.#credential(ref.agent, ref.caller, given) };
  }

  /** Agents of this host need none. */
  async #credential(
    { remote, providerId }: GatewayAgent,
    caller: string,
    given: GivenCredential,
  ): Promise<string | undefined> {
    return remote && this.#credentials.resolve(given, { caller, providerId });
  }

  async #envelope(ref: CallerTask, answer: Answer): Promise<InvokeAgentResponse> {
    return envelopeOf(ref, answer, await this.#receiptOf(ref, answer.task));
  }

  /** Of the call that began the task. */
  async #receiptOf(
    { agent, caller, seesAll }: CallerTask,
    { id }: AgentTask,
  ): Promise<StoredReceipt | undefined> {
    const whose = seesAll ? {} : { caller };
    const receiptId = await this.#receipts.ofTask({ agentId: agent.agentId, taskId: id, ...whose });
    return receiptId === undefined ? undefined : this.#receipts.find(receiptId);
  }

  async #allow(agent: GatewayAgent): Promise<void> {
    const switches = switchesOf(agent, await this.#switches.current());
    const decision = decideSwitches(switches.agent, switches.provider);
    if (decision.decision === 'refuse') throw refusedByPolicy(decision);
  }
}

/** What an answer calls `running`. */
const RUNNING = ['submitted', 'working'] as const satisfies TaskState[];

/** A page of these alone: an agent elsewhere can be asked for one state, not for several. */
function inState(states: readonly TaskState[] | undefined, list: AnswerList): AnswerList {
  if (states === undefined) return list;
  const fit = list.tasks.filter(({ status }) => states.includes(status.state));
  return fit.length === list.tasks.length ? list : onlyOf(new Set(fit.map(({ id }) => id)), list);
}

/** A page without the tasks of others; how many there are of those is not told either. */
function onlyOf(own: ReadonlySet<string>, { tasks, raw, ...page }: AnswerList): AnswerList {
  const { result, ...response } = raw as { result?: { tasks?: { id?: string }[] } };
  const { totalSize: _, ...shown } = { totalSize: 0, ...result };
  return {
    ...page,
    tasks: tasks.filter(({ id }) => own.has(id)),
    raw: {
      ...response,
      result: { ...shown, tasks: (result?.tasks ?? []).filter(({ id }) => id !== undefined && own.has(id)) },
    } as AnswerList['raw'],
  };
}

const envelopeOf = (
  { agent }: CallerTask,
  { task, raw, paymentReceipt }: Answer,
  begun: StoredReceipt | undefined,
): InvokeAgentResponse => ({
  agent_id: agent.agentId,
  ...outcomeOf(task),
  ...(begun && { receipt_id: begun.receipt.receipt_id, ...settlementOf(begun) }),
  ...paymentOf(paymentReceipt ?? begun?.result?.payment_receipt),
  raw,
});

/** As the call was answered with it. */
function settlementOf({ request }: StoredReceipt): Pick<InvokeAgentResponse, 'settlement'> {
  const { data } = invokeSchema.shape.settlement.safeParse(request?.settlement ?? undefined);
  return data === undefined ? {} : { settlement: data as JsonObject };
}

const paymentOf = (payment: Json | undefined): Pick<InvokeAgentResponse, 'payment_receipt'> =>
  payment === undefined ? {} : { payment_receipt: payment };
