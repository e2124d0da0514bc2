/** Every SQL statement of this process, in order: for tests that count them and measurements that explain them. */
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

const CONTROL = /^\s*(begin|commit|rollback|savepoint|release|set )/i;

export function logStatements(): StatementLog {
  let statements: LoggedStatement[] = [];
  const original = pg.Client.prototype.query;
  const wrapped = function (this: pg.Client, ...parameters: unknown[]) {
    const [first, second] = parameters;
    const config = typeof first === 'object' && first !== null ? (first as { text?: string; values?: unknown[] }) : undefined;
    const text = config?.text ?? String(first);
    const values = config?.values ?? (Array.isArray(second) ? second : []);
    const startedAt = performance.now();
    const answer: unknown = Reflect.apply(original, this, parameters);
    const done = () => {
      if (!CONTROL.test(text)) statements.push({ text, values, durationMs: performance.now() - startedAt });
    };
    if (answer instanceof Promise) answer.then(done, done);
    else done();
    return answer;
  };
  pg.Client.prototype.query = wrapped as typeof original;
  return {
    take: () => {
      const taken = statements;
      statements = [];
      return taken;
    },
    stop: () => {
      pg.Client.prototype.query = original;
    },
  };
}
