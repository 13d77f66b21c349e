import type { TranslationBundle } from '@jupyterlab/translation';
import { failureOf } from '../api/failure';
import { element } from '../dom';
import { button, sizeText } from '../files/controls';
import { drawFailure } from '../panel/failing';
import type { IUploading, Uploads } from './uploads';

const SAID = 6_000;

/** What there is to say below the tree: what was done, what failed, what is being uploaded. */
export class Strip {
  constructor(
    private readonly _uploads: Uploads,
    private readonly _trans: TranslationBundle
  ) {
    this._status.setAttribute('role', 'status');
    this._status.hidden = true;
    this.node.append(this._failure, this._list, this._status);
    _uploads.changed.connect(() => this._drawUploads());
  }

  readonly node = element('div', 'emrnb-TreeStrip');

  /** Says for a while what was done. */
  say(text: string): void {
    window.clearTimeout(this._timer);
    this._status.textContent = text;
    this._status.hidden = false;
    this._timer = window.setTimeout(() => {
      this._status.hidden = true;
    }, SAID);
  }

  /** Shows what failed until it is put away, or what is `about` something else takes its place. */
  fail(error: unknown, again?: () => void, about: unknown = null): void {
    this._about = about;
    const retry = again && (() => (this.forgive(), again()));
    const drawn = drawFailure(
      error,
      retry ? [this._trans.__('Try again'), retry] : undefined
    );
    const close = button(this._trans.__('Dismiss'), 'close', () => this.forgive());
    close.classList.add('emrnb-mod-bare');
    drawn.prepend(close);
    this._failure.replaceChildren(drawn);
  }

  /** Puts away what failed; with `about` only if it was about that. */
  forgive(about?: unknown): void {
    if (about === undefined || about === this._about) {
      this._about = null;
      this._failure.replaceChildren();
    }
  }

  /** What the failure that is shown is about. */
  get about(): unknown {
    return this._about;
  }

  dispose(): void {
    window.clearTimeout(this._timer);
  }

  private _drawUploads(): void {
    const had = new Map(this._drawn);
    this._drawn.clear();
    for (const one of this._uploads.all) {
      const row = had.get(one) ?? this._upload(one);
      this._drawn.set(one, row);
      fill(row, one, this._trans);
    }
    const rows = [...this._drawn.values()];
    if (
      rows.some((row, i) => this._list.children[i] !== row) ||
      had.size > rows.length
    ) {
      this._list.replaceChildren(...rows);
    }
  }

  private _upload(one: IUploading): HTMLElement {
    const row = element('div', 'emrnb-TreeUpload');
    const bar = element('progress', 'emrnb-TreeProgress');
    bar.setAttribute('aria-label', this._trans.__('Upload of %1', one.file.name));
    const stop = button(this._trans.__('Cancel'), 'close', () =>
      this._uploads.drop(one)
    );
    stop.classList.add('emrnb-mod-bare');
    row.append(element('div', 'emrnb-TreeUploadText'), bar, stop);
    return row;
  }

  private readonly _status = element('div', 'emrnb-TreeStatus');
  private readonly _failure = element('div', 'emrnb-TreeFailure');
  private readonly _list = element('div', 'emrnb-TreeUploads');
  private readonly _drawn = new Map<IUploading, HTMLElement>();
  private _about: unknown = null;
  private _timer = 0;
}

function fill(row: HTMLElement, one: IUploading, trans: TranslationBundle): void {
  const [text, bar] = [row.children[0], row.children[1] as HTMLProgressElement];
  const { file, sent, state } = one;
  row.classList.toggle('emrnb-mod-failed', state === 'failed');
  bar.hidden = state === 'failed';
  if (state === 'failed') {
    const { what, where, advice } = failureOf(one.error);
    text?.setAttribute('role', 'alert');
    const said = [`${file.name}: ${what}`, where, advice].filter(Boolean).join(' – ');
    text?.replaceChildren(said);
    return;
  }
  bar.max = Math.max(1, file.size);
  bar.value = sent;
  const share = trans.__('%1 of %2', sizeText(sent), sizeText(file.size));
  text?.replaceChildren(`${file.name} · ${share}`);
}
