import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider
} from '@jupyterlab/completer';
import type { IChosen } from '../panel/tokens';
import type { IServer } from '../api/tokens';
import { sqlCellOf } from './magics';

type Reply = CompletionHandler.ICompletionItemsReply;

/** Before the kernel's own (500), which follow in the same list. */
const RANK = 600;

/** Completes SQL cells by keywords and by the catalog of the cluster, whatever the kernel does. */
export class SqlCompletions implements ICompletionProvider {
  constructor(
    private readonly _server: IServer,
    private readonly _chosen: IChosen
  ) {}

  readonly identifier = 'emr-nb:sql';
  readonly rank = RANK;
  readonly renderer = null;

  async isApplicable(context: ICompletionContext): Promise<boolean> {
    const source = context.editor?.model.sharedModel.getSource() ?? '';
    const cell = sqlCellOf(source);
    return cell !== null && cell.dialect !== 'flink' && this._chosen.cluster !== null;
  }

  /** Offsets of a request, and of a reply, count characters and not JavaScript's units. */
  async fetch(request: CompletionHandler.IRequest): Promise<Reply> {
    const { text, offset } = request;
    const nothing: Reply = { start: offset, end: offset, items: [] };
    const cell = sqlCellOf(text);
    const { cluster } = this._chosen;
    const before = cell === null ? 0 : [...text.slice(0, cell.start)].length;
    if (cell === null || cluster === null || offset < before) {
      return nothing;
    }
    const told = await this._server.call(
      'POST /clusters/{cluster}/catalog/{source}/complete',
      {
        cluster: cluster.id,
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
}
