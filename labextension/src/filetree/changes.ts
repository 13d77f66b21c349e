import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { ServerFailure } from '../api/failure';
import type { IEntryRef, IPlanView, IPlanWanted } from '../api/schema';
import type { ILive, IServer } from '../api/tokens';
import { element } from '../dom';
import { ended } from './jobs';

/** Changes of files: what each will do is told by the server, and done once somebody agrees. */
export class Changes {
  constructor(
    private readonly _server: IServer,
    private readonly _live: ILive,
    private readonly _trans: TranslationBundle
  ) {}

  /** Asks for a name; null where somebody thought better of it. */
  async name(title: string, label: string, text = ''): Promise<string | null> {
    const dot = text.lastIndexOf('.');
    const answer = await InputDialog.getText({
      title,
      label,
      text,
      okLabel: this._trans.__('Next'),
      selectionRange: dot > 0 ? dot : text.length
    });
    return answer.button.accept ? answer.value : null;
  }

  /**
   * Tells what a change would do and does it where somebody agrees.
   *
   * Returns what was done, in words; null where nothing was. Throws ServerFailure.
   */
  async make(
    cluster: string,
    kind: IPlanWanted['kind'],
    entries: IEntryRef[],
    name = ''
  ): Promise<string | null> {
    const wanted = { cluster, kind, entries, name };
    let plan = await this._server.call('POST /clusters/{cluster}/plans', wanted);
    for (;;) {
      if (!(await this._agreed(plan))) {
        return null;
      }
      const begun = await this._server.call('POST /plans/{plan}', { plan: plan.plan });
      const job = await ended(this._live, this._server, begun);
      if (job.failure !== null) {
        throw new ServerFailure(job.failure, 0);
      }
      if (!job.plan) {
        return job.text;
      }
      // it was not as it had been told: this is asked about anew
      plan = await this._server.call('GET /plans/{plan}', { plan: job.plan });
    }
  }

  private async _agreed(plan: IPlanView): Promise<boolean> {
    const lines = element('ul', 'emrnb-PlanLines');
    lines.append(...plan.lines.map(line => element('li', '', line)));
    const yes = plan.danger ? Dialog.warnButton : Dialog.okButton;
    const answer = await showDialog({
      title: plan.title,
      body: new Widget({ node: lines }),
      buttons: [
        Dialog.cancelButton({ label: this._trans.__('Cancel') }),
        yes({ label: plan.button })
      ],
      defaultButton: plan.danger ? 0 : 1
    });
    return answer.button.accept;
  }
}
