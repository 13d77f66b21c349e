import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { IEntryId, IFactView, IPreviewView } from '../api/schema';
import type { IServer } from '../api/tokens';
import { element } from '../dom';
import { PICTURES } from '../files/messages';
import { drawFacts, drawPicture } from '../files/pane';
import { Grid } from '../grid';
import { drawFailure } from '../panel/failing';
import type { IColumn, IGridModel, Row } from '../tokens';

/** The rows of a preview, all of which are here. */
class PreviewRows implements IGridModel {
  constructor(private readonly _view: IPreviewView) {
    this.columns = _view.columns.map(({ name, type }) => ({
      name,
      type,
      kind: /^(u?int|float|double|decimal|bigint|smallint|tinyint|long)/i.test(type)
        ? 'number'
        : 'text'
    }));
  }

  readonly columns: readonly IColumn[];
  readonly state = 'saved';
  readonly sort = null;
  readonly isStale = false;

  get held(): number {
    return this._view.rows.length;
  }

  get rowCount(): number {
    return this._view.rows.length;
  }

  row(index: number): Row | undefined {
    return this._view.rows[index];
  }

  want(): void {
    // all are here
  }

  setSort(): void {
    // the first rows alone in another order would look like the file's least or most
  }

  fetch(start: number, stop: number): Promise<Row[]> {
    return Promise.resolve(this._view.rows.slice(start, stop));
  }
}

/** What a file or folder of a cluster holds: facts, first rows, text or a picture. */
export class PreviewView extends Widget {
  constructor(
    private readonly _server: IServer,
    private readonly _id: IEntryId,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Files');
    this.addClass('emrnb-PreviewTab');
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'region');
  }

  /** Reads it, also anew. */
  async load(): Promise<void> {
    this.node.setAttribute('aria-busy', 'true');
    if (this.node.childElementCount === 0) {
      this.node.append(element('p', 'emrnb-Note', this._trans.__('Reading…')));
    }
    try {
      const asked = this._id;
      const view = await this._server.call(
        'GET /clusters/{cluster}/files/preview',
        asked
      );
      this._draw(view);
    } catch (error) {
      this._grid?.dispose();
      this._grid = null;
      const again = () => void this.load();
      this.node.replaceChildren(
        drawFailure(error, [this._trans.__('Try again'), again])
      );
    }
    this.node.removeAttribute('aria-busy');
  }

  override dispose(): void {
    this._grid?.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._grid?.reattached();
  }

  private _draw(view: IPreviewView): void {
    this._grid?.dispose();
    this._grid = null;
    this.node.setAttribute('aria-label', this._trans.__('Preview of %1', view.name));
    const parts: HTMLElement[] = [drawFacts(view.facts.map(pair))];
    const { image } = view;
    if (image !== null && PICTURES.includes(image.mime)) {
      const { mime, data, width, height } = image;
      parts.push(drawPicture({ mime, data, width: width ?? 0, height: height ?? 0 }));
    }
    if (view.columns.length > 0) {
      this._grid = this._makeGrid(view);
      parts.push(this._frame(this._grid));
    }
    if (view.text) {
      const hex = view.format === 'binary' ? ' emrnb-mod-hex' : '';
      parts.push(element('pre', `emrnb-TextHead${hex}`, view.text));
    }
    parts.push(...view.notes.map(note => element('p', 'emrnb-Note', note)));
    parts.push(drawFacts(view.more.map(pair)));
    this.node.replaceChildren(...parts);
    (this._grid as Grid | null)?.draw();
  }

  private _makeGrid(view: IPreviewView): Grid {
    const say = (text: string) => {
      this._status.textContent = text;
    };
    const label = this._trans.__('First rows');
    return new Grid(new PreviewRows(view), this._trans, say, { label });
  }

  private _frame(grid: Grid): HTMLElement {
    const frame = element('div', 'emrnb-Table');
    this._status.setAttribute('role', 'status');
    frame.append(grid.node, this._status);
    return frame;
  }

  private readonly _status = element('div', 'emrnb-Status');
  private _grid: Grid | null = null;
}

function pair({ label, text }: IFactView): readonly [string, string] {
  return [label, text];
}
