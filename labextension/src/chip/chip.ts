import type { TranslationBundle } from '@jupyterlab/translation';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Message } from '@lumino/messaging';
import type { IDisposable } from '@lumino/disposable';
import { Menu, Widget } from '@lumino/widgets';
import type { CommandRegistry } from '@lumino/commands';
import type { IStatementView } from '../api/schema';
import type { ILive } from '../api/tokens';
import { duration } from '../clusters/words';
import { element } from '../dom';
import { isPath } from '../notebooks/paths';
import type { INotebooks, ISessionStanding } from '../notebooks/tokens';

const TICK = 10_000; // ms; the idle countdown is told in minutes

/**
 * What the notebook in its toolbar is attached to: cluster · session · what runs · countdown.
 *
 * Where a kernel has nothing attached but the notebook has the cell for it, it offers to attach.
 */
export class Chip extends Widget {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _notebooks: INotebooks,
    private readonly _live: ILive,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Chip');
    this._button.type = 'button';
    this._button.addEventListener('click', () => {
      if (this._isOffer) {
        void this._commands.execute('emr-nb:reattach');
      } else {
        this._open();
      }
    });
    this.node.append(this._button);
    _notebooks.changed.connect(this._draw, this);
  }

  override dispose(): void {
    this._notebooks.changed.disconnect(this._draw, this);
    this._unwatch();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._timer = window.setInterval(() => this._draw(), TICK);
    this._draw();
  }

  protected override onBeforeDetach(message: Message): void {
    window.clearInterval(this._timer);
    this._unwatch();
    super.onBeforeDetach(message);
  }

  private _draw(): void {
    const standing = this._notebooks.standing(this._panel);
    const { current } = standing;
    this._before = current?.name ?? this._before;
    this._isOffer = current === null && this._notebooks.canReattach(this._panel);
    this.setHidden(standing.state === 'silent' && !this._isOffer);
    if (standing.state === 'silent') {
      this._unwatch();
    } else {
      this._watch();
    }
    const trans = this._trans;
    if (this._isOffer) {
      this._show(
        'off',
        this._before ? trans.__('Reattach %1', this._before) : trans.__('Reattach')
      );
      this._button.removeAttribute('aria-haspopup');
      this._button.title = trans.__(
        'This kernel has no cluster attached. Runs the cell that attaches one.'
      );
      return;
    }
    this._button.setAttribute('aria-haspopup', 'menu');
    // its kernel may have been attached to another cluster, and to this one since
    const running = [...this._running.values()].filter(
      one => current === null || one.cluster === current.id
    );
    const parts = [current?.name ?? trans.__('no cluster')];
    const session = current?.sessions[0];
    if (running.length > 0) {
      const first = running[0];
      parts.push(
        running.length > 1
          ? trans.__('%1 statements run', running.length)
          : trans.__('%1 runs', first?.engine ?? '')
      );
    } else if (session) {
      parts.push(`${session.title} ${session.state}`, ...this._countdown(session));
    } else if (current) {
      parts.push(trans.__('no session'));
    }
    this._show(this._tone(running.length > 0), parts.filter(Boolean).join(' · '));
  }

  private _show(tone: string, text: string): void {
    this._button.replaceChildren(
      element('span', `emrnb-Dot emrnb-mod-${tone}`),
      element('span', 'emrnb-ChipText', text)
    );
    this._button.setAttribute('aria-label', this._trans.__('EMR: %1', text));
    this._button.title = text;
  }

  private _tone(isBusy: boolean): string {
    const { current } = this._notebooks.standing(this._panel);
    return current === null ? 'off' : isBusy ? 'busy' : 'good';
  }

  private _countdown(session: ISessionStanding): string[] {
    const left = session.until === null ? 0 : session.until - Date.now() / 1000;
    return left > 0
      ? [this._trans.__('kept %1', duration(Math.max(60, left), this._trans))]
      : [];
  }

  private _watch(): void {
    this._watched ??= this._live.watch('statements', told => {
      if (isPath(told.notebook, this._panel.context.path)) {
        // an orphan is not its kernel's: Sessions tells of it, and offers to take it over
        if (told.ended === null && !told.orphan) {
          this._running.set(told.tag, told);
        } else {
          this._running.delete(told.tag);
        }
        this._draw();
      }
    });
  }

  private _unwatch(): void {
    this._watched?.dispose();
    this._watched = null;
    this._running.clear();
  }

  private _open(): void {
    const menu = new Menu({ commands: this._commands });
    menu.addClass('emrnb-ChipMenu');
    const { current } = this._notebooks.standing(this._panel);
    for (const command of current ? MENU : ['emr-nb:show-clusters']) {
      menu.addItem(command ? { command } : { type: 'separator' });
    }
    const { left, bottom } = this._button.getBoundingClientRect();
    menu.open(left, bottom);
  }

  private readonly _button = element('button', 'emrnb-ChipButton');
  private readonly _running = new Map<string, IStatementView>();
  private _watched: IDisposable | null = null;
  private _timer = 0;
  private _before = ''; // the cluster of the kernel before
  private _isOffer = false;
}

/** The commands of the chip's menu; an empty one is a line between. */
const MENU = [
  'emr-nb:reattach',
  'emr-nb:restart-session',
  'emr-nb:detach',
  '',
  'emr-nb:open-spark-ui',
  'emr-nb:logs',
  '',
  'emr-nb:show-clusters'
];
