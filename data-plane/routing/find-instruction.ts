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
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length <= 1) return lines[0] ?? '';
  const shortEnd = Math.min(lines[0]?.length ?? 0, lines.at(-1)?.length ?? 0) < PROSE_LINE_CHARACTERS;
  const longest = shortEnd ? PROSE_LINE_CHARACTERS : TASK_LINE_CHARACTERS;
  const asked = lines.filter((line) => line.length <= longest && !isData(line));
  return (asked.length > 0 ? asked : lines).join('\n');
}

function isData(line: string): boolean {
  if (line.length < DATA_LINE_CHARACTERS) return false;
  let digits = 0;
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code >= 48 && code <= 57) digits += 1;
  }
  return digits >= line.length * DATA_DIGIT_SHARE && digits >= 6;
}
