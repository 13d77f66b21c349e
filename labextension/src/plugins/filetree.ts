import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IEmr, IPanel } from '../panel/tokens';

/** Adds the files of the chosen cluster to the panel. */
export const filetree: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:filetree',
  description: 'The files of the chosen cluster, in the EMR panel.',
  autoStart: true,
  requires: [IEmr, IPanel],
  optional: [INotebookTracker, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    panel: IPanel,
    tracker: INotebookTracker | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    panel.addSection({
      id: 'files',
      title: trans.__('Files'),
      rank: 30,
      isFolded: true,
      load: async () => {
        const [{ FilesSection }, { OpenedFolders }] = await Promise.all([
          import('../filetree/section'),
          import('../filetree/opened')
        ]);
        return new FilesSection({
          shell: app.shell,
          emr,
          tracker,
          trans,
          opened: new OpenedFolders(state)
        });
      }
    });
  }
};
