import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';

// The package is CommonJS and its types say otherwise.
const canonicalJson = canonicalize as unknown as (value: unknown) => string | undefined;

const RISK_LEVELS = ['low', 'medium', 'high'] as const;

type RiskLevel = (typeof RISK_LEVELS)[number];

/** What was found of an agent before it was offered: what calls to it are held against. */
export interface ReviewProfile {
  riskLevel: RiskLevel;
  /** A call must say that a person approved it; so must every call of a high-risk agent. */
  humanApprovalRequired: boolean;
  /** ISO 3166-1 alpha-2, in upper case, sorted; empty when calls may come from anywhere. */
  allowedRegions: string[];
  /** What one call costs, in units of the operator's choosing. */
  costPerCallUnits: number;
  /** The kinds of data the agent works on, such as `personal`. */
  dataClasses: string[];
}

/** A review as an agent declares it; what it leaves out is harmless. */
export type DeclaredReview = Pick<ReviewProfile, 'riskLevel'> & Partial<ReviewProfile>;

const region = z.string().regex(/^[a-z]{2}$/i, 'must be a country code of two letters (ISO 3166-1 alpha-2)');

export const reviewSchema = z.strictObject({
  riskLevel: z.enum(RISK_LEVELS),
  humanApprovalRequired: z.boolean().optional(),
  allowedRegions: z.array(region).optional(),
  costPerCallUnits: z.int().min(0).optional(),
  dataClasses: z.array(z.string().min(1)).optional(),
});

/** The whole profile. An agent that declares none is of low risk, costs nothing and may be called from anywhere. */
export function reviewProfile(declared?: DeclaredReview): ReviewProfile {
  const { riskLevel = 'low', humanApprovalRequired = false, costPerCallUnits = 0 } = declared ?? {};
  return {
    riskLevel,
    humanApprovalRequired,
    allowedRegions: distinct((declared?.allowedRegions ?? []).map((code) => code.toUpperCase())),
    costPerCallUnits,
    dataClasses: distinct(declared?.dataClasses ?? []),
  };
}

const distinct = (values: string[]): string[] => [...new Set(values)].sort();

/** Names a profile by its content: `sha256:` and hex, over its canonical JSON (RFC 8785). */
export const reviewVersion = (profile: ReviewProfile): string =>
  `sha256:${createHash('sha256')
    .update(String(canonicalJson(profile)))
    .digest('hex')}`;
