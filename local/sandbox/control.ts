/** The sandbox's own endpoints under `/__sandbox/`: set faults, ask what came in. */
import type { FaultRules } from './fault-rules.js';
import { asObject, type JsonObject } from './json-value.js';
import type { RequestLog } from './request-log.js';

export interface ControlAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Throws TypeError for a fault rule without words. */
export function answerControl(method: string, url: URL, body: unknown, faults: FaultRules, log: RequestLog): ControlAnswer {
  const { searchParams } = url;
  const action = `${method} ${url.pathname.slice('/__sandbox/'.length)}`;
  switch (action) {
    case 'POST faults':
      return { status: 201, body: faults.add(asObject(body)) };
    case 'GET faults':
      return { status: 200, body: { faults: faults.list() } };
    case 'DELETE faults': {
      const id = searchParams.get('id');
      faults.remove(id === null ? undefined : Number(id));
      return { status: 200, body: { faults: faults.list() } };
    }
    case 'GET requests': {
      const filter = {
        vendor: searchParams.get('vendor'),
        model: searchParams.get('model'),
        limit: Number(searchParams.get('limit') ?? '100'),
      };
      return { status: 200, body: log.show(filter) };
    }
    case 'DELETE requests':
      log.clear();
      return { status: 200, body: { total: 0, requests: [] } };
    default:
      return { status: 404, body: { error: { message: `sandbox: no such control ${action}` } } };
  }
}
