import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ToolbarButton } from '@jupyterlab/ui-components';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IEntryRef } from '../api/schema';
import { copyText } from '../dom';
import { insertBelowActive } from '../notebooks/insert';
import type { IEmr } from '../panel/tokens';
import { emrIcon } from '../panel/icons';
import { Changes } from './changes';
import type { FileTree } from './model';
import type { FolderNode } from './node';
import type { OpenedFolders } from './opened';
import { PreviewView } from './preview';
import { idOf, isFolder, type CodeKind, type IEntry } from './tokens';

/** Milliseconds between two downloads: begun at once, a browser drops all but the last. */
const BETWEEN_DOWNLOADS = 400;

/** What the section works with. */
export interface IFilesContext {
  readonly shell: JupyterFrontEnd.IShell;
  readonly emr: IEmr;
  readonly tracker: INotebookTracker | null;
  readonly trans: TranslationBundle;
  /** Which folders are open, over reloads of the page. */
  readonly opened: OpenedFolders;
}

/** An entry, and the folder that it is in; a root is in none. */
export interface ITarget {
  readonly entry: IEntry;
  readonly parent: FolderNode | null;
}

/** How the actions speak to the user. */
export interface IVoice {
  say(text: string): void;
  fail(error: unknown): void;
}

/** What can be done with an entry of the tree. */
export class Actions {
  constructor(
    private readonly _context: IFilesContext,
    private readonly _tree: FileTree,
    private readonly _voice: IVoice
  ) {
    const { emr, trans } = _context;
    this._changes = new Changes(emr.server, emr.live, trans);
  }

  /** Tells when entries are gone. */
  get removed(): ISignal<Actions, void> {
    return this._removed;
  }

  /** Whether entries can be made, renamed and removed there: buckets are not made from here. */
  canHold(target: ITarget | null): boolean {
    const folder = target && (isFolder(target.entry) ? target : above(target));
    return folder !== null && !isStores(folder);
  }

  canChange(target: ITarget | null): boolean {
    const parent = target?.parent ?? null;
    return parent !== null && !isStores(parent);
  }

  /** Shows what an entry holds in the main area. */
  preview({ entry }: ITarget): void {
    const { shell, emr, trans } = this._context;
    const { cluster } = this._tree;
    const id = `emr-nb-preview-${cluster}-${entry.path ?? `${entry.listing}-${entry.entry}`}`;
    const shown = [...shell.widgets('main')].find(widget => widget.id === id);
    if (shown instanceof MainAreaWidget) {
      shell.activateById(id);
      void (shown.content as PreviewView).load();
      return;
    }
    const content = new PreviewView(emr.server, idOf(cluster, entry), trans);
    const widget = new MainAreaWidget({ content });
    widget.id = id;
    widget.title.label = entry.name;
    widget.title.caption = entry.path ?? entry.name;
    widget.title.icon = emrIcon;
    widget.title.closable = true;
    const add = (name: string, label: string, onClick: () => void) =>
      widget.toolbar.addItem(name, new ToolbarButton({ label, onClick }));
    add('refresh', trans.__('Refresh'), () => void content.load());
    add('path', trans.__('Copy path'), () => void this.copyPath({ entry }));
    add('code', trans.__('Insert as code'), () => void this.insert({ entry }, 'spark'));
    if (!isFolder(entry)) {
      add('download', trans.__('Download'), () => this.download({ entry }));
    }
    shell.add(widget, 'main');
    shell.activateById(id);
    void content.load();
  }

  copyPath({ entry }: { entry: IEntry }): Promise<void> {
    return this.copyPaths([{ entry }]);
  }

  /** Copies paths, a line each. */
  async copyPaths(targets: readonly { entry: IEntry }[]): Promise<void> {
    const { trans } = this._context;
    await this._guarded(async () => {
      const paths = targets.map(({ entry }) => entry.path);
      if (paths.includes(null)) {
        throw new Error(trans.__('This name is not UTF-8, so no text is its path.'));
      }
      const texts = paths.map(path => pathText(path ?? ''));
      await copyText(texts.join('\n'));
      const [first = ''] = texts;
      this._voice.say(
        texts.length > 1
          ? trans.__('Copied %1 paths', texts.length)
          : trans.__('Copied %1', first)
      );
    });
  }

  /** Puts a cell that reads an entry below the active one. */
  async insert({ entry }: { entry: IEntry }, kind: CodeKind): Promise<void> {
    const { tracker, trans } = this._context;
    await this._guarded(async () => {
      const text = await this.code(entry, kind);
      if (insertBelowActive(tracker)(text)) {
        this._voice.say(trans.__('Inserted a cell'));
        return;
      }
      await copyText(text);
      this._voice.say(trans.__('Copied the code: no notebook is in front'));
    });
  }

  /** Asks for a cell that reads an entry. */
  async code(entry: IEntry, kind: CodeKind): Promise<string> {
    const asked = { ...idOf(this._tree.cluster, entry), kind };
    const { server } = this._context.emr;
    return (await server.call('GET /clusters/{cluster}/files/code', asked)).text;
  }

  /** Has the browser download a file. */
  download({ entry }: { entry: IEntry }): void {
    const asked = idOf(this._tree.cluster, entry);
    const { server } = this._context.emr;
    const link = document.createElement('a');
    link.href = server.url('GET /clusters/{cluster}/files/content', asked);
    link.download = ''; // the server tells the name
    document.body.append(link);
    link.click();
    link.remove();
  }

  /** Has the browser download files, one after the other: it takes no more at once. */
  async downloadAll(targets: readonly ITarget[]): Promise<void> {
    for (const [n, target] of targets.entries()) {
      if (n > 0) {
        await new Promise(resolve => window.setTimeout(resolve, BETWEEN_DOWNLOADS));
      }
      this.download(target);
    }
  }

  async newFolder(node: FolderNode): Promise<void> {
    const { trans } = this._context;
    const name = await this._changes.name(trans.__('New folder'), trans.__('Its name'));
    if (name === null) {
      return;
    }
    await this._change('mkdir', [refOf(node.entry)], name, async () => {
      await this._tree.expand(node.entry, node.parent);
      await node.folder.open();
      await this._select(node, name);
    });
  }

  async rename({ entry, parent }: ITarget): Promise<void> {
    const { trans } = this._context;
    const title = trans.__('Rename %1', entry.name);
    const name = await this._changes.name(title, trans.__('New name'), entry.name);
    if (name === null || parent === null) {
      return;
    }
    await this._change('rename', [refOf(entry)], name, async () => {
      await parent.folder.open();
      await this._select(parent, name);
    });
  }

  /** Removes entries by one plan, which tells of all of them. */
  async remove(targets: readonly ITarget[]): Promise<void> {
    const refs = targets.map(target => refOf(target.entry));
    await this._change('delete', refs, '', async () => {
      this._removed.emit();
      const parents = new Set(targets.map(target => target.parent));
      await Promise.all([...parents].map(parent => parent?.folder.open()));
    });
  }

  private async _change(
    kind: 'mkdir' | 'rename' | 'delete',
    entries: IEntryRef[],
    name: string,
    after: () => Promise<void>
  ): Promise<void> {
    await this._guarded(async () => {
      const { cluster } = this._tree;
      const done = await this._changes.make(cluster, kind, entries, name);
      if (done !== null) {
        this._voice.say(done);
        await after();
      }
    });
  }

  /** Selects what has a new name in a folder, where its path can be told. */
  private async _select(node: FolderNode, name: string): Promise<void> {
    const { path } = node.entry;
    if (path !== null) {
      const end = path.endsWith('/') ? '' : '/';
      await this._tree.selectIn(node, `${path}${end}${name}`);
    }
  }

  private async _guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this._voice.fail(error);
    }
  }

  private readonly _changes: Changes;
  private readonly _removed = new Signal<Actions, void>(this);
}

/** Returns a path as its users write it. */
export function pathText(path: string): string {
  return path === 's3:///' ? 's3://' : path;
}

function refOf({ path, listing, entry }: IEntry): IEntryRef {
  return path === null ? { listing, entry } : { path };
}

function above({ parent }: ITarget): ITarget | null {
  return parent && { entry: parent.entry, parent: parent.parent };
}

/** Whether it is the list of all buckets. */
function isStores({ entry }: ITarget): boolean {
  return entry.path === 's3:///';
}
