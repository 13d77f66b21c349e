import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';

const FILTER_DELAY = 250;

function input(className: string, label: string, hint: string): HTMLInputElement {
  const node = element('input', className);
  node.spellcheck = false;
  node.autocomplete = 'off';
  node.placeholder = hint;
  node.setAttribute('aria-label', label);
  return node;
}

/** A box that shows where the tree is, and goes to a path that is typed. */
export class PathBox {
  constructor(trans: TranslationBundle, onPath: (path: string) => void) {
    const hint = trans.__('Go to /path or s3://bucket/…');
    this.node = input('emrnb-TreePath', trans.__('Path to go to'), hint);
    this.node.addEventListener('focus', () => this.node.select());
    this.node.addEventListener('blur', () => this.show(this._shown));
    this.node.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter' && !event.isComposing && this.node.value.trim()) {
        onPath(this.node.value);
      } else if (event.key === 'Escape') {
        this.node.value = this._shown;
        this.node.select();
      }
    });
  }

  readonly node: HTMLInputElement;

  show(path: string): void {
    this._shown = path;
    if (document.activeElement !== this.node) {
      this.node.value = path;
      this.node.title = path;
    }
  }

  private _shown = '';
}

/** A box whose words filter one folder. */
export class FilterBox {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _onFilter: (words: string) => void
  ) {
    const label = _trans.__('Filter files');
    this.node = input('emrnb-TreeFilter', label, label);
    this.node.type = 'search';
    this.node.addEventListener('input', () => {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => this._tell(), FILTER_DELAY);
    });
    this.node.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Escape') {
        this.node.value = '';
      }
      if (event.key === 'Enter' || event.key === 'Escape') {
        this._tell();
      }
    });
  }

  readonly node: HTMLInputElement;

  /** Shows which folder is filtered, and how. */
  show(folder: string, words: string): void {
    this.node.disabled = folder === '';
    const label = folder
      ? this._trans.__('Filter in %1', folder)
      : this._trans.__('Filter files');
    const help = this._trans.__(
      'Words look into names; size>10m, modified>2024-05-01 into columns'
    );
    this.node.placeholder = label;
    this.node.title = `${label}\n${help}`;
    if (document.activeElement !== this.node) {
      this.node.value = words;
    }
  }

  dispose(): void {
    window.clearTimeout(this._timer);
  }

  private _tell(): void {
    window.clearTimeout(this._timer);
    this._onFilter(this.node.value.trim());
  }

  private _timer = 0;
}
