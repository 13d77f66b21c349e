import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Notebooks } from '../notebooks/notebooks';
import { INotebooks } from '../notebooks/tokens';
import { IEmr } from '../panel/tokens';
import { IEmrSettings } from '../settings/tokens';

/** Knows what the notebooks of this page are attached to. */
export const notebooks: JupyterFrontEndPlugin<INotebooks> = {
  id: 'emr-nb:notebooks',
  description: 'What the notebooks of this page are attached to.',
  autoStart: true,
  requires: [IEmr, IEmrSettings, INotebookTracker],
  optional: [ITranslator],
  provides: INotebooks,
  activate: (
    _app: JupyterFrontEnd,
    emr: IEmr,
    settings: IEmrSettings,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): INotebooks =>
    new Notebooks(
      tracker,
      emr.chosen,
      settings,
      (translator ?? nullTranslator).load('emr_nb')
    )
};
