import type { TranslationBundle } from '@jupyterlab/translation';
import type { IStatementView } from '../api/schema';
import { duration } from '../clusters/words';
import { own } from '../own';

const MAGICS: Readonly<Record<string, string>> = {
  sql: '%%spark -l sql',
  python: '%%pyspark',
  scala: '%%scala'
};

/** Returns the cell that runs a statement again: its own magic and options, else its engine's. */
export function cellOf(statement: IStatementView): string {
  const { line, engine, language } = statement;
  const text = statement.text.replace(/\n$/, ''); // a cell magic's text ends with one
  if (line.startsWith('%%')) {
    return `${line}\n${text}`;
  }
  const isSpark = engine === 'livy' || engine === 'spark';
  return `${isSpark ? (own(MAGICS, language) ?? '%%spark') : `%%${engine}`}\n${text}`;
}

/** Returns a statement as Markdown: what it was, and its text in a fence that it cannot end. */
export function markdownOf(
  statement: IStatementView,
  trans: TranslationBundle
): string {
  const runs = statement.text.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map(run => run.length + 1)));
  const language = statement.language || 'sql';
  const facts = factsOf(statement, trans).join(' · ');
  const text = statement.text.replace(/\n$/, '');
  return `${facts}\n\n${fence}${language}\n${text}\n${fence}\n`;
}

/** Returns what is told of a statement beside its text. */
export function factsOf(statement: IStatementView, trans: TranslationBundle): string[] {
  const { engine, cluster_name, state, seconds, rows, created } = statement;
  const when = new Date(created * 1000);
  return [
    engine === 'livy' ? 'spark' : engine,
    cluster_name,
    state,
    duration(seconds, trans),
    rows === null ? '' : trans.__('%1 rows', rows.toLocaleString()),
    when.toLocaleString()
  ].filter(Boolean);
}
