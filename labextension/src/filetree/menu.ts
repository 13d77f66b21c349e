import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import type { Actions, ITarget } from './actions';
import type { FolderNode } from './node';
import { isFolder, type CodeKind } from './tokens';

/** What the menu needs of the tree. */
export interface IMenuPlace {
  /** What is meant; several where several are selected. */
  readonly targets: readonly ITarget[];
  /** What is meant, without what is in a folder that is meant as well. */
  readonly outermost: readonly ITarget[];
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
  const put = (
    into: MenuSvg,
    command: string,
    label: string | (() => string),
    execute: () => void,
    isEnabled: () => boolean,
    keys = ''
  ) => {
    commands.addCommand(command, { label, isEnabled, execute });
    if (keys) {
      // to be seen in the menu; the tree itself takes the keys
      commands.addKeyBinding({ command, keys: [keys], selector: '.emrnb-Tree' });
    }
    into.addItem({ command });
  };
  /** Adds what is done to one entry alone. */
  const add = (
    into: MenuSvg,
    command: string,
    label: string,
    run: (target: ITarget) => void,
    can: (target: ITarget) => boolean = () => true,
    keys = ''
  ) => {
    const one = () => (place.targets.length === 1 ? place.targets[0] : undefined);
    const isEnabled = () => {
      const target = one();
      return target !== undefined && can(target);
    };
    const execute = () => {
      const target = one();
      if (target !== undefined) {
        run(target);
      }
    };
    put(into, command, label, execute, isEnabled, keys);
  };
  addAll(menu, put, add, place, actions, commands, trans);
  return menu;
}

type Put = (
  into: MenuSvg,
  command: string,
  label: string | (() => string),
  execute: () => void,
  isEnabled: () => boolean,
  keys?: string
) => void;

type Add = (
  into: MenuSvg,
  command: string,
  label: string,
  run: (target: ITarget) => void,
  can?: (target: ITarget) => boolean,
  keys?: string
) => void;

function addAll(
  menu: MenuSvg,
  put: Put,
  add: Add,
  place: IMenuPlace,
  actions: Actions,
  commands: CommandRegistry,
  trans: TranslationBundle
): void {
  const isInStore = ({ parent }: ITarget) => parent !== null;
  const hold = (target: ITarget) => actions.canHold(target);
  const line = () => menu.addItem({ type: 'separator' });
  const open = (target: ITarget) => actions.preview(target);
  const several = (one: string, many: string) => () =>
    place.targets.length > 1 ? trans.__(many, place.targets.length) : one;
  const all = (test: (target: ITarget) => boolean) => () =>
    place.targets.length > 0 && place.targets.every(test);
  add(menu, 'preview', trans.__('Preview'), open, isInStore, 'Space');
  menu.addItem({ type: 'submenu', submenu: codeMenu(add, actions, commands, trans) });
  put(
    menu,
    'copy-path',
    several(trans.__('Copy Path'), 'Copy %1 Paths'),
    () => void actions.copyPaths(place.targets),
    all(() => true),
    'Accel C'
  );
  put(
    menu,
    'download',
    several(trans.__('Download'), 'Download %1 Files'),
    () => void actions.downloadAll(place.targets),
    all(({ entry }) => !isFolder(entry))
  );
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
  const change = (target: ITarget) => actions.canChange(target);
  add(menu, 'rename', trans.__('Rename…'), rename, change, 'F2');
  put(
    menu,
    'delete',
    several(trans.__('Delete…'), 'Delete %1 Entries…'),
    () => void actions.remove(place.outermost),
    all(change),
    'Delete'
  );
  line();
  add(menu, 'refresh', trans.__('Refresh'), () => place.refresh(), undefined, 'F5');
}

function codeMenu(
  add: Add,
  actions: Actions,
  commands: CommandRegistry,
  trans: TranslationBundle
): MenuSvg {
  const menu = new MenuSvg({ commands });
  menu.title.label = trans.__('Insert as Code');
  const kinds: [CodeKind, string][] = [
    ['spark', 'Spark'],
    ['hive', 'Hive'],
    ['pandas', 'pandas']
  ];
  for (const [kind, label] of kinds) {
    const insert = (target: ITarget) => void actions.insert(target, kind);
    add(menu, `code-${kind}`, label, insert, ({ parent }) => parent !== null);
  }
  return menu;
}
