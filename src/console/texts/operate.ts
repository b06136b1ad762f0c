/** The words of the operator's pages. */
export const operate = {
  title: 'Operate',
} as const;
