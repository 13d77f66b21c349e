import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider
} from '@jupyterlab/completer';
import type { INotebooks } from '../notebooks/tokens';
import type { IChosen } from '../panel/tokens';
import type { IServer } from '../api/tokens';
import type { Widget } from '@lumino/widgets';
import { sqlCellOf } from './magics';

type Reply = CompletionHandler.ICompletionItemsReply;

/** Before the kernel's own (500), which follow in the same list. */
const RANK = 600;

/** Completes SQL cells by keywords and by the catalog of the cluster, whatever the kernel does. */
export class SqlCompletions implements ICompletionProvider {
  constructor(
    private readonly _server: IServer,
    private readonly _chosen: IChosen,
    private readonly _notebooks: INotebooks | null
  ) {}

  readonly identifier = 'emr-nb:sql';
  readonly rank = RANK;
  readonly renderer = null;

  async isApplicable(context: ICompletionContext): Promise<boolean> {
    const source = context.editor?.model.sharedModel.getSource() ?? '';
    const cell = sqlCellOf(source);
    return (
      cell !== null &&
      cell.dialect !== 'flink' &&
      this._clusterOf(context.widget) !== ''
    );
  }

  /** Offsets of a request, and of a reply, count characters and not JavaScript's units. */
  async fetch(
    request: CompletionHandler.IRequest,
    context: ICompletionContext
  ): Promise<Reply> {
    const { text, offset } = request;
    const nothing: Reply = { start: offset, end: offset, items: [] };
    const cell = sqlCellOf(text);
    const cluster = this._clusterOf(context.widget);
    const before = cell === null ? 0 : [...text.slice(0, cell.start)].length;
    if (cell === null || cluster === '' || offset < before) {
      return nothing;
    }
    const told = await this._server.call(
      'POST /clusters/{cluster}/catalog/{source}/complete',
      {
        cluster,
        source: cell.dialect,
        code: text.slice(cell.start),
        cursor: offset - before,
        here: [...cell.here]
      }
    );
    const first = told.completions[0];
    if (first === undefined) {
      return nothing;
    }
    return {
      start: first.start + before,
      end: first.end + before,
      items: told.completions.map(one => ({ label: one.text, type: one.kind }))
    };
  }

  /** Returns the id of the cluster on which a notebook's cells run, else of the panel's. */
  private _clusterOf(widget: Widget): string {
    const panel = this._notebooks?.find(widget) ?? null;
    const attached = panel && this._notebooks?.standing(panel).current;
    return attached?.id ?? this._chosen.cluster?.id ?? '';
  }
}
