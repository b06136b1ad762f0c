const PATHS = {
  agents:
    'M4 7.5h7a4.5 4.5 0 0 1 0 9H4M2.6 7.5a1.4 1.4 0 1 0 2.8 0 1.4 1.4 0 1 0-2.8 0M2.6 16.5a1.4 1.4 0 1 0 2.8 0 1.4 1.4 0 1 0-2.8 0M15.5 12H21',
  tasks: 'M4 6h16M4 12h10M4 18h13',
  receipts: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9.5 8h5M9.5 12h5',
  operate: 'M4 20V10M10 20V4M16 20v-7M22 20H2',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19',
  moon: 'M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z',
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20 20',
  leave: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing that says nothing by itself: its words stand beside it. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
