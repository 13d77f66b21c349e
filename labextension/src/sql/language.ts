import { StreamLanguage, type Language, type StringStream } from '@codemirror/language';
import type { Dialect } from './magics';
import { wordsOf, type IWords } from './words';

/** Where in a cell the reader is. */
interface IState {
  part: 'before' | 'magic' | 'sql';
  /** How many comments are open. */
  comments: number;
  /** The quote that closes the text or name that is open; empty for none. */
  quote: string;
}

/** Returns the language of a cell: its first line a magic, what follows SQL of a dialect. */
export function sqlCell(dialect: Dialect): Language {
  const words = wordsOf(dialect);
  return StreamLanguage.define<IState>({
    name: `emr-nb-${dialect}`,
    startState: () => ({ part: 'before', comments: 0, quote: '' }),
    copyState: state => ({ ...state }),
    token: (stream, state) => {
      if (state.part === 'magic' && stream.sol()) {
        state.part = 'sql';
      }
      if (state.part === 'before') {
        if (stream.match(/^\s*$/)) {
          return null;
        }
        state.part = 'magic';
      }
      return state.part === 'magic' ? magic(stream) : sql(stream, state, words);
    },
    languageData: {
      commentTokens: { line: '--', block: { open: '/*', close: '*/' } },
      closeBrackets: { brackets: ['(', '[', '{', "'", '"', '`'] }
    }
  });
}

function magic(stream: StringStream): string | null {
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match(/^%%\w+/)) {
    return 'meta';
  }
  if (stream.match(/^--?[\w-]+/)) {
    return 'attributeName';
  }
  if (stream.match(/^(["']).*?\1/)) {
    return 'string';
  }
  stream.match(/^\S+/);
  return null;
}

function sql(stream: StringStream, state: IState, words: IWords): string | null {
  if (state.comments > 0) {
    return inComment(stream, state, words);
  }
  if (state.quote) {
    return inQuotes(stream, state, words);
  }
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match('--')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match('/*')) {
    state.comments = 1;
    return inComment(stream, state, words);
  }
  if (stream.match(/^\{\{[^}\n]*\}\}/) || stream.match(/^\$\{[^}\n]*\}/)) {
    return 'variableName.special'; // a value that is filled in
  }
  const next = stream.peek() ?? '';
  if (words.strings.includes(next) || words.names.includes(next)) {
    stream.next();
    state.quote = next;
    return inQuotes(stream, state, words);
  }
  if (stream.match(/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[a-zA-Z]{0,2}\b/)) {
    return 'number';
  }
  if (stream.match(/^[\p{L}_][\p{L}\p{N}_$]*/u)) {
    return ofWord(stream.current().toLowerCase(), stream, words);
  }
  stream.next();
  return /[-+*/%=<>!|&^~]/.test(next) ? 'operator' : null;
}

function ofWord(word: string, stream: StringStream, words: IWords): string {
  if (stream.string.charAt(stream.start - 1) === '.') {
    return 'propertyName'; // a column or table may be called as a keyword is
  }
  const isCall = stream.match(/^\s*\(/, false);
  if (words.types.has(word)) {
    return 'typeName';
  }
  if (words.keywords.has(word)) {
    return 'keyword';
  }
  return isCall ? 'variableName.standard' : 'variableName';
}

function inComment(stream: StringStream, state: IState, words: IWords): string {
  while (!stream.eol()) {
    if (stream.match('*/')) {
      state.comments--;
      if (state.comments === 0) {
        break;
      }
    } else if (words.isNested && stream.match('/*')) {
      state.comments++;
    } else {
      stream.next();
    }
  }
  return 'comment';
}

function inQuotes(stream: StringStream, state: IState, words: IWords): string {
  const { quote } = state;
  const isText = words.strings.includes(quote);
  while (!stream.eol()) {
    const next = stream.next();
    if (next === '\\' && isText && words.hasBackslash) {
      stream.next();
    } else if (next === quote && !stream.eat(quote)) {
      state.quote = '';
      break;
    }
  }
  return isText ? 'string' : 'string.special';
}
