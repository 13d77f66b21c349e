import { ToolbarButton, refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { ISessionView, IStatementView } from '../api/schema';
import { duration } from '../clusters/words';
import { element, oneLine } from '../dom';
import { ChooseCluster } from '../panel/choosing';
import { drawFailure } from '../panel/failing';
import { drawBar } from './bar';
import { button } from './button';
import { drawKept } from './kept';
import type { ISessionRow, SessionsModel } from './model';

const TICK = 1_000; // ms; what runs tells how long

/** What a view of sessions lets the page do. */
export interface ISessionDeeds {
  confirmStop(name: string): Promise<boolean>;
  failed(title: string, error: unknown): void;
  /** Brings a notebook to the front; false where it is not open. */
  show(notebook: string): boolean;
  /** Lets the notebook in front take what a statement of a lost kernel gives. */
  adopt(tag: string): void;
}

/** Sessions on the chosen cluster, and under each what runs. */
export class SessionsView extends Widget {
  constructor(
    private readonly _model: SessionsModel,
    private readonly _deeds: ISessionDeeds,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Sessions');
    const label = _trans.__('Sessions on which cluster?');
    this._choose = new ChooseCluster(_model.emr, _trans, label);
    this._list.setAttribute('aria-label', _trans.__('Sessions'));
    this.node.append(this._list, this._rest);
    this.toolbarItems = [
      [
        'refresh',
        new ToolbarButton({
          icon: refreshIcon,
          tooltip: _trans.__('Refresh sessions'),
          onClick: () => void _model.refresh()
        })
      ]
    ];
    _model.changed.connect(this._draw, this);
  }

  readonly toolbarItems: readonly (readonly [string, Widget])[];

  override dispose(): void {
    this._model.unwatch();
    this._model.changed.disconnect(this._draw, this);
    this._choose.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    Widget.attach(this._choose, this.node, this._list);
    this._look();
  }

  protected override onBeforeDetach(message: Message): void {
    Widget.detach(this._choose);
    window.clearInterval(this._timer);
    super.onBeforeDetach(message);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
  }

  protected override onBeforeHide(message: Message): void {
    this._model.unwatch();
    window.clearInterval(this._timer);
    super.onBeforeHide(message);
  }

  private _look(): void {
    if (this.isVisible) {
      this._model.watch();
      window.clearInterval(this._timer);
      this._timer = window.setInterval(() => {
        if (this._node.querySelector('.emrnb-Statement')) {
          this._draw();
        }
      }, TICK);
      this._draw();
    }
  }

  private get _node(): HTMLElement {
    return this.node;
  }

  private _draw(): void {
    if (!this.isVisible) {
      return;
    }
    const focused = document.activeElement;
    const says = this._node.contains(focused)
      ? focused?.getAttribute('aria-label')
      : null;
    const isChosen = this._model.emr.chosen.cluster !== null;
    this._choose.setHidden(isChosen);
    const rows = isChosen ? this._model.rows.map(row => this._session(row)) : [];
    const others = isChosen ? this._model.others.map(one => this._statement(one)) : [];
    this._list.replaceChildren(...rows, ...others);
    this._rest.replaceChildren(
      ...(isChosen ? this._notes(rows.length + others.length) : [])
    );
    if (says) {
      const same = [...this._node.querySelectorAll<HTMLElement>('button')];
      same.find(one => one.getAttribute('aria-label') === says)?.focus();
    }
  }

  private _session({ session, statements }: ISessionRow): HTMLElement {
    const trans = this._trans;
    const node = element('li', 'emrnb-Session');
    const head = element('div', 'emrnb-SessionHead');
    const tone = session.running.length > 0 ? 'busy' : toneOf(session.state);
    const text = element('span', 'emrnb-EntryText');
    const parts = [session.state, session.queue, session.app_id];
    if (session.created !== null) {
      const age = Math.max(0, Date.now() / 1000 - session.created);
      parts.push(trans.__('for %1', duration(age, trans)));
    }
    const title = `${session.engine} ${session.label}`;
    text.title = [title, session.name, session.owner].filter(Boolean).join('\n');
    text.append(
      element('span', 'emrnb-EntryName', title),
      element('span', 'emrnb-EntrySub', parts.filter(Boolean).join(' · ')),
      ...this._owner(session)
    );
    head.append(element('span', `emrnb-Dot emrnb-mod-${tone}`), text);
    if (session.mine) {
      head.append(
        button(trans.__('Stop'), trans.__('Stop session %1', title), () =>
          this._stop(session, title)
        )
      );
    }
    node.append(head);
    if (session.mine && (session.orphan || session.kept !== null)) {
      node.append(
        drawKept(session, title, this._trans, isKept => this._keep(session, isKept))
      );
    }
    node.append(...statements.map(one => this._statement(one)));
    return node;
  }

  private _owner(session: ISessionView): HTMLElement[] {
    const trans = this._trans;
    const name = session.notebook.split('/').pop() ?? '';
    if (!name) {
      const whose = session.mine ? '' : session.owner;
      return whose ? [element('span', 'emrnb-EntrySub', whose)] : [];
    }
    const text = session.orphan ? trans.__('%1 (its kernel is gone)', name) : name;
    const link = button(text, trans.__('Show the notebook %1', name), () => {
      this._deeds.show(session.notebook);
    });
    link.className = 'emrnb-Link emrnb-SessionNotebook';
    link.title = session.notebook;
    return [link];
  }

  private _statement(one: IStatementView): HTMLElement {
    const trans = this._trans;
    const node = element('div', 'emrnb-Statement');
    const seconds =
      one.ended === null ? Math.max(0, Date.now() / 1000 - one.created) : one.seconds;
    const text = element('span', 'emrnb-StatementText', oneLine(one.text || one.line));
    text.title = one.text.slice(0, 2000);
    const told = this._model.outcome(one.tag);
    const isKnown = one.ended === null && one.fraction !== null;
    const share = isKnown
      ? trans.__('%1 %', Math.floor(100 * (one.fraction ?? 0)))
      : '';
    const state = [one.state, share, duration(seconds, trans), told]
      .filter(Boolean)
      .join(' · ');
    const line = element('span', 'emrnb-EntrySub', state);
    const words = element('span', 'emrnb-EntryText');
    words.append(text, line);
    node.append(words);
    if (one.ended === null) {
      const bar = drawBar(one, trans);
      if (one.orphan) {
        node.append(
          button(trans.__('Take over'), trans.__('Take the result over here'), () =>
            this._deeds.adopt(one.tag)
          )
        );
      }
      const cancel = trans.__('Cancel statement %1', one.tag.slice(0, 8));
      node.append(
        button(trans.__('Cancel'), cancel, () => void this._model.cancel(one.tag)),
        bar
      );
    }
    return node;
  }

  private _notes(count: number): HTMLElement[] {
    const trans = this._trans;
    const made: HTMLElement[] = [];
    if (this._model.error !== null) {
      made.push(
        drawFailure(this._model.error, [
          trans.__('Try again'),
          () => void this._model.refresh()
        ])
      );
    }
    for (const [engine, failure] of Object.entries(this._model.failures)) {
      const note = element('div', 'emrnb-Failure emrnb-mod-source');
      const { what, advice } = failure;
      note.append(element('div', 'emrnb-FailureWhat', `${engine}: ${what}`));
      if (advice) {
        note.append(element('div', 'emrnb-FailureAdvice', advice));
      }
      made.push(note);
    }
    if (count === 0 && this._model.error === null) {
      const text = this._model.isKnown
        ? trans.__('No session is open on this cluster.')
        : trans.__('Asking for the sessions…');
      made.push(element('div', 'emrnb-Empty', text));
    }
    return made;
  }

  private async _stop(session: ISessionView, title: string): Promise<void> {
    if (await this._deeds.confirmStop(title)) {
      try {
        await this._model.stop(session);
      } catch (error) {
        this._deeds.failed(this._trans.__('Not stopped'), error);
      }
    }
  }

  private async _keep(session: ISessionView, isKept: boolean): Promise<void> {
    try {
      await this._model.keep(session, isKept);
    } catch (error) {
      this._deeds.failed(this._trans.__('Not kept'), error);
    }
  }

  private readonly _choose: ChooseCluster;
  private readonly _list = element('ul', 'emrnb-SessionList');
  private readonly _rest = element('div', 'emrnb-SessionsRest');
  private _timer = 0;
}

function toneOf(state: string): string {
  if (/dead|error|killed|lost/i.test(state)) {
    return 'bad';
  }
  return /starting|busy|shutting/i.test(state) ? 'waiting' : 'good';
}
