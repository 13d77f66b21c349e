import { ClustersModel } from '../src/clusters/model';
import { ServerFailure } from '../src/api/failure';
import { FakeLive, FakeServer, failure, fakeEmr, settled } from './server';

const cluster = (id: string, more = {}) =>
  ({ id, name: id, state: 'WAITING', live: true, local: '', facts: null, ...more }) as never;
const local = (name: string, id = '') => ({ name, id, phase: 'running', job: '', daemons: [] }) as never;

function made() {
  const server = new FakeServer()
    .on('GET /clusters', () => ({ clusters: [cluster('j-1'), cluster('j-2')], providers: [] }))
    .on('GET /local', () => ({ clusters: [local('local', 'j-2')] }));
  const live = new FakeLive();
  const model = new ClustersModel(fakeEmr(server, live));
  return { server, live, model };
}

test('a local cluster is one row with the cluster that it is', async () => {
  const { model } = made();
  model.watch();
  await settled();
  expect(model.rows.map(row => [row.key, row.local?.name, row.cluster !== null])).toEqual([
    ['j-2', 'local', true],
    ['j-1', undefined, true]
  ]);
  expect(model.isKnown).toBe(true);
});

test('a search wants every word, in names, releases and tags', async () => {
  const { model, live } = made();
  model.watch();
  const facts = { release: 'emr-7.9.0', applications: ['Hive 3'], tags: { team: 'ops' } };
  live.tell('clusters', { clusters: [cluster('j-9', { facts }), cluster('j-1')], providers: [] });
  for (const text of ['OPS hive', 'emr-7 j-9', 'team']) {
    model.search = text;
    expect(model.rows.map(row => row.key)).toEqual(['j-9']);
  }
  model.search = 'ops spark';
  expect(model.rows).toEqual([]);
});

test('what is watched is let go of, and what fails is kept until something works', async () => {
  const { model, live, server } = made();
  server.on('GET /clusters', () => {
    throw new ServerFailure(failure('AwsError', 'no'), 502);
  });
  model.watch();
  model.watch();
  expect(live.count).toBe(3);
  await settled();
  expect((model.error as Error).message).toBe('no');
  live.tell('clusters', { clusters: [], providers: [] });
  expect(model.error).toBeNull();
  model.unwatch();
  expect(live.count).toBe(0);
});

test('ended clusters are asked for on demand alone', async () => {
  const { model, server } = made();
  expect(model.ended).toBeNull();
  server.on('GET /clusters', (asked: { ended?: boolean }) => ({
    clusters: [cluster('j-1'), ...(asked.ended ? [cluster('j-0', { live: false })] : [])],
    providers: []
  }));
  await model.loadEnded();
  expect(model.ended?.map(one => one.id)).toEqual(['j-0']);
});
