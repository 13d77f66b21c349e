import { attachedTo, attaches, loadsExtension, newAttachCell } from '../src/notebooks/attachCell';
import { referenceTo } from '../src/notebooks/reference';
import { sqlCellOf } from '../src/sql/magics';
import { wordsOf } from '../src/sql/words';

test('a cell of SQL is known by its first line alone', () => {
  expect(sqlCellOf('%%hive -d air\nselect 1')).toEqual({ dialect: 'hive', here: ['air'], start: 14 });
  const options = '%%trino --catalog "tpch" --schema=sf1';
  expect(sqlCellOf(`${options}\nselect 1`)?.here).toEqual(['tpch', 'sf1']);
  expect(sqlCellOf('%%trino --catalog tpch\n')?.here).toEqual([]);
  expect(sqlCellOf('\n  \n%%spark -l sql\n')?.dialect).toBe('spark');
  expect(sqlCellOf('%%presto')?.start).toBe(8);
  const none = ['%%spark\nx', '%%spark -l python\nx', 'x\n%%hive', '%hive', '', '%%constructor', '%%toString'];
  expect(none.map(sqlCellOf)).toEqual(none.map(() => null));
});

test('each dialect has its own words and quotes', () => {
  expect(wordsOf('hive').keywords.has('distribute')).toBe(true);
  expect(wordsOf('trino').keywords.has('distribute')).toBe(false);
  expect([wordsOf('hive').names, wordsOf('trino').names]).toEqual(['`', '"`']);
  expect(wordsOf('presto').types.has('ipprefix')).toBe(true);
});

test('a cell attaches alone or among others, and not within a text', () => {
  for (const source of ['%emr attach x', '%load_ext emr_nb\n\n# why\nc = %emr attach x --role y']) {
    expect(attaches(source)).toBe('alone');
  }
  expect(attaches('%emr attach x\nprint(1)')).toBe('among others');
  const none = ['', '%load_ext emr_nb', '%emr attachments', '%%spark\n%emr attach x'];
  expect(none.map(attaches)).toEqual(none.map(() => 'no'));
  expect(attaches('text = """\n%emr attach x\n"""')).toBe('no');
  expect(loadsExtension('import os\n%load_ext emr_nb')).toBe(true);
});

test('another cluster takes the place, and options stay', () => {
  const source = '%load_ext emr_nb\nc = %emr attach old --role "a b" --name mine --yarn --quiet';
  expect(attachedTo(source, 'new')).toBe('%load_ext emr_nb\nc = %emr attach new --role "a b" --quiet');
  expect(attachedTo('%emr attach old --name=x --region eu', 'n')).toBe('%emr attach n --region eu');
  expect(newAttachCell('x', false)).toBe('%load_ext emr_nb\n%emr attach x');
});

test('a cluster is named by what names it alone', () => {
  const cluster = (id: string, name: string, local = '') => ({ id, name, local, live: true }) as never;
  const all = [cluster('j-1', 'etl'), cluster('j-2', 'twice'), cluster('j-3', 'twice')];
  const odd = [cluster('j-4', 'a b\nimport os'), cluster('j-5', 'J-9'), cluster('j-6', 'local')];
  const named = (one: never) => referenceTo(one, [...all, ...odd]);
  expect([...all, ...odd].map(named)).toEqual(['etl', 'j-2', 'j-3', 'j-4', 'j-5', 'j-6']);
  expect(named(cluster('j-7', 'x', 'lab'))).toBe('local:lab');
  const hostile = [cluster('j-8', '--fresh'), cluster('--yarn "{x}"\nimport os $y', 'a')];
  expect(hostile.map(one => referenceTo(one, hostile))).toEqual(['j-8', 'a']);
  expect(referenceTo(hostile[1] as never, [])).toBe('yarnximportosy');
});
