import { CodeCell } from '@jupyterlab/cells';
import {
  NotebookActions,
  type INotebookTracker,
  type NotebookPanel
} from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { IChosen } from '../panel/tokens';
import type { IEmrSettings } from '../settings/tokens';
import { attachedTo, attaches, loadsExtension, newAttachCell } from './attachCell';
import { Connection } from './connection';
import { runSilently } from './silently';
import type { INotebooks, IStanding } from './tokens';

const SILENT: IStanding = { state: 'silent', attached: [], current: null };

/** The notebooks of a tracker; the chosen cluster follows the one in front. */
export class Notebooks implements INotebooks {
  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _chosen: IChosen,
    private readonly _settings: Pick<IEmrSettings, 'isSilent'>,
    private readonly _trans: TranslationBundle
  ) {
    _tracker.forEach(panel => this._add(panel));
    _tracker.widgetAdded.connect((_, panel) => this._add(panel));
    _tracker.currentChanged.connect((_, panel) => this._onChanged(panel));
  }

  get front(): NotebookPanel | null {
    return this._tracker.currentWidget;
  }

  get changed(): ISignal<INotebooks, NotebookPanel | null> {
    return this._changed;
  }

  find(widget: Widget): NotebookPanel | null {
    return this._tracker.find(panel => panel === widget) ?? null;
  }

  standing(panel: NotebookPanel): IStanding {
    return this._connections.get(panel)?.standing ?? SILENT;
  }

  canReattach(panel: NotebookPanel): boolean {
    return attachCell(panel) >= 0 || this._silent.has(panel);
  }

  async attach(panel: NotebookPanel, reference?: string): Promise<void> {
    const again = attachCell(panel) < 0 ? this._silent.get(panel) : undefined;
    const silent = this._settings.isSilent ? reference : undefined;
    const target = reference === undefined ? again : silent;
    if (target !== undefined) {
      await this._ready(panel);
      const isLoaded = this.standing(panel).state === 'told';
      await runSilently(panel, target, isLoaded, this._trans);
      this._silent.set(panel, target);
    } else {
      await this._attachByCell(panel, reference);
    }
  }

  private async _ready(panel: NotebookPanel): Promise<void> {
    await panel.context.ready;
    await panel.sessionContext.ready;
    const language = panel.model?.defaultKernelLanguage;
    if (language && language !== 'python') {
      throw new Error(
        this._trans.__('emr_nb needs a Python kernel, and this one runs %1.', language)
      );
    }
  }

  private async _attachByCell(panel: NotebookPanel, reference?: string): Promise<void> {
    await this._ready(panel);
    const { content } = panel;
    if (!content.model || content.model.readOnly) {
      throw new Error(this._trans.__('This notebook cannot be changed.'));
    }
    let index = attachCell(panel);
    const shared = content.widgets[index]?.model.sharedModel;
    if (shared && reference !== undefined) {
      shared.setSource(attachedTo(shared.source, reference));
    } else if (reference !== undefined) {
      index = this._insert(panel, reference);
    }
    if (index < 0) {
      throw new Error(this._trans.__('This notebook has no cell that attaches it.'));
    }
    await this._runCell(panel, index);
  }

  async begin(panel: NotebookPanel, reference: string): Promise<void> {
    if (reference) {
      await this._attachByCell(panel, reference); // a new notebook says where it runs
    } else {
      await panel.context.ready;
      await panel.sessionContext.ready;
      panel.content.model?.cells.get(0).sharedModel.setSource('%load_ext emr_nb');
      await this._runCell(panel, 0);
    }
    NotebookActions.insertBelow(panel.content);
  }

  async run(panel: NotebookPanel, code: string): Promise<void> {
    const { content } = panel;
    const count = content.widgets.length;
    content.model?.sharedModel.insertCell(count, { cell_type: 'code', source: code });
    await this._runCell(panel, count);
  }

  /** Puts a new attach cell before the first cell of code, or into it while that is empty. */
  private _insert(panel: NotebookPanel, reference: string): number {
    const { content } = panel;
    const loads = content.widgets.findIndex(
      cell => cell instanceof CodeCell && loadsExtension(cell.model.sharedModel.source)
    );
    const source = newAttachCell(reference, loads >= 0);
    const first = content.widgets.findIndex(cell => cell instanceof CodeCell);
    const shared = content.widgets[first]?.model.sharedModel;
    if (loads < 0 && shared && shared.source.trim() === '') {
      shared.setSource(source);
      return first;
    }
    const index = loads >= 0 ? loads + 1 : Math.max(first, 0);
    content.model?.sharedModel.insertCell(index, { cell_type: 'code', source });
    return index;
  }

  private async _runCell(panel: NotebookPanel, index: number): Promise<void> {
    const cell = panel.content.widgets[index];
    if (cell) {
      panel.content.activeCellIndex = index;
      await NotebookActions.runCells(panel.content, [cell], panel.sessionContext);
    }
  }

  private _add(panel: NotebookPanel): void {
    const connection = new Connection(panel.sessionContext);
    this._connections.set(panel, connection);
    connection.changed.connect(() => this._onChanged(panel));
    // only now its cells tell whether it can be attached again
    void panel.context.ready.then(() => this._changed.emit(panel));
    panel.disposed.connect(() => {
      this._connections.delete(panel);
      this._silent.delete(panel);
      connection.dispose();
    });
  }

  private _onChanged(panel: NotebookPanel | null): void {
    const current = this.front && this.standing(this.front).current;
    if (current) {
      this._chosen.choose({ id: current.id, name: current.name });
    }
    this._changed.emit(panel);
  }

  /** What notebooks were attached to without a cell. */
  private readonly _silent = new Map<NotebookPanel, string>();
  private readonly _connections = new Map<NotebookPanel, Connection>();
  private readonly _changed = new Signal<INotebooks, NotebookPanel | null>(this);
}

/** Returns the index of the cell that attaches a notebook, or -1; best one that does no more. */
function attachCell(panel: NotebookPanel): number {
  const found = panel.content.widgets.map(cell =>
    cell instanceof CodeCell ? attaches(cell.model.sharedModel.source) : 'no'
  );
  const alone = found.indexOf('alone');
  return alone >= 0 ? alone : found.indexOf('among others');
}
