import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { isTable, selectCell } from './cells';
import type { INode } from './tree';

/** What a section can do with a node. */
export interface IDeeds {
  preview(node: INode): void;
  /** Puts a cell into the notebook in front; false where there is none. */
  insert(code: string): boolean;
  copy(text: string): void;
  partitions(node: INode): void;
  /** Shows a node that was found in the tree. */
  reveal(node: INode): void;
  refresh(): void;
  say(text: string): void;
}

interface IItem {
  readonly id: string;
  readonly label: string;
  readonly isFor: (node: INode) => boolean;
  readonly run: (node: INode) => void;
}

/** The context menu of the tree. */
export class CatalogMenu {
  constructor(deeds: IDeeds, trans: TranslationBundle) {
    const isNamed = (node: INode) => node.sql !== '';
    const insert = (code: string) => {
      if (!deeds.insert(code)) {
        deeds.say(trans.__('Open a notebook first: the cell is put there.'));
      }
    };
    const items: readonly IItem[] = [
      {
        id: 'preview',
        label: trans.__('Preview 50 Rows'),
        isFor: isTable,
        run: node => deeds.preview(node)
      },
      {
        id: 'select',
        label: trans.__('Insert SELECT'),
        isFor: node =>
          isTable(node) ||
          (node.kind === 'column' && node.sql !== '' && node.parent?.sql !== ''),
        run: node => insert(selectCell(node))
      },
      {
        id: 'partitions',
        label: trans.__('Show Partitions'),
        isFor: isTable,
        run: node => deeds.partitions(node)
      },
      {
        id: 'copy',
        label: trans.__('Copy Name'),
        isFor: isNamed,
        run: node => deeds.copy(node.sql)
      },
      {
        id: 'reveal',
        label: trans.__('Show in Tree'),
        isFor: () => this._isFound,
        run: node => deeds.reveal(node)
      },
      {
        id: 'refresh',
        label: trans.__('Refresh Catalog'),
        isFor: () => !this._isFound,
        run: () => deeds.refresh()
      }
    ];
    const commands = new CommandRegistry();
    this._menu = new Menu({ commands });
    this._menu.addClass('emrnb-CatalogMenu');
    for (const item of items) {
      commands.addCommand(item.id, {
        label: item.label,
        isVisible: () => this._node !== null && item.isFor(this._node),
        execute: () => this._node !== null && item.run(this._node)
      });
      this._menu.addItem({ command: item.id });
    }
  }

  /** Opens the menu of a node; `isFound` says that it stands in what a search found. */
  open(node: INode, isFound: boolean, x: number, y: number): void {
    this._node = node;
    this._isFound = isFound;
    this._menu.open(x, y);
  }

  dispose(): void {
    this._menu.dispose();
  }

  private readonly _menu: Menu;
  private _node: INode | null = null;
  private _isFound = false;
}
