import { describe, expect, it } from 'vitest';
import type { RpcRequest } from '../../src/a2a/dialects.ts';
import { withJsonNames } from '../../src/a2a/json-names.ts';

const request = (params: unknown) => ({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params }) as RpcRequest;

describe('the proto’s own names in a v1.0 request', () => {
  it('are those of JSON in the request, its message, its parts, its configuration and its webhook', () => {
    const params = {
      task_id: 't',
      page_size: 3,
      message: { message_id: 'm', context_id: 'c', parts: [{ raw: 'AA==', media_type: 'a/b' }, 'no part'] },
      configuration: { history_length: 1, task_push_notification_config: { url: 'u', task_id: 't' } },
    };
    expect(withJsonNames(request(params))).toEqual(
      request({
        taskId: 't',
        pageSize: 3,
        message: { messageId: 'm', contextId: 'c', parts: [{ raw: 'AA==', mediaType: 'a/b' }, 'no part'] },
        configuration: { historyLength: 1, taskPushNotificationConfig: { url: 'u', taskId: 't' } },
      }),
    );
  });

  it('are left alone in what is the client’s own', () => {
    const params = {
      metadata: { my_key: 1 },
      message: { metadata: { my_key: 2 }, parts: [{ data: { my_key: 3 }, metadata: { my_key: 4 } }] },
    };
    expect(withJsonNames(request(params))).toEqual(request(params));
  });

  it('give way to the JSON name where both are given', () => {
    expect(withJsonNames(request({ taskId: 'json', task_id: 'proto' }))).toEqual(request({ taskId: 'json' }));
    expect(withJsonNames(request({ task_id: 'proto', taskId: 'json' }))).toEqual(request({ taskId: 'json' }));
  });

  it.each([undefined, null, 'text', [1]])('no object (%o) is passed on', (params) => {
    expect(withJsonNames(request(params))).toEqual(request(params));
  });
});
