import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { pathText, type Actions, type ITarget } from './actions';
import type { FileTree } from './model';
import type { Strip } from './strip';
import type { Uploads } from './uploads';

/** Asks whether a file is to take the place of another. */
export async function replaces(
  name: string,
  folder: string,
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    title: trans.__('Replace %1?', name),
    body: trans.__('A file of this name is in %1 already.', pathText(folder)),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Replace') })
    ],
    defaultButton: 0
  });
  return answer.button.accept;
}

/** Sends files of the desktop into folders of the tree, and shows them there. */
export class Sending {
  constructor(
    private readonly _tree: FileTree,
    private readonly _uploads: Uploads,
    private readonly _actions: Actions,
    private readonly _strip: Strip,
    private readonly _trans: TranslationBundle
  ) {
    _uploads.done.connect((_, { folder, entry }) => {
      this._strip.say(this._trans.__('Uploaded %1', entry.name));
      void this._show(folder, entry.path);
    });
  }

  send(target: ITarget | null, files: readonly File[]): void {
    const path = target?.entry.path ?? null;
    if (target === null || path === null || !this._actions.canHold(target)) {
      const text = this._trans.__('Choose a folder or a bucket to upload to.');
      this._strip.fail(new Error(text));
      return;
    }
    this._targets.set(path, target);
    this._uploads.add(this._tree.cluster, path, files);
  }

  private async _show(folder: string, path: string | null): Promise<void> {
    const target = this._targets.get(folder);
    if (target === undefined || this._tree.isDisposed) {
      return;
    }
    const node = await this._tree.expand(target.entry, target.parent);
    await node.folder.open();
    if (path !== null) {
      await this._tree.selectIn(node, path);
    }
  }

  private readonly _targets = new Map<string, ITarget>();
}
