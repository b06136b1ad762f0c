import type { JSONWebKeySet } from 'jose';
import type { Checkpoint } from '../../receipts/checkpoint.ts';
import type { JsonObject, Receipt, ReceiptResult } from '../../receipts/receipt.ts';
import { ask, request } from './http.ts';

export interface ReceiptFilters {
  agent_id?: string;
  provider_id?: string;
  status?: string;
  verification?: string;
  invoke_mode?: string;
}

export interface ReceiptPage {
  receipts: Receipt[];
  next_cursor: string | null;
}

/** A receipt with what is kept of its bodies. */
export interface ReceiptInFull extends ReceiptResult {
  receipt: Receipt;
  request?: JsonObject;
}

export interface Verdict {
  receipt_id: string;
  verification: 'verified' | 'failed';
  by: string;
  reason: string;
  at: string;
}

const PAGE = '100';

export function listReceipts(
  filters: ReceiptFilters,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<ReceiptPage> {
  const query = new URLSearchParams({ ...given(filters), limit: PAGE, ...(cursor && { cursor }) });
  return request(`v1/receipts?${query}`, signal && { signal });
}

const given = (filters: ReceiptFilters): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined && value !== ''));

const at = (receiptId: string) => `v1/receipts/${encodeURIComponent(receiptId)}`;

export const receiptInFull = (receiptId: string, signal?: AbortSignal): Promise<ReceiptInFull> =>
  request(`${at(receiptId)}?include_request=true`, signal && { signal });

export const verdictsOf = async (receiptId: string, signal?: AbortSignal): Promise<Verdict[]> =>
  (await request<{ verifications: Verdict[] }>(`${at(receiptId)}/verifications`, signal && { signal }))
    .verifications;

export const judge = (
  receiptId: string,
  verdict: Pick<Verdict, 'verification' | 'reason'>,
): Promise<Verdict> => request(`${at(receiptId)}/verify`, { body: verdict });

export const hostKeys = (): Promise<JSONWebKeySet> => request('.well-known/jwks.json');
export const checkpoint = (): Promise<Checkpoint> => request('v1/receipts/checkpoint');

export const exportAnswer = (providerId: string, signal?: AbortSignal): Promise<Response> =>
  ask(
    `v1/receipts/export${providerId === '' ? '' : `?provider_id=${encodeURIComponent(providerId)}`}`,
    signal && { signal },
  );
