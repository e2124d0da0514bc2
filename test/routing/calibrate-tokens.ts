/**
 * Fits `data-plane/routing/token-weights.ts` with gpt-tokenizer (o200k) as the truth.
 *   npm run build && node dist/test/routing/calibrate-tokens.js [--write]
 * Weighted least squares on the relative error, with a ridge towards the weights in place; then the margin that bounds 99.5 % of the
 * texts. Texts: the labelled prompts, this repository's code and prose, JSON, and the locales that a dependency brings.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { countFeatures, emptyFeatures } from '../../data-plane/routing/text-features.js';
import { WEIGHTS } from '../../data-plane/routing/token-weights.js';
import { readLabelledPrompts } from './labelled-prompts.js';

const NAMES = Object.keys(WEIGHTS) as (keyof typeof WEIGHTS)[];
const PIECE_CHARACTERS = 1_500;
const PIECES_OF_ONE_FILE = 12;
const RIDGE: number = 0.02;
const QUANTILE = 0.995;

interface Piece {
  readonly counts: readonly number[];
  readonly tokens: number;
}

function pieceOf(text: string): Piece {
  const features = emptyFeatures();
  countFeatures(text, 0, text.length, features);
  return { counts: NAMES.map((name) => features[name]), tokens: countTokens(text, { disallowedSpecial: new Set() }) };
}

function pieces(): Piece[] {
  const { train, heldOut } = readLabelledPrompts();
  const texts = [...train, ...heldOut].map((label) => label.prompt).filter((prompt) => prompt.length > 60);
  const files = [
    ...globSync('{shared,data-plane,control-plane,local,test}/**/*.ts').filter((_, index) => index % 4 === 0),
    ...globSync('*.md'),
    ...globSync('node_modules/{fastify,undici,ioredis,stripe,graphql}/*.md'),
    ...globSync('node_modules/typebox/build/system/locale/*.mjs'),
    'package-lock.json',
    'tsconfig.json',
  ];
  for (const file of files) {
    const whole = readFileSync(file, 'utf8');
    const text = file.includes('/locale/') ? [...whole.matchAll(/['`]([^'`\n]{20,})['`]/g)].map((match) => match[1]).join('\n') : whole;
    for (let at = 0; at < text.length && at < PIECE_CHARACTERS * PIECES_OF_ONE_FILE; at += PIECE_CHARACTERS) {
      const piece = text.slice(at, at + PIECE_CHARACTERS);
      if (piece.length > 200) texts.push(piece);
    }
  }
  return texts.map(pieceOf);
}

/** Solves (A'A + ridge) x = A'b + ridge * prior for rows scaled by 1 / tokens. */
function solve(all: readonly Piece[]): number[] {
  const size = NAMES.length;
  const matrix = NAMES.map((_, row) => NAMES.map((__, column) => (row === column ? RIDGE : 0)));
  const right = NAMES.map((name) => RIDGE * WEIGHTS[name]);
  for (const { counts, tokens } of all) {
    for (let row = 0; row < size; row++) {
      const scaled = (counts[row] ?? 0) / tokens;
      const line = matrix[row] ?? [];
      for (let column = 0; column < size; column++) line[column] = (line[column] ?? 0) + (scaled * (counts[column] ?? 0)) / tokens;
      right[row] = (right[row] ?? 0) + scaled;
    }
  }
  for (let pivot = 0; pivot < size; pivot++) {
    const top = matrix[pivot] ?? [];
    for (let row = 0; row < size; row++) {
      const line = matrix[row] ?? [];
      const factor = row === pivot ? 0 : (line[pivot] ?? 0) / (top[pivot] ?? 1);
      for (let column = pivot; column < size; column++) line[column] = (line[column] ?? 0) - factor * (top[column] ?? 0);
      right[row] = (right[row] ?? 0) - factor * (right[pivot] ?? 0);
    }
  }
  return right.map((value, index) => value / (matrix[index]?.[index] ?? 1));
}

function estimate(piece: Piece, weights: readonly number[]): number {
  return piece.counts.reduce((total, count, index) => total + count * (weights[index] ?? 0), 0);
}

function report(name: string, all: readonly Piece[], weights: readonly number[]): void {
  const ratios = all.map((piece) => piece.tokens / Math.max(1, estimate(piece, weights))).sort((one, other) => one - other);
  const at = (share: number): string => (ratios[Math.floor(share * (ratios.length - 1))] ?? 0).toFixed(3);
  process.stdout.write(
    `${name}: ${all.length} texts; truth / estimate p1 ${at(0.01)} p10 ${at(0.1)} p50 ${at(0.5)} p90 ${at(0.9)} p99 ${at(0.99)} p99.5 ${at(QUANTILE)} max ${at(1)}\n`,
  );
}

function main(): void {
  const all = pieces();
  report(
    'weights in place',
    all,
    NAMES.map((name) => WEIGHTS[name]),
  );
  const train = all.filter((_, index) => index % 3 !== 0);
  const heldOut = all.filter((_, index) => index % 3 === 0);
  const fitted = solve(train);
  report('fitted, held out', heldOut, fitted);
  for (const [index, name] of NAMES.entries()) process.stdout.write(`  ${name} ${(fitted[index] ?? 0).toFixed(3)}\n`);
  if (!process.argv.includes('--write')) return;
  const file = 'data-plane/routing/token-weights.ts';
  const lines = NAMES.map((name, index) => `  ${name}: ${Number((fitted[index] ?? 0).toFixed(3))},`).join('\n');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(export const WEIGHTS: [^\n]*\{\n)[\s\S]*?\n\};/, `$1${lines}\n};`));
}

main();
