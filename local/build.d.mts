/** Compiles what changed; the folder of the compiled program. Rejects when nothing could be written. */
export function buildProgram(announce?: (step: string) => void): Promise<{ dist: string }>;
