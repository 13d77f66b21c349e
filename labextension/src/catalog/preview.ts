import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';
import type { IFirstRowsView, IPartitionPage } from '../api/schema';
import type { IServer } from '../api/tokens';
import { element } from '../dom';
import { TableModel } from '../model';
import { emrIcon } from '../panel/icons';
import { drawFailure } from '../panel/failing';
import type { IPayload, Kind } from '../tokens';
import { TableView } from '../view';
import type { INode } from './tree';

/** What a preview shows, and the words above it. */
interface IShown {
  readonly payload: IPayload;
  readonly said: string;
  readonly sql: string;
}

/** A table's first rows, or its partitions, in a tab of the main area. */
export class Preview extends Panel {
  constructor(
    private readonly _ask: (signal: AbortSignal) => Promise<IShown>,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Preview');
    this._head.node.setAttribute('role', 'status');
    this.addWidget(this._head);
    void this.load();
  }

  override dispose(): void {
    this._aborted.abort();
    super.dispose();
  }

  /** Asks, also again; what failed is shown with what to do. */
  async load(): Promise<void> {
    this._show(null);
    this._say(this._trans.__('Running on the cluster…'), '');
    try {
      const { payload, said, sql } = await this._ask(this._aborted.signal);
      if (!this.isDisposed) {
        this._say(said, sql);
        const mostRows = payload.rows.length;
        this._show(new TableView(new TableModel(payload), this._trans, { mostRows }));
      }
    } catch (error) {
      if (!this.isDisposed) {
        this._say('', '');
        const again = [this._trans.__('Try again'), () => void this.load()] as const;
        this._show(new Widget({ node: drawFailure(error, again) }));
      }
    }
  }

  private _show(widget: Widget | null): void {
    this._shown?.dispose();
    this._shown = widget;
    if (widget !== null) {
      this.addWidget(widget);
    }
  }

  private _say(text: string, sql: string): void {
    const nodes = sql ? [element('code', 'emrnb-PreviewSql', sql)] : [];
    const said = element('span', 'emrnb-PreviewSaid', text);
    this._head.node.replaceChildren(...nodes, said);
    this._head.setHidden(!text);
  }

  private readonly _head = new Widget({ node: element('div', 'emrnb-PreviewHead') });
  private readonly _aborted = new AbortController();
  private _shown: Widget | null = null;
}

/** Opens a tab with a table's first rows, or the one that is open already. */
export function openPreview(
  app: JupyterFrontEnd,
  server: IServer,
  cluster: string,
  node: INode,
  trans: TranslationBundle
): void {
  const asked = { cluster, source: node.source.name, ...namesOf(node) };
  const ask = async (signal: AbortSignal): Promise<IShown> => {
    const told = await server.call(
      'POST /clusters/{cluster}/catalog/{source}/rows',
      asked,
      signal
    );
    const seconds = told.seconds.toFixed(1);
    const said = told.more
      ? trans.__('The first %1 rows; there are more · %2 s', told.rows.length, seconds)
      : trans.__('All rows · %1 s', seconds);
    return { payload: payloadOf(told), said, sql: told.sql };
  };
  show(app, `emr-nb-rows-${cluster}-${node.key}`, node.label, node, ask, trans);
}

/** Opens a tab with a table's partitions. */
export function openPartitions(
  app: JupyterFrontEnd,
  server: IServer,
  cluster: string,
  node: INode,
  trans: TranslationBundle
): void {
  const asked = { cluster, source: node.source.name, ...namesOf(node), count: 5000 };
  const ask = async (signal: AbortSignal): Promise<IShown> => {
    const told = await server.call(
      'GET /clusters/{cluster}/catalog/{source}/partitions',
      asked,
      signal
    );
    const said = told.total
      ? trans.__('Partitions of %1', node.sql)
      : trans.__('%1 has no partitions', node.sql);
    return { payload: partitionTable(told), said, sql: '' };
  };
  const title = trans.__('Partitions of %1', node.label);
  show(app, `emr-nb-partitions-${cluster}-${node.key}`, title, node, ask, trans);
}

function show(
  app: JupyterFrontEnd,
  id: string,
  title: string,
  node: INode,
  ask: (signal: AbortSignal) => Promise<IShown>,
  trans: TranslationBundle
): void {
  for (const open of app.shell.widgets('main')) {
    if (open.id === id) {
      app.shell.activateById(id);
      return;
    }
  }
  const widget = new MainAreaWidget({ content: new Preview(ask, trans) });
  widget.id = id;
  widget.title.label = title;
  widget.title.caption = `${node.sql}\n${node.source.title}`;
  widget.title.icon = emrIcon;
  widget.title.closable = true;
  widget.toolbar.hide();
  app.shell.add(widget, 'main');
  app.shell.activateById(id);
}

function namesOf(node: INode): { catalog?: string; schema: string; table: string } {
  const { catalog, schema = '', table = '' } = node.names;
  return catalog === undefined ? { schema, table } : { catalog, schema, table };
}

function payloadOf(told: IFirstRowsView): IPayload {
  return {
    result: '',
    columns: told.columns.map(({ name, type, kind }) => ({
      name,
      type,
      kind: kind as Kind
    })),
    rows: told.rows,
    held: told.rows.length,
    total: told.rows.length, // of what is shown: the words above tell that there are more
    truncated: false,
    notices: []
  };
}

/** Returns partitions as a table with a column for each key, where all have the same keys. */
function partitionTable(told: IPartitionPage): IPayload {
  const split = told.partitions.map(one => one.split('/'));
  const keys = (split[0] ?? []).map(part => part.split('=', 1)[0] ?? '');
  const isEven = split.every(
    parts =>
      parts.length === keys.length &&
      parts.every((part, i) => part.startsWith(`${keys[i]}=`))
  );
  const names = isEven && keys.length > 0 ? keys : ['partition'];
  const rows = isEven
    ? split.map(parts => parts.map((part, i) => part.slice((keys[i] ?? '').length + 1)))
    : told.partitions.map(one => [one]);
  const isWhole = !told.cut && rows.length === told.total;
  return {
    result: '',
    columns: names.map(name => ({ name, type: '', kind: 'text' })),
    rows,
    held: rows.length,
    total: isWhole ? rows.length : told.cut ? null : told.total,
    truncated: !isWhole,
    notices: []
  };
}
