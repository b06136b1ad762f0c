/** The plain workflows that the product's agents are measured against. */
import { condition, defineUpdate, setHandler } from '@temporalio/workflow';

export async function empty(): Promise<void> {}

/** Takes updates until nobody needs it any more. */
export async function waiting(): Promise<void> {
  setHandler(defineUpdate('hear'), () => {});
  await condition(() => false, '10 minutes');
}
