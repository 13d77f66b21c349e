import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { DisposableDelegate } from '@lumino/disposable';
import { Chip } from '../chip/chip';
import { INotebooks, type IAttached } from '../notebooks/tokens';
import { IEmr, IPanel } from '../panel/tokens';

/** Puts the chip into the toolbars of notebooks, and the commands of its menu into the palette. */
export const chip: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:chip',
  description: 'What a notebook is attached to, in its toolbar.',
  autoStart: true,
  requires: [IEmr, INotebooks],
  optional: [IPanel, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    notebooks: INotebooks,
    panel: IPanel | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (shown: NotebookPanel) => {
        const made = new Chip(shown, notebooks, emr.live, app.commands, trans);
        shown.toolbar.insertBefore('kernelName', 'emr-nb-chip', made);
        return new DisposableDelegate(() => made.dispose());
      }
    });
    addCommands(app, notebooks, trans);
    app.commands.addCommand('emr-nb:show-clusters', {
      label: trans.__('Show Clusters'),
      isVisible: () => panel !== null,
      execute: () => panel?.reveal('clusters')
    });
    for (const command of COMMANDS) {
      palette?.addItem({ command, category: 'EMR' });
    }
  }
};

const COMMANDS = [
  'emr-nb:show-clusters',
  'emr-nb:reattach',
  'emr-nb:restart-session',
  'emr-nb:detach',
  'emr-nb:open-spark-ui',
  'emr-nb:logs'
];

/** Adds the commands on the notebook in front; those that need an attached cluster ask for one. */
function addCommands(
  app: JupyterFrontEnd,
  notebooks: INotebooks,
  trans: TranslationBundle
): void {
  const current = (): IAttached | null =>
    notebooks.front ? notebooks.standing(notebooks.front).current : null;
  const sparkUi = () => {
    const found = current()?.sessions.find(one => one.engine === 'spark' && one.ui);
    // another kind of address, as javascript:, would run in this page
    return found && /^https?:\/\//i.test(found.ui) ? found.ui : '';
  };
  const add = (
    name: string,
    label: string,
    act: (panel: NotebookPanel, cluster: IAttached | null) => Promise<void>,
    can: () => boolean = () => current() !== null
  ) =>
    app.commands.addCommand(`emr-nb:${name}`, {
      label,
      isEnabled: can,
      execute: async () => {
        const panel = notebooks.front;
        if (panel) {
          try {
            await act(panel, current());
          } catch (error) {
            void showErrorMessage(label, error as Error);
          }
        }
      }
    });
  add(
    'reattach',
    trans.__('Reattach'),
    panel => notebooks.attach(panel),
    () => notebooks.front !== null && notebooks.canReattach(notebooks.front)
  );
  add('restart-session', trans.__('Restart Spark Session…'), async (panel, cluster) => {
    const { button } = await showDialog({
      title: trans.__('Restart the Spark session on %1?', cluster?.name ?? ''),
      body: trans.__('Its variables and temporary views are lost.'),
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: trans.__('Restart') })
      ]
    });
    if (button.accept) {
      await notebooks.run(panel, '%emr restart');
    }
  });
  add('detach', trans.__('Detach'), panel => notebooks.run(panel, '%emr detach'));
  add(
    'open-spark-ui',
    trans.__('Open Spark UI'),
    () => {
      window.open(sparkUi(), '_blank', 'noopener');
      return Promise.resolve();
    },
    () => sparkUi() !== ''
  );
  add('logs', trans.__('Show Session Log'), panel => notebooks.run(panel, '%emr logs'));
}
