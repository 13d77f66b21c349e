import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import { button, keepKeys } from './controls';
import type { FilesModel } from './model';

/** What a change needs from the user: a name, and a yes to what will be done. */
export class Ask {
  constructor(
    private readonly _model: FilesModel,
    private readonly _trans: TranslationBundle,
    private readonly _onLeft: () => void
  ) {
    this.node.hidden = true;
    this.node.setAttribute('role', 'alertdialog');
    this.node.addEventListener('keydown', event => {
      keepKeys(event);
      if (event.key === 'Escape') {
        this.close();
      }
    });
  }

  readonly node = element('div', 'emrnb-Ask');

  /** Asks for a name, and then the kernel for a plan. */
  name(label: string, value: string, onName: (name: string) => void): void {
    const input = element('input', 'emrnb-AskInput');
    input.type = 'text';
    input.value = value;
    input.spellcheck = false;
    input.setAttribute('aria-label', label);
    input.addEventListener('keydown', event => {
      if (event.key === 'Enter' && !event.isComposing) {
        onName(input.value);
      }
    });
    const next = button(this._trans.__('Next'), null, () => onName(input.value));
    next.classList.add('emrnb-mod-strong');
    this._fill(label, [element('div', 'emrnb-AskTitle', label), input], [next]);
    input.focus();
    const dot = value.lastIndexOf('.');
    input.setSelectionRange(0, dot > 0 ? dot : value.length);
  }

  /** Shows the plan that the kernel has told, if there is a new one. */
  draw(): void {
    const plan = this._model.work.plan;
    if (plan === null) {
      if (this._plan !== 0) {
        this._hide();
      }
      return;
    }
    if (plan.plan === this._plan) {
      return;
    }
    this._plan = plan.plan;
    const lines = element('ul', 'emrnb-AskLines');
    lines.append(...plan.lines.map(line => element('li', '', line)));
    const yes = button(plan.button, null, () => {
      this._model.work.confirm();
      this._onLeft();
    });
    yes.classList.add(plan.danger ? 'emrnb-mod-danger' : 'emrnb-mod-strong');
    const said = [plan.title, ...plan.lines].join(' ');
    this._fill(said, [element('div', 'emrnb-AskTitle', plan.title), lines], [yes]);
    (plan.danger ? this._no : yes)?.focus();
  }

  close(): void {
    if (this.node.hidden) {
      return;
    }
    this._hide();
    this._model.work.dropPlan();
    this._onLeft();
  }

  private _hide(): void {
    this._plan = 0;
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  private _fill(said: string, parts: HTMLElement[], buttons: HTMLElement[]): void {
    this._no = button(this._trans.__('Cancel'), null, () => this.close());
    const row = element('div', 'emrnb-AskButtons');
    row.append(...buttons, this._no);
    // read out as a whole when the focus comes into it
    this.node.setAttribute('aria-label', said);
    this.node.replaceChildren(...parts, row);
    this.node.hidden = false;
  }

  private _plan = 0;
  private _no: HTMLButtonElement | null = null;
}
