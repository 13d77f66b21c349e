import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { failureOf } from '../api/failure';
import { IEmr } from '../panel/tokens';
import { EmrSettings } from '../settings/settings';
import { IEmrSettings } from '../settings/tokens';

/** Reads the settings page, and hands the server what kernels and it need. */
export const settings: JupyterFrontEndPlugin<IEmrSettings> = {
  id: 'emr-nb:settings',
  description: 'The settings of emr_nb.',
  autoStart: true,
  requires: [IEmr],
  optional: [ISettingRegistry, ITranslator],
  provides: IEmrSettings,
  activate: (
    app: JupyterFrontEnd,
    emr: IEmr,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): IEmrSettings => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const made = new EmrSettings(
      emr.server,
      (setting, by) =>
        Notification.warning(
          trans.__('EMR: %1 is kept, but %2 stands above it.', setting, by),
          { autoClose: 10_000 }
        ),
      error => {
        const { what, advice } = failureOf(error);
        const text = [what, advice].filter(Boolean).join('. ');
        Notification.error(trans.__('EMR: not kept. %1', text), { autoClose: false });
      }
    );
    void app.started.then(async () => {
      made.follow((await registry?.load('emr-nb:settings').catch(() => null)) ?? null);
    });
    // the panel's first look at the server, so that a page at rest asks nothing
    const first = (_: unknown, state: string) => {
      if (state === 'ok') {
        emr.health.changed.disconnect(first);
        void made.reconcile();
      }
    };
    emr.health.changed.connect(first);
    return made;
  }
};
