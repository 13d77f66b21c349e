import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Notebooks } from '../notebooks/notebooks';
import { INotebooks } from '../notebooks/tokens';
import { IEmr } from '../panel/tokens';

/** Knows what the notebooks of this page are attached to. */
export const notebooks: JupyterFrontEndPlugin<INotebooks> = {
  id: 'emr-nb:notebooks',
  description: 'What the notebooks of this page are attached to.',
  autoStart: true,
  requires: [IEmr, INotebookTracker],
  optional: [ITranslator],
  provides: INotebooks,
  activate: (
    _app: JupyterFrontEnd,
    emr: IEmr,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): INotebooks =>
    new Notebooks(tracker, emr.chosen, (translator ?? nullTranslator).load('emr_nb'))
};
