import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyText } from '../dom';
import { insertBelowActive } from '../notebooks/insert';
import type { IEmr } from '../panel/tokens';
import type { IDeeds } from './menu';
import { openPartitions, openPreview } from './preview';
import { CatalogView } from './view';

/** Makes the section's body. */
export function catalogSection(
  app: JupyterFrontEnd,
  emr: IEmr,
  tracker: INotebookTracker | null,
  trans: TranslationBundle
): CatalogView {
  const insert = insertBelowActive(tracker);
  const deeds = (view: CatalogView): IDeeds => ({
    preview: node => {
      const cluster = view.model.cluster;
      if (cluster !== null) {
        openPreview(app, emr.server, cluster.id, node, trans);
      }
    },
    partitions: node => {
      const cluster = view.model.cluster;
      if (cluster !== null) {
        openPartitions(app, emr.server, cluster.id, node, trans);
      }
    },
    insert,
    copy: text => {
      copyText(text).then(
        () => view.say(trans.__('Copied %1', text)),
        (error: unknown) => view.say(String((error as Error).message))
      );
    },
    reveal: node => void view.reveal(node),
    refresh: () => void view.model.refresh(),
    say: text => view.say(text)
  });
  return new CatalogView(emr, trans, deeds);
}
