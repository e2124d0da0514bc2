import { expect, test } from 'vitest';
import { readHop, signHop } from '../../../data-plane/region/hop.js';

const TOKEN = 'a token that nodes share';
const hop = { region: 'us', address: '203.0.113.7' };

test('a mark that a node signed is read back', () => {
  expect(readHop(signHop(hop, 1000, TOKEN), 2000, TOKEN)).toEqual(hop);
});

test.each([
  ['unsigned', Buffer.from(JSON.stringify(['us', '10.0.0.1', 1000])).toString('base64url')],
  ['signed with another token', signHop(hop, 1000, 'another')],
  ['altered', signHop(hop, 1000, TOKEN).replace(/^./, 'X')],
  ['empty', ''],
])('a mark that is %s is refused', (_name, header) => {
  expect(readHop(header, 2000, TOKEN)).toBeUndefined();
});

test('an old mark is refused: it was not used at once', () => {
  expect(readHop(signHop(hop, 0, TOKEN), 16 * 60_000, TOKEN)).toBeUndefined();
});
