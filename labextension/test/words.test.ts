import { duration, nodesLine, roleWord, stateWord, subline, tone } from '../src/clusters/words';
import { cellOf, factsOf, markdownOf } from '../src/history/texts';
import type { IStatementView } from '../src/api/schema';
import { trans } from './server';

const STATEMENT = {
  engine: 'livy',
  cluster_name: 'etl',
  state: 'done',
  seconds: 61,
  rows: 1200,
  created: 0,
  language: 'sql',
  line: '',
  text: 'select 1\n'
} as IStatementView;

test('a duration has its two largest units', () => {
  const said = [0, 59, 60, 3_661, 86_400, 90_061].map(n => duration(n, trans));
  expect(said).toEqual(['0 s', '59 s', '1 min', '1 h 1 min', '1 d', '1 d 1 h']);
});

test('words that nobody has a translation for are shown, whatever they are called', () => {
  for (const word of ['constructor', '__proto__', 'toString', 'hasownproperty']) {
    expect(stateWord(word, trans)).toBe(word.toLowerCase());
    expect(roleWord(word, trans)).toBe(word);
    expect(tone(word)).toBe('off');
  }
  expect([stateWord('WAITING', trans), roleWord('MASTER', trans), tone('RUNNING')]).toEqual([
    'idle',
    'Primary',
    'good'
  ]);
});

test('a line below a cluster tells what is known', () => {
  const cluster = { state: 'RUNNING', uptime: 3_600, facts: { release: 'emr-7.9.0' } };
  expect(subline(cluster as never, null, trans)).toBe('running · emr-7.9.0 · up 1 h');
  expect(subline(null, { phase: 'stopped' } as never, trans)).toBe('stopped · on this machine');
  const nodes = { running: 1, requested: 4, market: 'SPOT', instance_types: [] };
  expect(nodesLine(nodes as never, trans)).toBe('1 of 4 × ? (spot)');
});

test('a statement is inserted with its own magic, else with its language’s', () => {
  expect(cellOf(STATEMENT)).toBe('%%spark -l sql\nselect 1');
  expect(cellOf({ ...STATEMENT, language: 'constructor' })).toBe('%%spark\nselect 1');
  expect(cellOf({ ...STATEMENT, engine: 'hive' })).toBe('%%hive\nselect 1');
  expect(cellOf({ ...STATEMENT, line: '%%spark -o x' })).toBe('%%spark -o x\nselect 1');
});

test('no text ends the fence that it is copied in', () => {
  const text = 'a\n````\n# out\n';
  expect(markdownOf({ ...STATEMENT, text }, trans)).toContain('\n`````sql\na\n````\n# out\n`````\n');
  expect(factsOf(STATEMENT, trans).slice(0, 5)).toEqual(['spark', 'etl', 'done', '1 min 1 s', '1,200 rows']);
});
