/** Conditions on metadata, as the native engine has them. */

import type { Clause } from '../encoding';
import type { Metadata, Scalar } from '../types';

/** Whether a filter holds for these fields. */
export function holds(clause: Clause, metadata: Metadata | undefined): boolean {
  switch (clause.kind) {
    case 'and':
      return clause.clauses.every((one) => holds(one, metadata));
    case 'or':
      return clause.clauses.some((one) => holds(one, metadata));
    case 'not':
      return !holds(clause.clause, metadata);
    case 'in': {
      const value = valueOf(metadata, clause.field);
      return value !== undefined && clause.values.includes(value);
    }
    case 'range': {
      const value = valueOf(metadata, clause.field);
      if (value === undefined) return false;
      const [above, from, below, to] = clause.bounds;
      return (
        meets(value, above, (order) => order > 0) &&
        meets(value, from, (order) => order >= 0) &&
        meets(value, below, (order) => order < 0) &&
        meets(value, to, (order) => order <= 0)
      );
    }
    case 'exists':
      return valueOf(metadata, clause.field) !== undefined;
  }
}

function valueOf(metadata: Metadata | undefined, field: string): Scalar | undefined {
  return metadata !== undefined && Object.hasOwn(metadata, field) ? metadata[field] : undefined;
}

function meets(value: Scalar, bound: Scalar | undefined, wanted: (order: number) => boolean): boolean {
  if (bound === undefined) return true;
  if (typeof value !== typeof bound || value === null || bound === null) return false;
  if (typeof value === 'string')
    return wanted(Buffer.compare(Buffer.from(value), Buffer.from(bound as string)));
  return wanted(Number(value) - Number(bound));
}
