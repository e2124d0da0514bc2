/**
 * Tells what is asked from what it is asked about. People write the task in short lines at the head or the tail, and paste articles,
 * tables, logs and code around it; words of an article say nothing about the task. Pure; reads a bounded part of a long text.
 */

/** Read for the task, at each end of a long prompt. */
const HEAD_CHARACTERS = 2_000;
const TAIL_CHARACTERS = 1_000;
/** A line of this length beside a shorter one is pasted prose. */
const PROSE_LINE_CHARACTERS = 300;
/** A paragraph that says what to do is rarely longer. */
const TASK_LINE_CHARACTERS = 900;
/** Share of digits from which a line is a row of data. */
const DATA_DIGIT_SHARE = 0.12;
const DATA_LINE_CHARACTERS = 16;

export function findInstruction(prompt: string): string {
  const ends =
    prompt.length <= HEAD_CHARACTERS + TAIL_CHARACTERS ? prompt : `${prompt.slice(0, HEAD_CHARACTERS)}\n${prompt.slice(-TAIL_CHARACTERS)}`;
  const text = ends.includes('```') ? ends.replace(/```[\s\S]*?(?:```|$)/g, '\n') : ends;
  const lines = text
    .split('\n')
    .map(cutPaste)
    .filter((line) => line.trim() !== '');
  if (lines.length <= 1) return lines[0] ?? '';
  const shortEnd = Math.min(lines[0]?.length ?? 0, lines.at(-1)?.length ?? 0) < PROSE_LINE_CHARACTERS;
  const longest = shortEnd ? PROSE_LINE_CHARACTERS : TASK_LINE_CHARACTERS;
  const asked = lines.filter((line) => line.length <= longest && !isData(line));
  return (asked.length > 0 ? asked : lines).join('\n');
}

/**
 * `Translate this: <a page>` and a question in one script about a text in another: the page is cut off. A line that has no such seam
 * stays as it is.
 */
function cutPaste(line: string): string {
  if (line.length < PROSE_LINE_CHARACTERS) return line;
  const latin = /[A-Za-z][\x20-\x7e‘’“”–—]{200,}/.exec(line);
  if (latin && DENSE.test(line.slice(0, latin.index))) return line.slice(0, latin.index);
  const seam = /[:：]\s/.exec(line.slice(0, SEAM_CHARACTERS));
  return seam && line.length - seam.index > PROSE_LINE_CHARACTERS ? line.slice(0, seam.index) : line;
}

/** Ideographs, kana, hangul. */
const DENSE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;
/** What is said before a paste in the same line is short. */
const SEAM_CHARACTERS = 120;
/** `a,b,c,d`, `key: value`, `12:01 word`: cells of a table, lines of a log or of a configuration. */
const CELLS = /^[^\s,;|\t]*(?:[,;|\t][^\s,;|\t]*){3,}$|^[^\t]+\t[^\t]*\t/;
const LOG_LINE = /^\s*(?:\[?\d{1,4}[-:/.]\d{1,2}|at |File "|\w+Error\b|- \w+: |[\w.-]+: \S+$)/;
const CODE_LINE = /[;{}]\s*$|^\s*(?:import|export|return|const|let|var|def|class|public|private|func|fn|if|for|while|else)\b.*[(){=:]/;

function isData(line: string): boolean {
  if (CELLS.test(line) || LOG_LINE.test(line) || CODE_LINE.test(line)) return true;
  if (line.length < DATA_LINE_CHARACTERS) return false;
  let digits = 0;
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code >= 48 && code <= 57) digits += 1;
  }
  return digits >= line.length * DATA_DIGIT_SHARE && digits >= 6;
}
