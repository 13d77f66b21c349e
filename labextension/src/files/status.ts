import type { TranslationBundle } from '@jupyterlab/translation';
import { copyText, element } from '../dom';

const SAID_DELAY = 5000;
const WORK_DELAY = 400;

/** The words in the footer: what was just done, or that something is under way. */
export class StatusLine {
  constructor(private readonly _trans: TranslationBundle) {
    this.node.setAttribute('role', 'status');
  }

  readonly node = element('div', 'emrnb-Status');

  /** Says something for a while. */
  say(text: string): void {
    window.clearTimeout(this._timer);
    this._isWorking = false; // this is how it ended
    this.node.textContent = text;
    this._timer = window.setTimeout(() => {
      this.node.textContent = '';
    }, SAID_DELAY);
  }

  /** Says after a moment that a change is under way, until it has ended. */
  work(isWorking: boolean): void {
    if (isWorking === this._isWorking) {
      return;
    }
    this._isWorking = isWorking;
    window.clearTimeout(this._timer);
    this.node.textContent = '';
    if (isWorking) {
      this._timer = window.setTimeout(() => {
        this.node.textContent = this._trans.__('Working…');
      }, WORK_DELAY);
    }
  }

  /** Copies a text, and says so. */
  async copy(text: string, said: string): Promise<void> {
    try {
      await copyText(text);
      this.say(said);
    } catch (error) {
      this.say(this._trans.__('Not copied: %1', String((error as Error).message)));
    }
  }

  dispose(): void {
    window.clearTimeout(this._timer);
  }

  private _timer = 0;
  private _isWorking = false;
}
