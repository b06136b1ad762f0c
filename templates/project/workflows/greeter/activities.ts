/** What touches the world: clocks, files, networks, models. It runs in plain Node. */
export async function timeOfDay(): Promise<'morning' | 'day' | 'evening'> {
  const hour = new Date().getHours();
  if (hour < 10) return 'morning';
  return hour < 18 ? 'day' : 'evening';
}
