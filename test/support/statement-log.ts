/** Every SQL statement of this process, in order: for tests that count them and measurements that explain them. */
import { createRequire } from 'node:module';
import pg from 'pg';

export interface LoggedStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly durationMs: number;
}

export interface StatementLog {
  /** What was logged since it was last taken; transaction control left out. */
  take(): LoggedStatement[];
  stop(): void;
}

type Query = (this: unknown, ...parameters: unknown[]) => unknown;

const CONTROL = /^\s*(begin|commit|rollback|savepoint|release|set )/i;

/** MikroORM brings a copy of the driver of its own. */
function drivers(): { query: Query }[] {
  const require = createRequire(import.meta.url);
  const ofOrm = createRequire(require.resolve('@mikro-orm/postgresql'))('pg') as typeof pg;
  return [...new Set([pg.Client.prototype, ofOrm.Client.prototype])] as unknown as { query: Query }[];
}

export function logStatements(): StatementLog {
  let statements: LoggedStatement[] = [];
  const restore = drivers().map((driver) => {
    const original = driver.query;
    driver.query = function (...parameters) {
      const [first, second] = parameters;
      const config = typeof first === 'object' && first !== null ? (first as { text?: string; values?: unknown[] }) : undefined;
      const text = config?.text ?? String(first);
      const values = config?.values ?? (Array.isArray(second) ? second : []);
      const startedAt = performance.now();
      const done = () => {
        if (!CONTROL.test(text)) statements.push({ text, values, durationMs: performance.now() - startedAt });
      };
      const last = parameters.at(-1);
      // A pool asks with a callback, everybody else for a promise.
      if (typeof last === 'function')
        parameters[parameters.length - 1] = (...results: unknown[]) => {
          done();
          last(...results);
        };
      const answer = Reflect.apply(original, this, parameters);
      if (typeof last !== 'function' && answer instanceof Promise) answer.then(done, done);
      return answer;
    };
    return () => {
      driver.query = original;
    };
  });
  return {
    take: () => {
      const taken = statements;
      statements = [];
      return taken;
    },
    stop: () => {
      for (const one of restore) one();
    },
  };
}
