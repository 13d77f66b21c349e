import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import type { Actions, ITarget } from './actions';
import type { FolderNode } from './node';
import { isFolder, type CodeKind } from './tokens';

/** What the menu needs of the tree. */
export interface IMenuPlace {
  /** What is meant. */
  readonly target: ITarget | null;
  /** The folder that is meant, or that holds what is meant. */
  readonly folder: FolderNode | null;
  upload(): void;
  refresh(): void;
}

/** Returns the menu of an entry; what it does is done to what the place says is meant. */
export function makeMenu(
  place: IMenuPlace,
  actions: Actions,
  trans: TranslationBundle
): MenuSvg {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  menu.addClass('emrnb-TreeMenu');
  const add = (
    into: MenuSvg,
    command: string,
    label: string,
    run: (target: ITarget) => void,
    isEnabled: (target: ITarget) => boolean = () => true,
    keys = ''
  ) => {
    commands.addCommand(command, {
      label,
      isEnabled: () => place.target !== null && isEnabled(place.target),
      execute: () => {
        if (place.target !== null) {
          run(place.target);
        }
      }
    });
    if (keys) {
      // to be seen in the menu; the tree itself takes the keys
      commands.addKeyBinding({ command, keys: [keys], selector: '.emrnb-Tree' });
    }
    into.addItem({ command });
  };
  const isFile = ({ entry }: ITarget) => !isFolder(entry);
  const isInStore = ({ parent }: ITarget) => parent !== null;
  const change = (target: ITarget) => actions.canChange(target);
  const hold = (target: ITarget) => actions.canHold(target);
  const line = () => menu.addItem({ type: 'separator' });
  const open = (target: ITarget) => actions.preview(target);
  add(menu, 'preview', trans.__('Preview'), open, isInStore, 'Space');
  const code = new MenuSvg({ commands });
  code.title.label = trans.__('Insert as Code');
  const kinds: [CodeKind, string][] = [
    ['spark', 'Spark'],
    ['hive', 'Hive'],
    ['pandas', 'pandas']
  ];
  for (const [kind, label] of kinds) {
    const insert = (target: ITarget) => void actions.insert(target, kind);
    add(code, `code-${kind}`, label, insert, isInStore);
  }
  menu.addItem({ type: 'submenu', submenu: code });
  const copy = (target: ITarget) => void actions.copyPath(target);
  add(menu, 'copy-path', trans.__('Copy Path'), copy, undefined, 'Accel C');
  add(menu, 'download', trans.__('Download'), t => actions.download(t), isFile);
  line();
  add(menu, 'upload', trans.__('Upload…'), () => place.upload(), hold);
  const make = () => {
    if (place.folder !== null) {
      void actions.newFolder(place.folder);
    }
  };
  add(menu, 'new-folder', trans.__('New Folder…'), make, hold);
  line();
  const rename = (target: ITarget) => void actions.rename(target);
  add(menu, 'rename', trans.__('Rename…'), rename, change, 'F2');
  const remove = (target: ITarget) => void actions.remove(target);
  add(menu, 'delete', trans.__('Delete…'), remove, change, 'Delete');
  line();
  add(menu, 'refresh', trans.__('Refresh'), () => place.refresh(), undefined, 'F5');
  return menu;
}
