import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import { button } from './controls';
import type { FilesModel } from './model';
import type { IJob } from './tokens';

/** Downloads that run or have ended, each with a bar and a way to stop or put it away. */
export class Jobs {
  constructor(
    private readonly _model: FilesModel,
    private readonly _trans: TranslationBundle
  ) {
    this.node.setAttribute('aria-label', _trans.__('Downloads'));
    this.node.setAttribute('role', 'group');
  }

  readonly node = element('div', 'emrnb-Jobs');

  draw(): void {
    const jobs = this._model.work.jobs;
    this.node.hidden = jobs.length === 0;
    const key = JSON.stringify(jobs);
    if (key !== this._drawn) {
      this._drawn = key;
      const focused = (document.activeElement as HTMLElement | null)?.dataset.job;
      this.node.replaceChildren(...jobs.map(job => this._row(job)));
      if (focused) {
        this.node.querySelector<HTMLElement>(`[data-job="${focused}"]`)?.focus();
      }
    }
  }

  private _row(job: IJob): HTMLElement {
    const row = element('div', `emrnb-Job emrnb-mod-${job.state}`);
    const text = element('div', 'emrnb-JobText', this._text(job));
    if (job.state !== 'running') {
      text.setAttribute('role', job.state === 'failed' ? 'alert' : 'status');
    }
    row.append(text);
    if (job.state === 'running') {
      const bar = element('progress', 'emrnb-JobBar');
      bar.setAttribute('aria-label', this._trans.__('Download'));
      if (job.total) {
        bar.max = job.total;
        bar.value = job.done;
      }
      row.append(bar);
    }
    const end =
      job.state === 'running'
        ? button(this._trans.__('Cancel'), null, () => this._model.work.cancel(job.job))
        : button(this._trans.__('Dismiss'), 'close', () =>
            this._model.work.dismiss(job.job)
          );
    end.dataset.job = String(job.job);
    row.append(end);
    return row;
  }

  private _text(job: IJob): string {
    if (job.state === 'done') {
      return this._trans.__('Downloaded %1', job.text);
    }
    return [job.text, job.advice].filter(Boolean).join(' → ');
  }

  private _drawn = '';
}
