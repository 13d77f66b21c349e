import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { referenceTo } from '../notebooks/reference';
import { INotebooks } from '../notebooks/tokens';
import { emrIcon } from '../panel/icons';
import { IEmr } from '../panel/tokens';
import { IEmrSettings } from '../settings/tokens';

const NEW = 'emr-nb:new-notebook';

/** A card that opens a notebook with the extension loaded and a cluster attached. */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:launcher',
  description: 'A launcher card for notebooks that begin attached to a cluster.',
  autoStart: true,
  requires: [IEmr, INotebooks, IEmrSettings],
  optional: [ILauncher, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    notebooks: INotebooks,
    settings: IEmrSettings,
    card: ILauncher | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const cluster = async (): Promise<string> => {
      const chosen = emr.chosen.cluster;
      if (chosen) {
        const { clusters } = await emr.server.call('GET /clusters', {});
        const found = clusters.find(one => one.id === chosen.id);
        return found ? referenceTo(found, clusters) : chosen.id;
      }
      await settings.ready;
      return settings.cluster;
    };
    app.commands.addCommand(NEW, {
      label: args =>
        args.isPalette ? trans.__('New EMR Notebook') : trans.__('EMR notebook'),
      caption: trans.__(
        'A notebook with emr_nb loaded and the chosen cluster attached'
      ),
      icon: emrIcon,
      execute: async args => {
        const made = (await app.commands.execute('notebook:create-new', {
          cwd: args.cwd as string,
          kernelName: python(app),
          activate: true
        })) as NotebookPanel;
        try {
          await notebooks.begin(made, await cluster());
        } catch (error) {
          void showErrorMessage(trans.__('Not attached'), error as Error);
        }
        return made;
      }
    });
    card?.add({ command: NEW, category: 'Notebook', rank: 5 });
    palette?.addItem({ command: NEW, category: 'EMR', args: { isPalette: true } });
  }
};

/** Returns the kernel to begin with: the default one if it is Python's, else the first that is. */
function python(app: JupyterFrontEnd): string {
  const specs = app.serviceManager.kernelspecs.specs;
  const names = Object.keys(specs?.kernelspecs ?? {}).sort();
  const first = names.find(name => specs?.kernelspecs[name]?.language === 'python');
  const usual = specs?.default ?? '';
  return specs?.kernelspecs[usual]?.language === 'python' ? usual : (first ?? usual);
}
