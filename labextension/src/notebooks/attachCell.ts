/** The lines of a cell that attaches: loading the extension, attaching, comments, nothing else. */
const LOAD = /^\s*%(?:load_ext|reload_ext)\s+emr_nb\s*$/;
const ATTACH = /^(\s*(?:\w+\s*=\s*)?%emr\s+(?:attach|connect)\b)(.*)$/;
const IDLE = /^\s*(?:#.*)?$/;

/** Where a cell attaches: nowhere, as all that it does, or among other lines. */
export type Attaches = 'no' | 'alone' | 'among others';

/** Tells whether a cell attaches: a line of it does, outside of texts over several lines. */
export function attaches(source: string): Attaches {
  const lines = source.split('\n');
  const found = attachLine(lines);
  if (found < 0) {
    return 'no';
  }
  const isAlone = lines.every(
    line => LOAD.test(line) || ATTACH.test(line) || IDLE.test(line)
  );
  return isAlone ? 'alone' : 'among others';
}

/** Whether a cell loads the extension. */
export function loadsExtension(source: string): boolean {
  return source.split('\n').some(line => LOAD.test(line));
}

/**
 * Returns a cell whose line that attaches names another cluster; all other lines stay.
 *
 * Its options stay, a name for the old one goes.
 */
export function attachedTo(source: string, reference: string): string {
  const lines = source.split('\n');
  const at = attachLine(lines);
  const found = ATTACH.exec(lines[at] ?? '');
  if (found) {
    lines[at] = `${found[1]} ${[reference, ...options(found[2] ?? '')].join(' ')}`;
  }
  return lines.join('\n');
}

/** Returns the last line that attaches, since that is the current one; −1 for none. */
function attachLine(lines: readonly string[]): number {
  if (/^\s*%%/.test(lines.find(line => line.trim() !== '') ?? '')) {
    return -1; // the text of another magic
  }
  let found = -1;
  let quote = '';
  lines.forEach((line, at) => {
    if (quote === '' && ATTACH.test(line)) {
      found = at;
    }
    quote = textAfter(line, quote);
  });
  return found;
}

/** Returns the quotes of the text over several lines that a line ends in; empty for none. */
function textAfter(line: string, before: string): string {
  let quote = before;
  // a text of one line is passed over whole, so that quotes within it open nothing
  const parts = /"""|'''|#.*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\./g;
  const ends = /"""|'''|\\./g;
  let at = 0;
  for (;;) {
    const pattern = quote === '' ? parts : ends;
    pattern.lastIndex = at;
    const [part] = pattern.exec(line) ?? [];
    if (part === undefined) {
      return quote;
    }
    at = pattern.lastIndex;
    if (part === '"""' || part === "'''") {
      quote = quote === '' ? part : quote === part ? '' : quote;
    }
  }
}

/** Returns a new attach cell. */
export function newAttachCell(reference: string, isLoaded: boolean): string {
  const attach = `%emr attach ${reference}`;
  return isLoaded ? attach : `%load_ext emr_nb\n${attach}`;
}

/** Returns the options of an attach line, without its cluster and the name given to that. */
function options(rest: string): string[] {
  const words = rest.match(/"[^"]*"|'[^']*'|[^\s]+/g) ?? [];
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const hasValue = /^--(?:profile|region|role|user|name)$/.test(word);
    if (word === '--name') {
      i++;
    } else if (hasValue) {
      kept.push(word, words[++i] ?? '');
    } else if (word.startsWith('-') && !/^--(?:name=|yarn$)/.test(word)) {
      kept.push(word);
    }
  }
  return kept;
}
