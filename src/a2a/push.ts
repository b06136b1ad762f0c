/** A webhook's config between the wire and the push service, and what its webhook is told. */
import {
  type DeleteTaskPushNotificationConfigRequest,
  type GetTaskPushNotificationConfigRequest,
  type ListTaskPushNotificationConfigsRequest,
  type ListTaskPushNotificationConfigsResponse,
  StreamResponse,
  type TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import { invalidParams } from '../errors.ts';
import type { WriteBodies } from '../push/ports.ts';
import { MAX_CONFIGS, type PushConfig, type WantedConfig } from '../push/push-config.ts';
import type { PushService } from '../push/service.ts';
import type { NewPushConfig, PushShape, TaskKey } from '../tasks/ports.ts';
import { replyOf } from '../tasks/state.ts';
import type { Call } from './call.ts';
import { eventsOf, replyToWire } from './convert.ts';
import { olderShape } from './older-shape.ts';

const shapeOf = ({ dialect }: Call): PushShape => (dialect === '1.0' ? '1.0' : '0.3');

/** The config of a send, to be set with its message. @throws HostError `invalid_params`. */
export function configOfSend(
  push: PushService,
  config: TaskPushNotificationConfig,
  call: Call,
): NewPushConfig {
  const shape = shapeOf(call);
  const field = shape === '1.0' ? 'taskPushNotificationConfig' : 'pushNotificationConfig';
  return push.prepare(fromWire(config), shape, `configuration.${field}.`);
}

/** The methods on push configs (A2A v1.0 §3.1.7 to §3.1.10) of one agent. */
export class PushMethods {
  readonly #push: PushService;

  constructor(push: PushService) {
    this.#push = push;
  }

  async create(
    params: TaskPushNotificationConfig,
    key: TaskKey,
    call: Call,
  ): Promise<TaskPushNotificationConfig> {
    return toWire(await this.#push.set(key, fromWire(params), shapeOf(call)), key);
  }

  /** Before v1.0 the id may be left out where there is but one. */
  async get(
    { id }: GetTaskPushNotificationConfigRequest,
    key: TaskKey,
    call: Call,
  ): Promise<TaskPushNotificationConfig> {
    if (!id && call.dialect === '1.0') throw invalidParams('id', 'is required');
    return toWire(await this.#push.get(key, id || undefined), key);
  }

  async list(
    { pageSize, pageToken }: ListTaskPushNotificationConfigsRequest,
    key: TaskKey,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    if (pageSize < 0) throw invalidParams('pageSize', 'must not be negative');
    const limit = Math.min(pageSize || MAX_CONFIGS, MAX_CONFIGS);
    const after = pageToken ? { after: readToken(pageToken) } : {};
    // One more than the page tells whether another follows.
    const found = await this.#push.list(key, { limit: limit + 1, ...after });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      configs: page.map((config) => toWire(config, key)),
      nextPageToken: last === undefined ? '' : Buffer.from(last.id).toString('base64url'),
    };
  }

  async delete({ id }: DeleteTaskPushNotificationConfigRequest, key: TaskKey): Promise<void> {
    await this.#push.remove(key, id);
  }
}

function readToken(token: string): string {
  const id = Buffer.from(token, 'base64url').toString();
  if (Buffer.from(id).toString('base64url') !== token)
    throw invalidParams('pageToken', 'is not one this list gave');
  return id;
}

function fromWire({ id, url, token, authentication }: TaskPushNotificationConfig): WantedConfig {
  return {
    ...(id ? { id } : {}),
    url,
    ...(token ? { token } : {}),
    ...(authentication ? { authentication } : {}),
  };
}

const toWire = (
  { id, url, token, authentication }: PushConfig,
  { taskId }: TaskKey,
): TaskPushNotificationConfig => ({
  tenant: '',
  taskId,
  id,
  url,
  token: token ?? '',
  authentication,
});

/**
 * In v1.0 the change's stream events, in v0.3 the task as the change left it, without its history; a plain message in
 * both where there is no task.
 */
export const writeBodies: WriteBodies = (change, task, shape) => {
  if (shape !== '1.0') return [JSON.stringify(olderShape(task, 0))];
  const reply = replyOf(task);
  const events: StreamResponse[] =
    reply === undefined
      ? eventsOf(change, task)
      : [{ payload: { $case: 'message', value: replyToWire(reply, task) } }];
  return events.map((event) => JSON.stringify(StreamResponse.toJSON(event)));
};
