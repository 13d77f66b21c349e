import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import { button, keepKeys } from './controls';
import type { FilesModel } from './model';

/** The breadcrumb: each part opens its folder; its empty end, or `/` in the list, edits the path. */
export class PathBar {
  constructor(
    private readonly _model: FilesModel,
    private readonly _trans: TranslationBundle,
    private readonly _onLeft: () => void
  ) {
    this.node.setAttribute('aria-label', _trans.__('Path'));
    this._input.type = 'text';
    this._input.spellcheck = false;
    this._input.hidden = true;
    this._input.setAttribute('aria-label', _trans.__('Path to open'));
    this._input.addEventListener('keydown', event => this._onKey(event));
    this._input.addEventListener('blur', () => this._show());
    this._edit = button(_trans.__('Edit path'), 'edit', () => this.edit());
    this._edit.classList.add('emrnb-PathEdit');
    this.node.append(this._list, this._edit, this._input);
    this.node.addEventListener('click', event => {
      if (event.target === this.node || event.target === this._list) {
        this.edit();
      }
    });
  }

  readonly node = element('nav', 'emrnb-Path');

  draw(): void {
    const folder = this._model.folder;
    const parts = folder?.parts ?? [this._model.payload.path];
    const key = parts.join('\n');
    if (key === this._drawn) {
      return;
    }
    this._drawn = key;
    const items = parts.map((part, n) => {
      const item = element('li', 'emrnb-PathItem');
      const isLast = n === parts.length - 1;
      const name = part || this._trans.__('(no name)');
      const node = element('button', 'emrnb-PathPart', name);
      node.type = 'button';
      node.title = name;
      if (isLast) {
        node.setAttribute('aria-current', 'location');
      }
      node.addEventListener('click', () => this._model.openPart(n));
      item.append(node);
      return item;
    });
    this._list.replaceChildren(...items);
    this._list.scrollLeft = this._list.scrollWidth;
  }

  /** Lets the path be typed. */
  edit(): void {
    const folder = this._model.folder;
    this._input.value = folder?.path ?? this._model.payload.path;
    this._list.hidden = this._edit.hidden = true;
    this._input.hidden = false;
    this._input.focus();
    this._input.select();
  }

  private _show(): void {
    this._input.hidden = true;
    this._list.hidden = this._edit.hidden = false;
    this._list.scrollLeft = this._list.scrollWidth;
  }

  private _onKey(event: KeyboardEvent): void {
    keepKeys(event);
    if (event.key === 'Enter' && !event.isComposing) {
      const text = this._input.value;
      this._show();
      if (text !== this._model.folder?.path) {
        this._model.openPath(text);
      }
      this._onLeft();
    } else if (event.key === 'Escape') {
      this._show();
      this._onLeft();
    }
  }

  private readonly _list = element('ol', 'emrnb-PathList');
  private readonly _input = element('input', 'emrnb-PathInput');
  private readonly _edit: HTMLButtonElement;
  private _drawn = '';
}
