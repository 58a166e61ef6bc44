/** A smoothed speed: amounts per second, forgetting with a half-life. */

/** Seconds. */
const halfLife = 7;

export class Rate {
  #seconds = 0;
  #amount = 0;

  /** `amount` was done in the last `seconds`. What arrives in bursts counts by its duration, not by its number. */
  add(seconds: number, amount: number): void {
    const keep = 2 ** (-seconds / halfLife);
    this.#seconds = keep * this.#seconds + seconds;
    this.#amount = keep * this.#amount + amount;
  }

  /** null before anything took time. */
  get perSecond(): number | null {
    return this.#seconds > 0 ? this.#amount / this.#seconds : null;
  }
}
