/** Time of a run: seconds of training with pauses left out, and a smoothed speed for the time left. */
import { Rate } from './rate.ts';

export class Clock {
  #before: number;
  #since: number | null = null;
  #stepEnded: number | null = null;
  #steps = new Rate();
  #secondsPerEvaluation = 0;

  /** Starts stopped. `seconds`: what earlier sittings took. */
  constructor(seconds: number) {
    this.#before = seconds;
  }

  get seconds(): number {
    return this.#before + (this.#since === null ? 0 : performance.now() - this.#since) / 1000;
  }

  get running(): boolean {
    return this.#since !== null;
  }

  start(): void {
    this.#since ??= performance.now();
  }

  stop(): void {
    this.#before = this.seconds;
    this.#since = null;
    this.#stepEnded = null;
  }

  /** Call when the results of a step arrive. */
  stepDone(): void {
    const now = performance.now();
    if (this.#stepEnded !== null) this.#steps.add((now - this.#stepEnded) / 1000, 1);
    this.#stepEnded = now;
  }

  /** Call when anything but training took time, so that the next step does not pay for it. */
  interrupted(): void {
    this.#stepEnded = null;
  }

  evaluationDone(seconds: number): void {
    this.#secondsPerEvaluation = seconds;
  }

  /** Smoothed; null before the second step. */
  get stepsPerSecond(): number | null {
    return this.#steps.perSecond;
  }

  /** Estimate for the steps and evaluations still to come. */
  secondsLeft(steps: number, evaluations: number): number | null {
    const speed = this.stepsPerSecond;
    return speed === null ? null : steps / speed + evaluations * this.#secondsPerEvaluation;
  }
}
