/**
 * Faults set from outside: `POST /__sandbox/faults`. A rule that matches a call adds its words to the call's script, so that whatever
 * can be scripted can be injected under a gateway that knows nothing of it. The first rule that matches and fires is taken.
 */
import { seededRandom } from './answer.js';
import { asNumber, asObject, asString, type JsonObject } from './json-value.js';

interface FaultRule {
  readonly id: number;
  readonly match: { readonly path: string; readonly model: string; readonly vendor: string };
  /** Words of `script.ts`: `429 retry-after=2`, `hang`, `cut=300`, `latency=2000`. */
  readonly fault: string;
  readonly probability: number;
  readonly random: () => number;
  /** Firings left. */
  times: number;
  fired: number;
}

export class FaultRules {
  #rules: FaultRule[] = [];
  #nextId = 1;

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** Throws TypeError when `fault` is missing. */
  add(body: JsonObject): JsonObject {
    const match = asObject(body['match']);
    const rule: FaultRule = {
      id: this.#nextId++,
      match: { path: asString(match['path']), model: asString(match['model']), vendor: asString(match['vendor']) },
      fault: typeof body['fault'] === 'number' ? String(body['fault']) : asString(body['fault']),
      probability: asNumber(body['probability']) ?? 1,
      random: seededRandom(`fault ${asNumber(body['seed']) ?? 1}`),
      times: asNumber(body['times']) ?? Number.POSITIVE_INFINITY,
      fired: 0,
    };
    if (rule.fault === '') throw new TypeError('fault must be words of a script, such as "429 retry-after=2"');
    this.#rules.push(rule);
    return show(rule);
  }

  /** The words that apply to this call, or none. Uses up one firing. */
  wordsFor(call: { readonly path: string; readonly model: string; readonly vendor: string }): string {
    for (const rule of this.#rules) {
      const { path, model, vendor } = rule.match;
      if (vendor !== '' && vendor !== call.vendor) continue;
      if (model !== '' && model !== call.model && model !== call.model.split('~', 1)[0]) continue;
      if (path !== '' && !call.path.includes(path)) continue;
      if (rule.times <= 0 || rule.random() >= rule.probability) continue;
      rule.times -= 1;
      rule.fired += 1;
      return rule.fault;
    }
    return '';
  }

  list(): JsonObject[] {
    return this.#rules.map(show);
  }

  /** One rule, or all of them. */
  remove(id: number | undefined): void {
    this.#rules = id === undefined ? [] : this.#rules.filter((rule) => rule.id !== id);
  }
}

function show(rule: FaultRule): JsonObject {
  const { id, match, fault, probability, fired } = rule;
  return { id, match, fault, probability, fired, times: Number.isFinite(rule.times) ? rule.times : null };
}
