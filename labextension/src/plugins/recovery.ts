import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { INotebooks } from '../notebooks/tokens';
import { IEmr } from '../panel/tokens';
import { markFactory } from '../recovery/mark';
import { Recovery } from '../recovery/recovery';

/** Fills cells with what they showed while their page was closed, reloaded or without a kernel. */
export const recovery: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:recovery',
  description: 'What cells showed while no page was there, put into them.',
  autoStart: true,
  requires: [IEmr, INotebooks, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    notebooks: INotebooks,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    rendermime.addFactory(markFactory(trans), 0);
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel) => new Recovery(panel, emr, notebooks, trans)
    });
  }
};
