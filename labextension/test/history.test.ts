import { HistoryModel } from '../src/history/model';
import { FakeLive, FakeServer, fakeEmr, settled } from './server';

const statement = (tag: string, more = {}) => ({ tag, state: 'done', cut: false, ...more });

function made(pages: Record<string, [string[], string | null]>) {
  const server = new FakeServer().on('GET /statements', ({ after }: { after: string }) => {
    const [tags, next] = pages[after] ?? [[], null];
    return { statements: tags.map(tag => statement(tag)), after: next };
  });
  const live = new FakeLive();
  return { server, live, model: new HistoryModel(fakeEmr(server, live)) };
}

const tags = (model: HistoryModel) => model.statements.map(one => one.tag);

test('pages follow each other, each statement once', async () => {
  const { model, server } = made({ '': [['d', 'c'], 'c'], c: [['c', 'b', 'a'], null] });
  await model.refresh();
  expect(model.hasMore).toBe(true);
  await Promise.all([model.more(), model.more()]);
  expect(tags(model)).toEqual(['d', 'c', 'b', 'a']);
  expect(server.count('GET /statements')).toBe(2);
  await model.more();
  expect(server.count('GET /statements')).toBe(2);
});

test('a statement that changes stays in its place, a new one is asked about', async () => {
  const { model, live, server } = made({ '': [['b', 'a'], null] });
  model.watch();
  await settled();
  live.tell('statements', statement('a', { state: 'failed' }));
  expect(model.statements.map(one => one.state)).toEqual(['done', 'failed']);
  expect(server.count('GET /statements')).toBe(1);
  live.tell('statements', statement('c'));
  expect(server.count('GET /statements')).toBe(2);
});

test('an answer to an earlier search is not shown', async () => {
  const { model, server } = made({});
  const waiting: ((found: unknown) => void)[] = [];
  server.on('GET /statements', () => new Promise(done => waiting.push(done)));
  model.wanted = { ...model.wanted, search: 'old' };
  model.wanted = { ...model.wanted, search: 'new' };
  waiting[1]?.({ statements: [statement('new')], after: null });
  await settled();
  waiting[0]?.({ statements: [statement('old')], after: 'old' });
  await settled();
  expect(tags(model)).toEqual(['new']);
  expect(model.hasMore).toBe(false);
});

test('only a text that was cut is asked for again', async () => {
  const { model, server } = made({});
  server.on('GET /statements/{tag}', () => statement('a', { text: 'whole' }));
  const short = statement('b') as never;
  expect(await model.whole(short)).toBe(short);
  expect((await model.whole(statement('a', { cut: true }) as never)).text).toBe('whole');
});
