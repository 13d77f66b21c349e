import { PanelWithToolbar } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout } from '@lumino/widgets';
import { failureOf } from '../api/failure';
import { element } from '../dom';
import type { ISection } from './tokens';

/** A foldable part of the panel, empty until it is seen for the first time. */
export class SectionPanel extends PanelWithToolbar {
  constructor(
    readonly section: ISection,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.id = `emr-nb-section-${section.id}`;
    this.title.label = section.title;
    this.addClass('emrnb-Section');
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._load();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this._load();
    }
  }

  private async _load(): Promise<void> {
    if (this._isLoaded || this.isDisposed) {
      return;
    }
    this._isLoaded = true;
    const waiting = element('div', 'emrnb-Empty', this._trans.__('Loading…'));
    this.node.append(waiting);
    try {
      const body = await this.section.load();
      if (this.isDisposed) {
        body.dispose();
        return;
      }
      for (const [name, item] of body.toolbarItems ?? []) {
        this.toolbar.addItem(name, item);
      }
      body.addClass('emrnb-SectionBody');
      (this.layout as PanelLayout).addWidget(body);
      waiting.remove();
    } catch (error) {
      this._isLoaded = false; // unfolding it again tries again
      waiting.textContent = failureOf(error).what;
    }
  }

  private _isLoaded = false;
}
