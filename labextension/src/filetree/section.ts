import {
  ToolbarButton,
  refreshIcon,
  fileUploadIcon,
  newFolderIcon
} from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { IClusterView } from '../api/schema';
import { element } from '../dom';
import { drawFailure } from '../panel/failing';
import type { IHasToolbar } from '../panel/tokens';
import type { IFilesContext } from './actions';
import { TreeView } from './view';

/** The section's body: the files of the chosen cluster, or a choice where none is chosen. */
export class FilesSection extends Widget implements IHasToolbar {
  constructor(private readonly _context: IFilesContext) {
    super();
    this.addClass('emrnb-FilesSection');
    this.layout = new PanelLayout();
    const { chosen } = _context.emr;
    const { trans } = _context;
    chosen.changed.connect(this._show, this);
    const tool = (name: string, tooltip: string, icon: ToolbarButton['props']) =>
      [name, new ToolbarButton({ tooltip, ...icon })] as const;
    this.toolbarItems = [
      tool('upload', trans.__('Upload files to the selected folder'), {
        icon: fileUploadIcon,
        onClick: () => this._view?.upload()
      }),
      tool('new-folder', trans.__('New folder in the selected folder'), {
        icon: newFolderIcon,
        onClick: () => this._view?.newFolder()
      }),
      tool('refresh', trans.__('Refresh files'), {
        icon: refreshIcon,
        onClick: () => this._view?.refresh()
      })
    ];
    this._show();
  }

  readonly toolbarItems: readonly (readonly [string, Widget])[];

  override dispose(): void {
    this._context.emr.chosen.changed.disconnect(this._show, this);
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this._view === null) {
      void this._ask();
    }
  }

  private _show(): void {
    const { cluster } = this._context.emr.chosen;
    this._view?.dispose();
    this._view = null;
    this._choice.dispose();
    if (cluster !== null) {
      this._view = new TreeView(cluster, this._context);
      (this.layout as PanelLayout).addWidget(this._view);
    } else if (this.isAttached) {
      void this._ask();
    }
  }

  /** Lets one of the clusters be chosen. */
  private async _ask(): Promise<void> {
    const { emr, trans } = this._context;
    this._choice.dispose();
    const choice = (this._choice = new Widget());
    choice.addClass('emrnb-TreeChoice');
    choice.node.append(element('div', 'emrnb-TreeNote', trans.__('Loading…')));
    (this.layout as PanelLayout).addWidget(choice);
    try {
      const told = await emr.server.call('GET /clusters', {});
      const ready = told.clusters.filter(cluster => cluster.ready);
      choice.node.replaceChildren(...this._choices(ready));
    } catch (error) {
      const again = () => void this._ask();
      choice.node.replaceChildren(drawFailure(error, [trans.__('Try again'), again]));
    }
  }

  private _choices(ready: readonly IClusterView[]): HTMLElement[] {
    const { emr, trans } = this._context;
    if (ready.length === 0) {
      return [element('div', 'emrnb-TreeNote', trans.__('No cluster is ready.'))];
    }
    const select = element('select', 'emrnb-TreeSelect');
    const label = trans.__('Choose a cluster to see its files');
    select.setAttribute('aria-label', label);
    select.append(new Option(trans.__('Choose a cluster…'), ''));
    for (const { id, name } of ready) {
      select.append(new Option(name === id ? name : `${name} (${id})`, id));
    }
    select.addEventListener('change', () => {
      const cluster = ready.find(one => one.id === select.value);
      if (cluster !== undefined) {
        emr.chosen.choose({ id: cluster.id, name: cluster.name });
      }
    });
    return [element('div', 'emrnb-TreeNote', label), select];
  }

  private _view: TreeView | null = null;
  private _choice = new Widget();
}
