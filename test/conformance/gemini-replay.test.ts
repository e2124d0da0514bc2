import { describe, expect, test } from 'vitest';
import { gemini } from '../../data-plane/upstream/protocols/gemini/index.js';
import { recordings } from './gemini-and-anthropic-recordings.js';
import { replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';

const all = [...recordings('gemini'), ...recordings('vertex')].filter((recording) => recording.status === 200);
describe('smoke', () => {
  test.each(all)('$name', (recording) => {
    const of = target({ stream: recording.stream });
    const replay = recording.stream ? replayStream(gemini, [recording.bytes], of) : replaySync(gemini, recording.bytes, of);
    expect(replay.finished).toBe(true);
  });
});
