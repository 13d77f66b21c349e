import { own } from '../own';

/** The dialects of SQL that cells are written in. */
export type Dialect = 'hive' | 'spark' | 'trino' | 'presto' | 'flink';

/** A cell of SQL, as its first line tells. */
export interface ISqlCell {
  readonly dialect: Dialect;
  /** The catalog and schema that the line names, by which shorter names are understood. */
  readonly here: readonly string[];
  /** Where its SQL begins: behind the line, as an offset in the text. */
  readonly start: number;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  hive: 'hive',
  presto: 'presto',
  prestosql: 'presto',
  trino: 'trino',
  sql: 'spark',
  flink: 'flink'
};

/** Reads the first line that is not empty; null where it begins no cell of SQL. */
export function sqlCellOf(source: string): ISqlCell | null {
  const found = /^(?:[ \t]*\r?\n)*%%(\w+)([^\n]*)(?:\n|$)/.exec(source);
  if (found === null) {
    return null;
  }
  const [line, name = '', options = ''] = found;
  const dialect = name === 'spark' ? ofSpark(options) : own(DIALECTS, name);
  if (!dialect) {
    return null;
  }
  const catalog = option(options, '--catalog');
  const schema = option(options, '-d|--database|--schema');
  const here = [catalog, schema].filter(part => part !== '');
  return { dialect, here: schema === '' ? [] : here, start: line.length };
}

function ofSpark(options: string): Dialect | null {
  return option(options, '-l|--language|-c|--context') === 'sql' ? 'spark' : null;
}

function option(options: string, names: string): string {
  const found = new RegExp(`(?:^|\\s)(?:${names})(?:\\s+|=)(\\S+)`).exec(options);
  return (found?.[1] ?? '').replace(/^(["'`])(.*)\1$/, '$2');
}
