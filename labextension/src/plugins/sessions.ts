import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { failureOf } from '../api/failure';
import { insertBelowActive } from '../notebooks/insert';
import { isPath } from '../notebooks/paths';
import { INotebooks } from '../notebooks/tokens';
import { IEmr, IPanel } from '../panel/tokens';

/** Adds the sections of sessions and of the history to the panel. */
export const sessions: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:sessions',
  description: 'Sessions, running statements and the history, in the EMR panel.',
  autoStart: true,
  requires: [IEmr, IPanel],
  optional: [INotebooks, INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    panel: IPanel,
    notebooks: INotebooks | null,
    tracker: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const ask = async (title: string, body: string, label: string) => {
      const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label })];
      return (await showDialog({ title, body, buttons })).button.accept;
    };
    const failed = (title: string, error: unknown) => {
      const { what, advice } = failureOf(error);
      void showErrorMessage(title, [what, advice].filter(Boolean).join(' '));
    };
    const deeds = {
      failed,
      confirmStop: (name: string) =>
        ask(
          trans.__('Stop session %1?', name),
          trans.__('What runs there is cancelled, its variables and views are lost.'),
          trans.__('Stop')
        ),
      show: (notebook: string) => {
        const found = tracker?.find(one => isPath(notebook, one.context.path));
        if (found) {
          app.shell.activateById(found.id);
        }
        return found !== undefined;
      },
      adopt: (tag: string) => {
        const front = notebooks?.front;
        if (front) {
          void notebooks.run(front, `%emr result ${tag}`);
        }
      }
    };
    panel.addSection({
      id: 'sessions',
      title: trans.__('Sessions'),
      rank: 20,
      load: async () => {
        const [{ SessionsModel }, { SessionsView }] = await Promise.all([
          import('../sessions/model'),
          import('../sessions/view')
        ]);
        return new SessionsView(new SessionsModel(emr), deeds, trans);
      }
    });
    panel.addSection({
      id: 'history',
      title: trans.__('History'),
      rank: 50,
      isFolded: true,
      load: async () => {
        const [{ HistoryModel }, { HistoryView }] = await Promise.all([
          import('../history/model'),
          import('../history/view')
        ]);
        const more = {
          failed,
          insert: insertBelowActive(tracker),
          confirmClear: () =>
            ask(
              trans.__('Clear the history?'),
              trans.__('Statements that have ended are forgotten, on all clusters.'),
              trans.__('Clear')
            ),
          front: () => tracker?.currentWidget?.context.path ?? ''
        };
        return new HistoryView(new HistoryModel(emr), more, trans);
      }
    });
  }
};
