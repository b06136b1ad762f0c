/** What the parameters of push config methods must look like. Pure. */
import { invalidParams } from '../errors.ts';
import { type Bag, isBag } from './dialects.ts';

const CREATES = new Set(['CreateTaskPushNotificationConfig', 'tasks/pushNotificationConfig/set']);
const NAMES_CONFIG = new Map([
  ['GetTaskPushNotificationConfig', 'id'],
  ['DeleteTaskPushNotificationConfig', 'id'],
  ['tasks/pushNotificationConfig/delete', 'pushNotificationConfigId'],
]);

/** @throws HostError `invalid_params` naming the field. */
export function checkPushParams(method: string, given: Bag, version: '1.0' | '0.3'): void {
  if (!/pushNotificationConfig/i.test(method)) return;
  const inV03 = version === '0.3' && !CREATES.has(method);
  required('', given, inV03 ? 'id' : 'taskId');
  const name = NAMES_CONFIG.get(method);
  if (name !== undefined) required('', given, name);
  if (method === 'tasks/pushNotificationConfig/get') text('', given, 'pushNotificationConfigId');
  if (method === 'ListTaskPushNotificationConfigs') text('', given, 'pageToken');
  if (!CREATES.has(method)) return;
  if (version === '1.0') checkConfigShape('', given, version);
  else checkConfigShape('pushNotificationConfig', given.pushNotificationConfig, version);
}

/**
 * @param field of the config in the request; nothing when it is the request.
 * @throws HostError `invalid_params` naming the field.
 */
export function checkConfigShape(field: string, config: unknown, version: '1.0' | '0.3'): void {
  if (!isBag(config)) throw invalidParams(field, 'must be an object');
  const path = field === '' ? '' : `${field}.`;
  required(path, config, 'url');
  for (const name of ['id', 'token']) text(path, config, name);
  const { authentication } = config;
  if (authentication === undefined || authentication === null) return;
  if (!isBag(authentication)) throw invalidParams(`${path}authentication`, 'must be an object');
  text(`${path}authentication.`, authentication, 'credentials');
  if (version === '1.0') required(`${path}authentication.`, authentication, 'scheme');
  else checkSchemes(`${path}authentication.schemes`, authentication.schemes);
}

function checkSchemes(field: string, schemes: unknown): void {
  if (!Array.isArray(schemes) || schemes.some((scheme) => typeof scheme !== 'string')) {
    throw invalidParams(field, 'must be a list of strings');
  }
}

function required(path: string, given: Bag, name: string): void {
  const value = given[name];
  if (value === undefined || value === null || value === '')
    throw invalidParams(`${path}${name}`, 'is required');
  text(path, given, name);
}

function text(path: string, given: Bag, name: string): void {
  const value = given[name];
  if (value !== undefined && value !== null && typeof value !== 'string') {
    throw invalidParams(`${path}${name}`, 'must be a string');
  }
}
