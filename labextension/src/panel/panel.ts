import { SidePanel } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ArrayExt } from '@lumino/algorithm';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import type { AccordionPanel } from '@lumino/widgets';
import { Banner } from './banner';
import { emrIcon } from './icons';
import { SectionPanel } from './section';
import type { IEmr, ISection } from './tokens';

/** Of the panel's height: a section with less shows nothing. */
const LEAST_SHARE = 0.08;

/** Which sections are folded, by their ids. */
export type Folds = Readonly<Record<string, boolean>>;

/** The panel in the left bar: a banner, and sections that fold. */
export class EmrPanel extends SidePanel {
  constructor(
    emr: IEmr,
    private readonly _words: TranslationBundle
  ) {
    super();
    this.id = 'emr-nb-panel';
    this.addClass('emrnb-Panel');
    this.title.icon = emrIcon;
    this.title.caption = _words.__('Amazon EMR');
    this.node.setAttribute('aria-label', _words.__('Amazon EMR'));
    this.node.setAttribute('role', 'region');
    this._banner = new Banner(emr, _words);
    this.header.addWidget(this._banner);
    this._accordion.expansionToggled.connect((_, index) => {
      this._share(index);
      this._folded.emit(this.folds);
    });
  }

  /** Tells whenever the panel comes to be seen. */
  get seen(): ISignal<EmrPanel, void> {
    return this._seen;
  }

  /** Tells when a section was folded or unfolded. */
  get folded(): ISignal<EmrPanel, Folds> {
    return this._folded;
  }

  get folds(): Folds {
    const folds: Record<string, boolean> = {};
    this.widgets.forEach(widget => {
      if (widget instanceof SectionPanel) {
        folds[widget.section.id] = widget.isHidden;
      }
    });
    return folds;
  }

  addSection(section: ISection, isFolded = section.isFolded ?? false): IDisposable {
    const panel = new SectionPanel(section, this._words);
    const ranks = this._accordion.widgets.map(
      widget => (widget as SectionPanel).section.rank
    );
    const index = ArrayExt.upperBound(ranks, section.rank, (one, other) => one - other);
    this.insertWidget(index, panel);
    if (isFolded) {
      this._accordion.collapse(this._accordion.widgets.indexOf(panel));
    }
    return new DisposableDelegate(() => panel.dispose());
  }

  /** Unfolds a section. */
  unfold(id: string): void {
    const index = this._accordion.widgets.findIndex(
      widget => (widget as SectionPanel).section.id === id
    );
    if (index >= 0) {
      this._accordion.expand(index);
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._banner.check();
    this._seen.emit();
  }

  /** Gives a section that was folded from the beginning its share of the height. */
  private _share(index: number): void {
    const accordion = this._accordion;
    const widgets = accordion.widgets;
    const size = accordion.relativeSizes()[index] ?? 0;
    if (!(widgets[index]?.isHidden ?? true) && size < LEAST_SHARE) {
      accordion.setRelativeSizes(widgets.map(widget => (widget.isHidden ? 0 : 1)));
    }
  }

  private get _accordion(): AccordionPanel {
    return this.content as AccordionPanel;
  }

  private readonly _banner: Banner;
  private readonly _seen = new Signal<EmrPanel, void>(this);
  private readonly _folded = new Signal<EmrPanel, Folds>(this);
}
