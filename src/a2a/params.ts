/** What a method's parameters must look like before they are translated: the SDK's own complaints name no field. Pure. */
import { TaskState } from '@a2a-js/sdk';
import { invalidParams } from '../errors.ts';
import { checkValues } from '../web/json-values.ts';
import { type Bag, isBag, isSend, type RpcRequest } from './dialects.ts';
import { checkConfigShape, checkPushParams } from './push-params.ts';

const TAKES_ID = new Set([
  'GetTask',
  'CancelTask',
  'SubscribeToTask',
  'tasks/get',
  'tasks/cancel',
  'tasks/resubscribe',
]);

/** @throws HostError `invalid_params` naming the field. */
export function checkParams({ method, params }: RpcRequest, version: '1.0' | '0.3'): void {
  checkValues(params);
  const given = isBag(params) ? params : {};
  checkCount('pageSize', given.pageSize);
  if (TAKES_ID.has(method)) checkTaskId(given.id);
  checkCount('historyLength', given.historyLength);
  if (method === 'ListTasks') checkList(given);
  checkPushParams(method, given, version);
  if (isSend(method)) checkSend(given, version);
}

function checkList(given: Bag): void {
  optional(isText, 'must be a string', given, ['contextId', 'pageToken', 'statusTimestampAfter']);
  optional(isState, 'is no task state', given, ['status']);
  optional(isFlag, 'must be true or false', given, ['includeArtifacts']);
}

function checkSend(given: Bag, version: '1.0' | '0.3'): void {
  const { message, configuration } = given;
  optional(isBag, 'must be an object', given, ['metadata', 'configuration']);
  if (isBag(configuration)) {
    checkCount('configuration.historyLength', configuration.historyLength);
    optional(
      isFlag,
      'must be true or false',
      configuration,
      ['blocking', 'returnImmediately'],
      'configuration.',
    );
    optional(isTexts, 'must be a list of strings', configuration, ['acceptedOutputModes'], 'configuration.');
    const push = version === '1.0' ? 'taskPushNotificationConfig' : 'pushNotificationConfig';
    const config = configuration[push];
    if (config !== undefined && config !== null) checkConfigShape(`configuration.${push}`, config, version);
  }
  if (!isBag(message)) throw invalidParams('message', 'is required');
  optional(isText, 'must be a string', message, ['messageId', 'taskId', 'contextId'], 'message.');
  optional(isBag, 'must be an object', message, ['metadata'], 'message.');
  optional(isTexts, 'must be a list of strings', message, ['referenceTaskIds', 'extensions'], 'message.');
  if (!Array.isArray(message.parts)) throw invalidParams('message.parts', 'must be a list');
  const checkPart = version === '1.0' ? checkContent : checkKind;
  for (const [index, part] of message.parts.entries()) {
    const field = `message.parts[${index}]`;
    if (!isBag(part)) throw invalidParams(field, 'must be an object');
    optional(isBag, 'must be an object', part, ['metadata'], `${field}.`);
    checkPart(field, part);
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const isState = (value: unknown): boolean =>
  (typeof value === 'string' && value in TaskState) || (typeof value === 'number' && value in TaskState);

function optional(
  fits: (value: unknown) => boolean,
  problem: string,
  of: Bag,
  names: string[],
  path = '',
): void {
  for (const name of names) {
    const value = of[name];
    if (value !== undefined && value !== null && !fits(value)) throw invalidParams(`${path}${name}`, problem);
  }
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function checkBase64(field: string, value: unknown): void {
  if (typeof value === 'string' && !BASE64.test(value)) throw invalidParams(field, 'is not base64');
}

function checkTaskId(id: unknown): void {
  if (id === undefined || id === null || id === '') throw invalidParams('id', 'is required');
  checkString('id', id);
}

function checkString(field: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidParams(field, 'must be a string');
}

function checkCount(field: string, value: unknown): void {
  if (value === undefined || value === null) return;
  // protobuf's JSON takes a number in a string, too.
  const length = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (!Number.isInteger(length)) throw invalidParams(field, 'must be a whole number');
  if (Number(length) < 0) throw invalidParams(field, 'must not be negative');
}

/** A part of v1.0 (§4.1.6): its content is the field that is set. */
function checkContent(field: string, part: Bag): void {
  const set = ['text', 'raw', 'url', 'data'].filter(
    (name) => part[name] !== undefined && part[name] !== null,
  );
  if (set.length > 1) throw invalidParams(field, `must have only one of ${set.join(' and ')}`);
  const [name] = set;
  if (name !== undefined && name !== 'data') checkString(`${field}.${name}`, part[name]);
  if (name === 'raw') checkBase64(`${field}.raw`, part.raw);
}

/** A part of v0.3 (§6.5): its content is what `kind` says. */
function checkKind(field: string, part: Bag): void {
  if (part.kind === 'text') checkString(`${field}.text`, part.text);
  else if (part.kind === 'file') checkFile(`${field}.file`, part.file);
  else if (part.kind !== 'data') throw invalidParams(`${field}.kind`, 'must be text, file or data');
  else if (part.data === undefined) throw invalidParams(`${field}.data`, 'is required');
}

function checkFile(field: string, file: unknown): void {
  if (!isBag(file)) throw invalidParams(field, 'is required');
  if (typeof file.bytes !== 'string' && typeof file.uri !== 'string') {
    throw invalidParams(field, 'must have bytes or uri');
  }
  checkBase64(`${field}.bytes`, file.bytes);
}
