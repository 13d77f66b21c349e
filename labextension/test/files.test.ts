import { ServerFailure } from '../src/api/failure';
import { Folder } from '../src/filetree/folder';
import { FileTree } from '../src/filetree/model';
import { FakeLive, FakeServer, failure, settled } from './server';

/** Folders by their paths: names, where those that end with a slash are folders. */
class Disk extends FakeServer {
  constructor(readonly folders: Record<string, string[]>) {
    super();
    this.on('GET /clusters/{cluster}/stores', () => ({ stores: [{ kind: 'hdfs', path: '/' }] }))
      .on('POST /clusters/{cluster}/listings', ({ path }: { path: string }) => {
        if (!(path in this.folders)) {
          throw new ServerFailure(failure('PathNotFoundError', 'gone'), 404);
        }
        const listing = `l${this._opened.push(path)}`;
        return { listing, total: this._of(listing).length, done: true, failure: null };
      })
      .on('GET /listings/{listing}/rows', asked => this._rows(asked))
      .on('GET /listings/{listing}/place', ({ listing, path }: never) => ({
        row: this._of(listing).findIndex(name => `${this._path(listing)}${name}` === path)
      }))
      .on('DELETE /listings/{listing}', () => ({}));
  }

  private _rows({ listing, start, count }: { listing: string; start: number; count: number }) {
    const all = this._of(listing);
    const shown = all.slice(start, start + count);
    return {
      total: all.length,
      rows: shown.map(name => [name, '1 B', 'now']),
      kinds: shown.map(name => (name.endsWith('/') ? 'directory' : 'file')),
      paths: shown.map(name => `${this._path(listing)}${name}`),
      entries: shown.map((_, i) => start + i)
    };
  }

  private _path(listing: string): string {
    return this._opened[Number(listing.slice(1)) - 1] ?? '';
  }

  private _of(listing: string): string[] {
    return this.folders[this._path(listing)] ?? [];
  }

  private readonly _opened: string[] = [];
}

const many = Array.from({ length: 1000 }, (_, i) => `f${i}`);
const names = (tree: FileTree) =>
  Array.from({ length: tree.count }, (_, i) => tree.item(i)?.entry?.name ?? tree.item(i)?.kind);

async function treeOf(disk: Disk): Promise<FileTree> {
  const tree = new FileTree('j-1', disk, new FakeLive());
  await tree.load();
  return tree;
}

async function toggled(tree: FileTree, index: number): Promise<void> {
  const item = tree.item(index);
  if (item) {
    tree.toggle(item);
  }
  await settled();
}

test('a folder fetches the pages that are looked at, once', async () => {
  const disk = new Disk({ '/': many });
  const folder = new Folder(disk, { cluster: 'j-1', path: '/' });
  await folder.open();
  expect([folder.count, folder.isDone, folder.row(0)?.name]).toEqual([1000, true, 'f0']);
  expect(folder.row(555)).toBeUndefined();
  folder.want(550, 580);
  await settled();
  folder.want(551, 581);
  await settled();
  expect(folder.row(555)?.path).toBe('/f555');
  expect(disk.count('GET /listings/{listing}/rows')).toBe(2);
});

test('a folder that is gone says so, and is there again when it is', async () => {
  const disk = new Disk({});
  const folder = new Folder(disk, { cluster: 'j-1', path: '/' });
  await folder.open();
  expect([(folder.error as Error).message, folder.count]).toEqual(['gone', 0]);
  disk.folders['/'] = ['a'];
  await folder.open();
  expect([folder.error, folder.row(0)?.name]).toEqual([null, 'a']);
});

test('a server that let go of a listing is asked for it anew', async () => {
  const disk = new Disk({ '/': many });
  const folder = new Folder(disk, { cluster: 'j-1', path: '/' });
  await folder.open();
  const rows = disk.answers.get('GET /listings/{listing}/rows');
  disk.on('GET /listings/{listing}/rows', () => {
    disk.on('GET /listings/{listing}/rows', asked => rows?.(asked));
    throw new ServerFailure(failure('NotKeptError', 'let go'), 410);
  });
  folder.want(300, 310);
  await settled();
  expect(disk.count('POST /clusters/{cluster}/listings')).toBe(2);
  expect([folder.error, folder.row(305)?.name]).toEqual([null, 'f305']);
});

test('rows of opened folders stand between those of their parents', async () => {
  const tree = await treeOf(new Disk({ '/': ['a/', 'b'], '/a/': ['x', 'y/'], '/a/y/': [] }));
  await toggled(tree, 0);
  await toggled(tree, 1);
  expect(names(tree)).toEqual(['/', 'a/', 'x', 'y/', 'b']);
  await toggled(tree, 3);
  expect(names(tree)).toEqual(['/', 'a/', 'x', 'y/', 'empty', 'b']);
  tree.select(5);
  expect([tree.selection.entry?.name, tree.cursor]).toEqual(['b', 5]);
  await toggled(tree, 1);
  expect(names(tree)).toEqual(['/', 'a/', 'b']);
  expect(tree.cursor).toBe(2);
});

test('the cursor stays with its entry, and a folder that is gone goes with what was in it', async () => {
  const disk = new Disk({ '/': ['a/', 'b'], '/a/': ['x'] });
  const tree = await treeOf(disk);
  await toggled(tree, 0);
  await toggled(tree, 1);
  tree.select(3);
  disk.folders['/'] = ['0', '1', 'b'];
  const [root] = tree.roots;
  await root?.folder.open();
  await settled();
  expect(names(tree)).toEqual(['/', '0', '1', 'b']);
  expect(tree.cursor).toBe(3);
});

test('a typed path is gone to through the folders above it', async () => {
  const disk = new Disk({ '/': ['a/', 'b'], '/a/': ['x', 'y'] });
  disk.on('GET /clusters/{cluster}/files/where', () => ({
    parts: ['/', '/a/', '/a/y'].map(path => ({ name: path, path })),
    entry: { name: 'y', path: '/a/y', kind: 'file' }
  }));
  const tree = await treeOf(disk);
  await tree.reveal('/a/y');
  expect(names(tree)).toEqual(['/', 'a/', 'x', 'y', 'b']);
  expect(tree.cursor).toBe(3);
});
