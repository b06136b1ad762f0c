import { useEffect, useState } from 'preact/hooks';

const isSeen = (): boolean => document.visibilityState === 'visible';

/**
 * Whether the page is in front. A tab behind others lets go of its streams: a browser has six connections to a host,
 * and calls from every tab share them.
 */
export function usePageSeen(): boolean {
  const [seen, setSeen] = useState(isSeen);
  useEffect(() => {
    const look = () => setSeen(isSeen());
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return seen;
}
