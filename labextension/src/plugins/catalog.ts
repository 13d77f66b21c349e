import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IEmr, IPanel } from '../panel/tokens';

/** Adds the section that shows databases, tables and columns. */
export const catalog: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:catalog',
  description: 'The catalogs of Hive, Spark, Trino and Presto in the EMR panel.',
  autoStart: true,
  requires: [IEmr, IPanel],
  optional: [INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    panel: IPanel,
    tracker: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    panel.addSection({
      id: 'catalog',
      title: trans.__('Catalog'),
      rank: 40,
      isFolded: true,
      load: async () => {
        const { catalogSection } = await import('../catalog/section');
        return catalogSection(app, emr, tracker, trans);
      }
    });
  }
};
