import { describe, expect, test } from 'vitest';
import { anthropic } from '../../data-plane/upstream/protocols/anthropic/index.js';
import { recordings } from './gemini-and-anthropic-recordings.js';
import { replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';

const all = recordings('anthropic').filter((recording) => recording.status === 200);
describe('smoke', () => {
  test.each(all)('$name', (recording) => {
    const of = target({ stream: recording.stream });
    const replay = recording.stream ? replayStream(anthropic, [recording.bytes], of) : replaySync(anthropic, recording.bytes, of);
    expect(replay.finished).toBe(true);
  });
});
