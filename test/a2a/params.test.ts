import { describe, expect, test } from 'vitest';
import { checkParams } from '../../src/a2a/params.ts';

const message = (extra: object = {}) => ({
  message: { role: 'ROLE_USER', messageId: 'm', parts: [{ text: 'hi' }], ...extra },
});
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
};
const check = (method: string, params: unknown, version: '1.0' | '0.3' = '1.0') =>
  checkParams({ jsonrpc: '2.0', method, params }, version);

describe('parameters of a wrong kind are refused, naming the field', () => {
  test.each<[field: string, method: string, params: unknown]>([
    ['message', 'SendMessage', {}],
    ['taskId', 'CreateTaskPushNotificationConfig', { url: 'https://x' }],
    ['url', 'CreateTaskPushNotificationConfig', { taskId: 't' }],
    ['token', 'CreateTaskPushNotificationConfig', { taskId: 't', url: 'https://x', token: 5 }],
    [
      'authentication',
      'CreateTaskPushNotificationConfig',
      { taskId: 't', url: 'https://x', authentication: 5 },
    ],
    [
      'authentication.scheme',
      'CreateTaskPushNotificationConfig',
      { taskId: 't', url: 'https://x', authentication: { credentials: 'c' } },
    ],
    ['id', 'GetTaskPushNotificationConfig', { taskId: 't' }],
    ['id', 'DeleteTaskPushNotificationConfig', { taskId: 't', id: 5 }],
    ['pageSize', 'ListTaskPushNotificationConfigs', { taskId: 't', pageSize: -1 }],
    ['pageToken', 'ListTaskPushNotificationConfigs', { taskId: 't', pageToken: 5 }],
    [
      'configuration.taskPushNotificationConfig.url',
      'SendMessage',
      { ...message(), configuration: { taskPushNotificationConfig: {} } },
    ],
    ['message.referenceTaskIds', 'SendMessage', message({ referenceTaskIds: 5 })],
    ['message.referenceTaskIds', 'SendMessage', message({ referenceTaskIds: [5] })],
    ['message.extensions', 'SendMessage', message({ extensions: 5 })],
    ['message.metadata', 'SendMessage', message({ metadata: [] })],
    ['message.metadata', 'SendMessage', message({ metadata: 'x' })],
    ['message.contextId', 'SendMessage', message({ contextId: 5 })],
    ['message.taskId', 'SendMessage', message({ taskId: {} })],
    ['message.parts', 'SendMessage', message({ parts: {} })],
    ['message.parts[0]', 'SendMessage', message({ parts: [null] })],
    ['message.parts[0].metadata', 'SendMessage', message({ parts: [{ text: 'x', metadata: 5 }] })],
    ['message.parts[0].raw', 'SendMessage', message({ parts: [{ raw: '@@' }] })],
    ['configuration', 'SendMessage', { ...message(), configuration: 5 }],
    [
      'configuration.returnImmediately',
      'SendMessage',
      { ...message(), configuration: { returnImmediately: 'x' } },
    ],
    [
      'configuration.acceptedOutputModes',
      'SendMessage',
      { ...message(), configuration: { acceptedOutputModes: 'x' } },
    ],
    ['metadata', 'SendMessage', { ...message(), metadata: 'x' }],
    ['params', 'SendMessage', message({ metadata: nested(5_000) })],
    ['params', 'SendMessage', message({ parts: [{ data: { x: Number.POSITIVE_INFINITY } }] })],
    ['pageSize', 'ListTasks', { pageSize: 'x' }],
    ['status', 'ListTasks', { status: 'bad' }],
    ['contextId', 'ListTasks', { contextId: 5 }],
    ['includeArtifacts', 'ListTasks', { includeArtifacts: 'x' }],
    ['id', 'GetTask', { id: 5 }],
    ['id', 'GetTask', {}],
    ['historyLength', 'GetTask', { id: 't', historyLength: -1 }],
  ])('%s', (field, method, params) => {
    expect(() => check(method, params)).toThrow(
      expect.objectContaining({ code: 'invalid_params', field, message: expect.stringContaining(field) }),
    );
  });

  test('bytes that are not base64, in v0.3', () => {
    const params = message({ parts: [{ kind: 'file', file: { bytes: '@@@' } }] });
    expect(() => check('message/send', params, '0.3')).toThrow('message.parts[0].file.bytes: is not base64');
  });
});

test.each<[what: string, method: string, params: unknown]>([
  ['a message', 'SendMessage', message()],
  ['null for what is absent', 'SendMessage', message({ metadata: null, contextId: null })],
  ['a hundred levels of nesting, less the way to them', 'SendMessage', message({ metadata: nested(90) })],
  ['a state by name', 'ListTasks', { status: 'TASK_STATE_WORKING' }],
  ['a number in a string, as protobuf has it', 'ListTasks', { pageSize: '5' }],
  ['fields nobody knows', 'ListTasks', { colour: 'red' }],
  ['base64 of either alphabet', 'SendMessage', message({ parts: [{ raw: 'a-_+/w==' }] })],
])('%s is taken', (_what, method, params) => {
  expect(() => check(method, params)).not.toThrow();
});
