import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { INotebooks } from '../notebooks/tokens';
import { IEmr, IPanel } from '../panel/tokens';

/** Adds the section of clusters to the panel. */
export const clusters: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:clusters',
  description: 'The clusters that can be attached, in the EMR panel.',
  autoStart: true,
  requires: [IEmr, IPanel],
  optional: [INotebooks, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    emr: IEmr,
    panel: IPanel,
    notebooks: INotebooks | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const asks = {
      confirmStop: async (name: string) => {
        const { button } = await showDialog({
          title: trans.__('Stop the local cluster %1?', name),
          body: trans.__('Its HDFS, its S3 and its sessions go with it.'),
          buttons: [
            Dialog.cancelButton(),
            Dialog.warnButton({ label: trans.__('Stop') })
          ]
        });
        return button.accept;
      }
    };
    panel.addSection({
      id: 'clusters',
      title: trans.__('Clusters'),
      rank: 10,
      load: async () => {
        const [{ ClustersModel }, { ClustersView }] = await Promise.all([
          import('../clusters/model'),
          import('../clusters/view')
        ]);
        return new ClustersView(new ClustersModel(emr), notebooks, asks, trans);
      }
    });
  }
};
