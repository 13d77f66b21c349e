/** The lines of a cell that attaches: loading the extension, attaching, comments, nothing else. */
const LOAD = /^\s*%(?:load_ext|reload_ext)\s+emr_nb\s*$/;
const ATTACH = /^(\s*(?:\w+\s*=\s*)?%emr\s+attach\b)(.*)$/;
const IDLE = /^\s*(?:#.*)?$/;

/** Whether a cell does nothing but attach. */
export function isAttachCell(source: string): boolean {
  const lines = source.split('\n');
  return (
    lines.some(line => ATTACH.test(line)) &&
    lines.every(line => LOAD.test(line) || ATTACH.test(line) || IDLE.test(line))
  );
}

/** Whether a cell loads the extension. */
export function loadsExtension(source: string): boolean {
  return source.split('\n').some(line => LOAD.test(line));
}

/** Returns an attach cell with another cluster; its options stay, a name for the old one goes. */
export function attachedTo(source: string, reference: string): string {
  return source
    .split('\n')
    .map(line => {
      const found = ATTACH.exec(line);
      return found
        ? `${found[1]} ${[reference, ...options(found[2] ?? '')].join(' ')}`
        : line;
    })
    .join('\n');
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
