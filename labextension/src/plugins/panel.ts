import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { EmrPanel, type Folds } from '../panel/panel';
import { chooseAtStart } from '../panel/starting';
import { IEmr, IPanel, type ICluster, type ISection } from '../panel/tokens';
import { IEmrSettings } from '../settings/tokens';

const FOLDS = 'emr-nb:folds';
const CHOSEN = 'emr-nb:chosen';

/** Puts the panel into the left bar. */
export const panel: JupyterFrontEndPlugin<IPanel> = {
  id: 'emr-nb:panel',
  description: 'The EMR panel in the left bar.',
  autoStart: true,
  requires: [IEmr, IEmrSettings],
  optional: [ILabShell, ILayoutRestorer, IStateDB, ITranslator],
  provides: IPanel,
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    settings: IEmrSettings,
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
    rememberChosen(emr, settings, shown, state);
    shown.folded.connect((_, now) => void state?.save(FOLDS, { ...now }));
    // all at once, when every plugin has added its own: in the order that the keyboard goes, and
    // what a user folded away does not load, not even for a moment
    const waiting = new Map<ISection, IDisposable | null>();
    let folded: Folds | null = null;
    const put = (section: ISection) =>
      shown.addSection(section, folded?.[section.id] ?? section.isFolded ?? false);
    const ready = Promise.all([folds, app.started]).then(([kept]) => {
      folded = kept;
      for (const section of [...waiting.keys()].sort((a, b) => a.rank - b.rank)) {
        waiting.set(section, put(section));
      }
    });
    return {
      addSection: (section: ISection) => {
        waiting.set(section, folded === null ? null : put(section));
        return new DisposableDelegate(() => {
          waiting.get(section)?.dispose();
          waiting.delete(section);
        });
      },
      reveal: (section?: string) => {
        (labShell ?? app.shell).activateById(shown.id);
        if (section !== undefined) {
          void ready.then(() => shown.unfold(section));
        }
      }
    };
  }
};

/** Keeps which cluster is chosen, and chooses it again when the panel is seen first. */
function rememberChosen(
  emr: IEmr,
  settings: IEmrSettings,
  shown: EmrPanel,
  state: IStateDB | null
): void {
  const kept = Promise.resolve(state?.fetch(CHOSEN)).catch(() => null);
  emr.chosen.changed.connect((_, cluster) => {
    void (cluster === null
      ? state?.remove(CHOSEN)
      : state?.save(CHOSEN, { ...cluster }));
  });
  const first = async () => {
    shown.seen.disconnect(first);
    const [before] = await Promise.all([kept, settings.ready]);
    // a server part that is not there is told of by the banner
    const asked = chooseAtStart(
      emr,
      (before ?? null) as ICluster | null,
      settings.cluster
    );
    await asked.catch(() => undefined);
  };
  shown.seen.connect(first);
}
