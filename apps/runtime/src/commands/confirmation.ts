/** Questions to the person: who answers them belongs to the host. */

/** What a person is asked. */
export interface ConfirmationRequest {
  readonly tool: string;
  /** What is to be done, in one line. */
  readonly action: string;
  /** Why it asks: the rule, in words. */
  readonly reason: string;
}

/** Asks the person; false is no, also where nobody can be asked. */
export type Confirm = (request: ConfirmationRequest) => Promise<boolean> | boolean;
