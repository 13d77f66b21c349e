import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { EmrPanel, type Folds } from '../panel/panel';
import { IEmr, IPanel, type ISection } from '../panel/tokens';

const FOLDS = 'emr-nb:folds';

/** Puts the panel into the left bar. */
export const panel: JupyterFrontEndPlugin<IPanel> = {
  id: 'emr-nb:panel',
  description: 'The EMR panel in the left bar.',
  autoStart: true,
  requires: [IEmr],
  optional: [ILabShell, ILayoutRestorer, IStateDB, ITranslator],
  provides: IPanel,
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ): IPanel => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const shown = new EmrPanel(emr, trans);
    restorer?.add(shown, shown.id);
    app.shell.add(shown, 'left', { rank: 300, type: 'Amazon EMR' });
    const folds = Promise.resolve(state?.fetch(FOLDS)).then(
      kept => (kept ?? {}) as Folds,
      () => ({}) as Folds
    );
    shown.folded.connect((_, now) => void state?.save(FOLDS, { ...now }));
    return {
      addSection: (section: ISection) => {
        const added = shown.addSection(section, true);
        // folded first: what a user folded away must not load, not even for a moment
        void folds.then(kept => {
          if (!added.isDisposed && !(kept[section.id] ?? section.isFolded ?? false)) {
            shown.unfold(section.id);
          }
        });
        return added;
      },
      reveal: (section?: string) => {
        (labShell ?? app.shell).activateById(shown.id);
        if (section !== undefined) {
          shown.unfold(section);
        }
      }
    };
  }
};
