import type { TranslationBundle } from '@jupyterlab/translation';
import { element, oneLine, titled } from '../dom';
import { button } from './controls';
import type { FilesModel } from './model';
import type { IPreview } from './tokens';

/** The pane beside the list: what a file is, and what it begins with. */
export class Pane {
  constructor(
    private readonly _model: FilesModel,
    private readonly _trans: TranslationBundle,
    onClose: () => void
  ) {
    this.node.setAttribute('aria-label', _trans.__('Preview'));
    this.node.tabIndex = -1;
    this._body.tabIndex = 0;
    this._body.setAttribute('role', 'region');
    this._body.setAttribute('aria-label', _trans.__('Preview'));
    const head = element('div', 'emrnb-PaneHead');
    head.append(this._title, button(_trans.__('Close preview'), 'close', onClose));
    this.node.append(head, this._body);
    this.node.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        onClose();
        event.stopPropagation();
      } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
        event.stopPropagation(); // the notebook's own letters
      }
    });
  }

  readonly node = element('aside', 'emrnb-Pane');

  draw(): void {
    const { preview, isPreviewing } = this._model.work;
    this.node.hidden = preview === null && !isPreviewing;
    this.node.setAttribute('aria-busy', String(isPreviewing));
    if (preview === this._drawn && this._title.textContent !== '') {
      return;
    }
    this._drawn = preview;
    this._title.textContent = preview?.name ?? this._trans.__('Reading…');
    this._title.title = preview?.name ?? '';
    this._body.replaceChildren(...(preview === null ? [] : this._parts(preview)));
    this._body.scrollTop = 0;
  }

  private _parts(preview: IPreview): HTMLElement[] {
    const parts: HTMLElement[] = [drawFacts(preview.facts)];
    if (preview.image) {
      parts.push(drawPicture(preview.image));
    }
    if (preview.columns.length > 0) {
      parts.push(table(preview, this._trans));
    }
    if (preview.text) {
      const isHex = preview.format === 'binary';
      parts.push(
        element(
          'pre',
          isHex ? 'emrnb-TextHead emrnb-mod-hex' : 'emrnb-TextHead',
          preview.text
        )
      );
    }
    parts.push(...preview.notes.map(note => element('p', 'emrnb-Note', note)));
    parts.push(drawFacts(preview.more));
    return parts;
  }

  private readonly _title = element('div', 'emrnb-PaneTitle');
  private readonly _body = element('div', 'emrnb-PaneBody');
  private _drawn: IPreview | null = null;
}

/** Draws facts, each label with its value. */
export function drawFacts(all: IPreview['facts']): HTMLElement {
  const list = element('dl', 'emrnb-Facts');
  for (const [label, value] of all) {
    const text = element('dd', '', value);
    text.title = titled(value);
    list.append(element('dt', '', label), text);
  }
  return list;
}

/** Draws a picture from its bytes. */
export function drawPicture(image: NonNullable<IPreview['image']>): HTMLElement {
  const node = element('img', 'emrnb-Picture');
  node.src = `data:${image.mime};base64,${image.data}`;
  node.alt = `${image.width} × ${image.height}`;
  return node;
}

function table(preview: IPreview, trans: TranslationBundle): HTMLElement {
  const frame = element('div', 'emrnb-RowsFrame');
  const node = element('table', 'emrnb-Rows');
  node.setAttribute('aria-label', trans.__('First rows'));
  const head = element('tr', '');
  for (const column of preview.columns) {
    const cell = element('th', '', column.name);
    cell.scope = 'col';
    cell.append(element('small', '', column.type));
    head.append(cell);
  }
  const top = element('thead', '');
  top.append(head);
  const body = element('tbody', '');
  for (const row of preview.rows) {
    const line = element('tr', '');
    for (const value of row) {
      line.append(
        value === null
          ? element('td', 'emrnb-mod-null', 'null')
          : element('td', '', oneLine(value))
      );
    }
    body.append(line);
  }
  node.append(top, body);
  frame.append(node);
  return frame;
}
