/** A quantile of a stream of readings without keeping them: each reading moves it a small step up or down (Robbins-Monro). */

/** A share of the present value: follows a change within some tens of readings. */
const STEP = 0.1;
/** Fewer readings are a guess. */
const MIN_READINGS = 8;

export class Quantile {
  #value = 0;
  #readings = 0;

  /** `quantile`: 0.95 is kept by 95 of 100 readings. */
  constructor(private readonly quantile: number) {}

  add(reading: number): void {
    const step = Math.max(this.#value, 1) * STEP;
    if (this.#readings++ < MIN_READINGS) this.#value = Math.max(this.#value, reading);
    else this.#value += reading > this.#value ? step * this.quantile : -step * (1 - this.quantile);
  }

  /** Undefined until there were enough readings. */
  value(): number | undefined {
    return this.#readings < MIN_READINGS ? undefined : this.#value;
  }
}
