import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import type { Language } from '@codemirror/language';
import { INotebooks } from '../notebooks/tokens';
import { IEmr } from '../panel/tokens';
import { sqlCells } from '../sql/extension';
import { SqlCompletions } from '../sql/completion';
import type { Dialect } from '../sql/magics';

const RENDERED = 'text/x-ipythongfm'; // the text of Markdown cells

/** Highlights the SQL of cells that begin with its magics, and completes it. */
export const sql: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:sql',
  description: 'Highlights and completes SQL in the cells of emr_nb.',
  autoStart: true,
  requires: [IEmr],
  optional: [IEditorExtensionRegistry, ICompletionProviderManager, INotebooks],
  activate: (
    _app: JupyterFrontEnd,
    emr: IEmr,
    editors: IEditorExtensionRegistry | null,
    completions: ICompletionProviderManager | null,
    notebooks: INotebooks | null
  ) => {
    const made = new Map<Dialect, Promise<Language>>();
    const load = (dialect: Dialect) => {
      const found =
        made.get(dialect) ??
        import('../sql/language').then(code => code.sqlCell(dialect));
      made.set(dialect, found); // the same object for all editors
      return found;
    };
    const extension = sqlCells(load);
    editors?.addExtension({
      name: 'emr-nb:sql',
      factory: options =>
        options.inline && options.model.mimeType !== RENDERED
          ? { instance: () => extension, reconfigure: () => null }
          : null
    });
    completions?.registerProvider(
      new SqlCompletions(emr.server, emr.chosen, notebooks)
    );
  }
};
