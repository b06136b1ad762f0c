import { type Call, FINAL } from '../ledger.ts';
import { pause, Refused, type World } from './ask.ts';

/** What one client is shown of its task, by however many streams: it never goes back, and nothing follows its end. */
export class Watched {
  readonly #world: World;
  readonly #call: Call;
  #step = 0;
  #end: string | undefined;

  constructor(world: World, call: Call) {
    this.#world = world;
    this.#call = call;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** @param state in the words of whichever surface. @param text of the message that came with it. */
  see(state: string | undefined, text: string | undefined): void {
    const { ledger } = this.#world;
    const end = FINAL.exec(state ?? '')?.[1]?.toLowerCase();
    if (this.#end !== undefined && end !== this.#end)
      ledger.problem(this.#call, `its stream showed ${state} after ${this.#end}`);
    if (end !== undefined && end !== this.#call.ending)
      ledger.problem(this.#call, `its stream ended with ${end}, not ${this.#call.ending}`);
    this.#end ??= end;
    const step = Number(/^step (\d+) of/.exec(text ?? '')?.[1] ?? this.#step);
    if (step < this.#step)
      ledger.problem(this.#call, `its stream went back from step ${this.#step} to step ${step}`);
    this.#step = step;
  }

  /**
   * Opens a stream, and another whenever it is over, until the end was shown. One that a host closes in good order
   * has shown the end, unless that host was told to go.
   */
  async toTheEnd(open: () => AsyncIterable<unknown>, isOver = async () => false): Promise<void> {
    const { ledger, late } = this.#world;
    for (let tries = 0; ; tries++) {
      const opened = Date.now();
      let shown = 0;
      try {
        for await (const _ of open()) shown += 1;
        if (!this.hasEnded && !ledger.wasOrderly(opened))
          ledger.problem(this.#call, 'its stream was closed without its end');
      } catch {
        // Broken off, or refused; what was seen before counts.
      }
      if (this.hasEnded || (await isOver())) return;
      if (late.aborted) throw new Refused('its stream never showed the end');
      if (shown > 0) tries = 0;
      ledger.count(shown > 0 ? 'streams that were broken off' : 'streams that could not be opened');
      await pause(tries);
    }
  }
}
