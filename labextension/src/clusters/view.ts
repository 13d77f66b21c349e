import { ToolbarButton, refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { element } from '../dom';
import type { INotebooks } from '../notebooks/tokens';
import { morphChildren } from '../panel/morph';
import { Rows } from '../panel/rows';
import { drawDetails } from './details';
import { Ended } from './ended';
import type { ClustersModel, IClusterRow } from './model';
import { drawError, drawNotes } from './notes';
import { CLUSTER_HEIGHT, drawRow, type Act, type IRowState } from './row';

/** Clusters seen at once before their list scrolls. */
const MOST_SEEN = 7;

/** What the user is asked by dialogs. */
export interface IAsks {
  confirmStop(name: string): Promise<boolean>;
}

/** The list of clusters, and all that is known of the chosen one; live while it is seen. */
export class ClustersView extends Widget {
  constructor(
    private readonly _model: ClustersModel,
    private readonly _notebooks: INotebooks | null,
    private readonly _asks: IAsks,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Clusters');
    this._search.type = 'search';
    this._search.placeholder = _trans.__('Search clusters');
    this._search.setAttribute('aria-label', _trans.__('Search clusters'));
    this._search.addEventListener('input', () => {
      _model.search = this._search.value;
    });
    this._rows = this._makeRows();
    this._ended = new Ended(_model, _trans);
    this._details.setAttribute('role', 'group');
    this._details.setAttribute('aria-label', _trans.__('The chosen cluster'));
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: this._search }));
    layout.addWidget(this._rows);
    layout.addWidget(new Widget({ node: this._details }));
    layout.addWidget(new Widget({ node: this._notes }));
    layout.addWidget(this._ended);
    this.node.addEventListener('click', event => this._onClick(event));
    this.node.addEventListener('keydown', event => this._onKey(event));
    this.toolbarItems = [
      [
        'refresh',
        new ToolbarButton({
          icon: refreshIcon,
          tooltip: _trans.__('Ask for the clusters anew'),
          onClick: () => void _model.refresh()
        })
      ]
    ];
    _model.changed.connect(this._draw, this);
    _model.emr.chosen.changed.connect(this._draw, this);
    _notebooks?.changed.connect(this._draw, this);
  }

  readonly toolbarItems: readonly (readonly [string, Widget])[];

  override dispose(): void {
    this._model.unwatch();
    this._model.changed.disconnect(this._draw, this);
    this._model.emr.chosen.changed.disconnect(this._draw, this);
    this._notebooks?.changed.disconnect(this._draw, this);
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._look();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
  }

  protected override onBeforeHide(message: Message): void {
    this._model.unwatch();
    super.onBeforeHide(message);
  }

  private _look(): void {
    if (this.isVisible) {
      this._model.watch();
      this._draw();
    }
  }

  // -- drawing --------------------------------------------------------------------------

  private _makeRows(): Rows {
    const source = {
      count: 0,
      look: (i: number) => JSON.stringify([this._drawn[i], this._standing(i)]),
      draw: (i: number) => {
        const row = this._drawn[i];
        return row
          ? drawRow(row, this._standing(i), this._trans)
          : element('div', 'emrnb-Cluster');
      }
    };
    Object.defineProperty(source, 'count', { get: () => this._drawn.length });
    const rows = new Rows(source, {
      role: 'list',
      label: this._trans.__('Clusters'),
      rowHeight: CLUSTER_HEIGHT,
      mostSeen: MOST_SEEN
    });
    rows.addClass('emrnb-ClusterList');
    return rows;
  }

  private _standing(i: number): IRowState {
    const key = this._drawn[i]?.key;
    const front = this._notebooks?.front ?? null;
    const attached = front ? (this._notebooks?.standing(front).attached ?? []) : [];
    return {
      isChosen: key === this._model.emr.chosen.cluster?.id,
      isAttached: attached.some(one => one.id === key && one.current),
      isAttaching: key === this._attaching,
      canAttach: front !== null && this._attaching === null
    };
  }

  private _draw(): void {
    if (!this.isVisible) {
      return;
    }
    const trans = this._trans;
    const focused = document.activeElement as HTMLElement | null;
    const key = focused?.closest<HTMLElement>('.emrnb-Cluster')?.dataset.key;
    this._drawn = this._model.rows;
    this._rows.draw();
    const id = this._model.emr.chosen.cluster?.id;
    // of a local cluster that starts or failed its name is the key: it cannot be chosen yet
    const chosen = this._drawn.find(row => row.key === (id ?? this._opened));
    morphChildren(this._details, chosen ? drawDetails(chosen, trans) : []);
    const notes = drawNotes(this._model, trans);
    if (this._failure !== null) {
      notes.unshift(drawError(this._failure, 'dismiss', trans.__('Dismiss')));
    }
    morphChildren(this._notes, notes);
    this._ended.draw();
    if (key !== undefined && !document.activeElement?.closest('.emrnb-Cluster')) {
      this._focus(this._drawn.findIndex(row => row.key === key));
    }
  }

  // -- what the user does ---------------------------------------------------------------

  private _onClick(event: MouseEvent): void {
    const button = (event.target as HTMLElement).closest<HTMLElement>('[data-act]');
    const act = button?.dataset.act as Act | undefined;
    const key = button?.closest<HTMLElement>('.emrnb-Cluster')?.dataset.key;
    const chosen = this._model.emr.chosen.cluster?.id ?? this._opened;
    const row = this._model.rows.find(one => one.key === (key ?? chosen));
    if (act === 'again') {
      void this._model.refresh();
    } else if (act === 'dismiss') {
      this._failure = null;
      this._draw();
    } else if (row !== undefined && act !== undefined) {
      const run: Record<typeof act, () => void> = {
        choose: () => this._choose(row),
        attach: () => void this._attach(row),
        start: () => void this._model.startLocal(row.name),
        stop: () => void this._stop(row)
      };
      run[act]();
    }
  }

  /** Moves between the clusters by arrows, which also reaches those that are not drawn now. */
  private _onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = this._rows.rowAt(event.target);
    if (step !== undefined && at >= 0) {
      this._focus(at + step);
      event.preventDefault();
    }
  }

  private _focus(row: number): void {
    if (row >= 0 && row < this._drawn.length) {
      this._rows.bring(row);
      this._rows.nodeOf(row)?.querySelector('button')?.focus({ preventScroll: true });
    }
  }

  private _choose(row: IClusterRow): void {
    const { chosen } = this._model.emr;
    if (row.cluster === null) {
      this._opened = this._opened === row.key ? null : row.key;
      chosen.choose(null);
      this._draw();
    } else {
      const { id, name } = row.cluster;
      this._opened = null;
      chosen.choose(chosen.cluster?.id === id ? null : { id, name });
    }
  }

  private async _attach(row: IClusterRow): Promise<void> {
    const front = this._notebooks?.front;
    if (!front || !this._notebooks || this._attaching !== null) {
      return;
    }
    this._attaching = row.key;
    this._failure = null;
    this._draw();
    try {
      await this._notebooks.attach(front, this._model.reference(row));
    } catch (error) {
      this._failure = error;
    }
    this._attaching = null;
    this._draw();
  }

  private async _stop(row: IClusterRow): Promise<void> {
    if (await this._asks.confirmStop(row.name)) {
      await this._model.stopLocal(row.name);
    }
  }

  private readonly _search = element('input', 'emrnb-Search');
  private readonly _details = element('div', 'emrnb-Details');
  private readonly _notes = element('div', 'emrnb-ClustersRest');
  private readonly _rows: Rows;
  private readonly _ended: Ended;
  private _drawn: readonly IClusterRow[] = [];
  /** A local cluster that has no id yet, whose details are shown. */
  private _opened: string | null = null;
  private _attaching: string | null = null;
  private _failure: unknown = null;
}
