import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import { button } from './controls';
import type { IconName } from './icons';
import { MenuButton } from './menu';
import type { CodeKind } from './tokens';

/** What a user may do; the view does it. */
export interface IActions {
  up(): void;
  refresh(): void;
  open(): void;
  preview(): void;
  /** Puts the pane away; false where there is none. */
  closePreview(): boolean;
  download(): void;
  copyPath(): void;
  insert(kind: CodeKind): void;
  newFolder(): void;
  rename(): void;
  remove(): void;
}

/** What is selected, as far as buttons care. */
export interface ISelected {
  count: number;
  isFolder: boolean;
  /** Whether something can be made in the folder shown: not among all buckets. */
  canChange: boolean;
}

/** The buttons above the list; arrows move between them. */
export class Toolbar {
  constructor(trans: TranslationBundle, actions: IActions) {
    this.node.setAttribute('role', 'toolbar');
    this.node.setAttribute('aria-label', trans.__('Files'));
    const add = (label: string, name: IconName, run: () => void, group = 0) => {
      const node = button(label, name, run);
      (this._groups[group] ?? this.node).append(node);
      return node;
    };
    this._groups.forEach(group => this.node.append(group));
    add(trans.__('Up'), 'up', () => actions.up(), 0).classList.add('emrnb-mod-bare');
    add(trans.__('Refresh'), 'refresh', () => actions.refresh(), 0).classList.add(
      'emrnb-mod-bare'
    );
    this._open = add(trans.__('Open'), 'open', () => actions.open(), 1);
    this._preview = add(trans.__('Preview'), 'preview', () => actions.preview(), 1);
    this._download = add(trans.__('Download'), 'download', () => actions.download(), 1);
    this._copy = add(trans.__('Copy path'), 'copy', () => actions.copyPath(), 1);
    const menu = new MenuButton(trans.__('Insert as code'), 'code', [
      [trans.__('Spark'), () => actions.insert('spark')],
      [trans.__('Hive table'), () => actions.insert('hive')],
      [trans.__('pandas'), () => actions.insert('pandas')]
    ]);
    this._insert = menu.button;
    this._groups[1]?.append(menu.node);
    this._new = add(trans.__('New folder'), 'add', () => actions.newFolder(), 2);
    this._rename = add(trans.__('Rename'), 'rename', () => actions.rename(), 2);
    this._delete = add(trans.__('Delete'), 'remove', () => actions.remove(), 2);
    this.node.addEventListener('keydown', event => this._onKey(event));
  }

  readonly node = element('div', 'emrnb-Toolbar');

  draw(selected: ISelected): void {
    const { count, isFolder, canChange } = selected;
    this._open.disabled = count !== 1 || !isFolder;
    this._preview.disabled = this._download.disabled = count !== 1;
    this._insert.disabled = count !== 1;
    this._copy.disabled = count < 1;
    this._new.disabled = !canChange;
    this._rename.disabled = count !== 1 || !canChange;
    this._delete.disabled = count < 1 || !canChange;
  }

  private _onKey(event: KeyboardEvent): void {
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const nodes = [
        ...this.node.querySelectorAll<HTMLElement>('.emrnb-Button')
      ].filter(node => !(node as HTMLButtonElement).disabled);
      const at = nodes.indexOf(document.activeElement as HTMLElement);
      const step = event.key === 'ArrowRight' ? 1 : -1;
      nodes[(at + step + nodes.length) % nodes.length]?.focus();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      event.stopPropagation(); // the notebook's own letters
    }
  }

  private readonly _groups = [0, 1, 2].map(() => element('div', 'emrnb-ToolGroup'));
  private readonly _open: HTMLButtonElement;
  private readonly _preview: HTMLButtonElement;
  private readonly _download: HTMLButtonElement;
  private readonly _copy: HTMLButtonElement;
  private readonly _insert: HTMLButtonElement;
  private readonly _new: HTMLButtonElement;
  private readonly _rename: HTMLButtonElement;
  private readonly _delete: HTMLButtonElement;
}
